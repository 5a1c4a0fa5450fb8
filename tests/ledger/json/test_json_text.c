#include "ledger/json/json_text.h"
#include "tests/lib/unit.h"

#include <string.h>

/* The sort of fault is named, and nothing of the text but a name that is twice. */
START_TEST(the_sort_of_fault_is_named)
{
#define TEXT(text) text, sizeof(text) - 1
	static const struct {
		const char *text;
		size_t len;
		enum error error;
		const char *says;
	} cases[] = {
		{TEXT("{\"a\":\"\xe6\"}"), E_BAD_JSON, "at byte 6: it is no UTF-8 (Latin-1"},
		{TEXT("{\"a\":1,\"action\":1,\"action\":2}"), E_BAD_JSON, "at byte 26: \"action\" stands twice"},
		{TEXT("{\"0101701234\":1,\"0101701234\":2}"), E_BAD_JSON, "\"?\" stands twice"},
		{TEXT("{\"a\":1} x"), E_BAD_JSON, "at byte 9: more text stands behind"},
		{TEXT("{\"a\":1}{}"), E_BAD_JSON, "more text stands behind the object"},
		{TEXT("{\"a\":\"x"), E_BAD_JSON, "at byte 7: it is cut off"},
		{TEXT("{\"a\":[1"), E_BAD_JSON, "at byte 7: it is cut off"},
		{TEXT("{\"a\":\"\\u0000\"}"), E_BAD_JSON, "a NUL character in a text"},
		{TEXT("{\"a\":\"\0\"}"), E_BAD_JSON, "a control character in a text"},
		{TEXT("{\"a\":\"\\ud800\"}"), E_BAD_JSON, "half of a surrogate pair"},
		{TEXT("{\"a\":\"\\ud800\\u0041\"}"), E_BAD_JSON, "half of a surrogate pair"},
		{TEXT("{\"a\":\"\\x\"}"), E_BAD_JSON, "an unknown escape"},
		{TEXT("{\"a\":\"x\n\"}"), E_BAD_JSON, "does not end on its line"},
		{TEXT("{{}"), E_BAD_JSON, "not valid JSON at byte 2"},
		{TEXT("a,b"), E_BAD_JSON, "it is no object"},
		{TEXT("5"), E_BAD_JSON, "it is no object"},
		{TEXT("{\"a\":1e999}"), E_BAD_JSON, "a number is too large"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *json = NULL;
		struct fault fault = {0};
		ck_error(json_text_parse(bytes_of(cases[i].text, cases[i].len), &json, &fault), cases[i].error);
		ck_assert_msg(strstr(fault.text, cases[i].says) != NULL, "%zu: %s", i, fault.text);
	}
	json_t *json = NULL;
	ck_ok(json_text_parse(BYTES_LITERAL("{\"a\":[{}]}"), &json, NULL));
	json_decref(json);
}
END_TEST

UNIT_MAIN("json_text", the_sort_of_fault_is_named)
