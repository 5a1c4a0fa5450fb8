#include "tests/lib/forged.h"

#include "tests/lib/unit.h"

#include <string.h>

#include <sodium.h>

struct statement *accept_json(const struct forge *forge, json_t *json, const struct statement_options *options)
{
	struct finding finding;
	struct statement *statement = NULL;
	const struct statement_options anybody = {0};
	enum error error = forge_verify(forge, json, options ? options : &anybody, &statement, &finding);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), finding.text);
	ck_assert_int_eq(finding.code, FINDING_NONE);
	json_decref(json);
	return statement;
}

void refuse_json(
	const struct forge *forge, json_t *json, const struct statement_options *options, enum finding_code wanted)
{
	struct finding finding;
	struct statement *statement = NULL;
	const struct statement_options anybody = {0};
	enum error error = forge_verify(forge, json, options ? options : &anybody, &statement, &finding);
	ck_assert_msg(error != E_OK, "accepted, not refused as %s", finding_name(wanted));
	ck_assert_str_eq(finding_name(finding.code), finding_name(wanted));
	ck_error(error, wanted == FINDING_FORM ? E_BAD_VALUE : E_BAD_PROOF);
	ck_assert_msg(strncmp(finding.text, finding_text(wanted), strlen(finding_text(wanted))) == 0, "%s", finding.text);
	ck_assert_ptr_null(statement);
	json_decref(json);
}

json_t *part(const json_t *json, const char *name)
{
	json_t *value = json_object_get(json, name);
	ck_assert_msg(value != NULL, "no member %s", name);
	return value;
}

json_t *item(const json_t *json, const char *name, size_t i)
{
	json_t *value = json_array_get(part(json, name), i);
	ck_assert_msg(value != NULL, "no element %zu of %s", i, name);
	return value;
}

void spoil(json_t *object, const char *name)
{
	static uint8_t bytes[70000];
	size_t len;
	const json_t *value = part(object, name);
	ck_assert_int_eq(sodium_base642bin(bytes, sizeof bytes, json_string_value(value), json_string_length(value), NULL,
						 &len, NULL, sodium_base64_VARIANT_ORIGINAL),
		0);
	ck_assert_uint_gt(len, 0);
	bytes[len / 2] ^= 4;
	json_object_set_new(object, name, forge_base64(bytes_of(bytes, len)));
}

void spoil_hash(json_t *object, const char *name)
{
	json_t *list = part(object, name);
	json_t *holder = json_pack("{s:O}", "hash", json_array_get(list, 0));
	spoil(holder, "hash");
	json_array_set(list, 0, json_object_get(holder, "hash"));
	json_decref(holder);
}

void set_number(json_t *object, const char *name, uint64_t number)
{
	json_object_set_new(object, name, json_integer((json_int_t)number));
}

uint64_t number_of(const json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(part(object, name));
}
