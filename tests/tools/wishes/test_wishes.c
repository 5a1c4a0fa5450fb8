/* What somebody wishes is read strictly, and written as it was read. */
#include "tests/lib/unit.h"
#include "tools/wishes/wishes.h"

#include "ledger/json/json_read.h"

#include <stdlib.h>
#include <string.h>

static enum error read(const char *text, bool *on, struct wishes *out, struct fault *fault)
{
	json_t *json = NULL;
	ck_ok(json_read(bytes_text(text), JSON_REJECT_DUPLICATES, NULL, &json));
	enum error error = wishes_read(json, on, out, fault);
	json_decref(json);
	return error;
}

static void refused(const char *text, enum error wanted, const char *words)
{
	bool on;
	struct wishes out;
	struct fault fault = {0};
	ck_error(read(text, &on, &out, &fault), wanted);
	ck_assert_msg(strstr(fault.text, words) != NULL, "%s: %s", text, fault.text);
}

/* NTF-5 */
START_TEST(what_is_read_is_written)
{
	static const char with_quiet[] =
		"{\"language\":\"en-GB\",\"on\":true,\"quiet\":{\"from\":\"22:00\",\"to\":\"07:30\"},\"when\":\"at-once\","
		"\"zone\":\"UTC\"}";
	const char *const texts[] = {
		"{\"language\":\"da\",\"on\":true,\"when\":\"at-once\",\"zone\":\"UTC\"}",
		with_quiet,
		"{\"hour\":0,\"language\":\"da\",\"on\":true,\"when\":\"daily\",\"zone\":\"UTC\"}",
		"{\"hour\":23,\"language\":\"kl\",\"on\":true,\"weekday\":7,\"when\":\"weekly\",\"zone\":\"UTC\"}",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		bool on = false;
		struct wishes out, again;
		uint8_t buffer[WISHES_BYTES_MAX];
		struct writer w = writer_of(buffer, sizeof buffer);
		struct bytes bytes;
		ck_ok(read(texts[i], &on, &out, NULL));
		ck_assert(on);
		wishes_encode(&out, &w);
		ck_ok(writer_done(&w, &bytes));
		struct reader in = reader_of(bytes);
		wishes_decode(&in, &again);
		ck_ok(reader_done(&in));
		json_t *json = wishes_json(&again);
		char *text = json_write(json, JSON_COMPACT | JSON_SORT_KEYS);
		ck_assert_str_eq(text, texts[i]);
		free(text);
		json_decref(json);
	}
}
END_TEST

START_TEST(off_is_nothing_else)
{
	bool on = true;
	struct wishes out;
	ck_ok(read("{\"on\":false}", &on, &out, NULL));
	ck_assert(!on);
	refused("{\"on\":false,\"language\":\"da\"}", E_BAD_VALUE, "on: ");
}
END_TEST

/* NTF-5, NTF-6 */
START_TEST(what_is_not_understood_is_named)
{
	refused("[]", E_BAD_VALUE, "wishes");
	refused("{}", E_MISSING_FIELD, "on");
	refused("{\"on\":1}", E_BAD_VALUE, "on: ");
	refused("{\"on\":true,\"kinds\":[]}", E_UNKNOWN_FIELD, "kinds: ");
	refused("{\"on\":true,\"0101701234\":1}", E_UNKNOWN_FIELD, "a member: ");
	refused("{\"on\":true}", E_MISSING_FIELD, "when");
	refused("{\"on\":true,\"when\":\"hourly\"}", E_BAD_VALUE, "when: ");
	refused("{\"on\":true,\"when\":\"at-once\"}", E_MISSING_FIELD, "language");
	refused("{\"on\":true,\"when\":\"at-once\",\"language\":\"danish\"}", E_BAD_VALUE, "language: ");
	refused("{\"on\":true,\"when\":\"at-once\",\"language\":\"DA\"}", E_BAD_VALUE, "language: ");
	refused("{\"on\":true,\"when\":\"at-once\",\"language\":\"da\",\"hour\":8}", E_BAD_VALUE, "hour: ");
	refused("{\"on\":true,\"when\":\"at-once\",\"language\":\"da\",\"weekday\":1}", E_BAD_VALUE, "weekday: ");
	refused("{\"on\":true,\"when\":\"daily\",\"language\":\"da\",\"zone\":\"UTC\"}", E_MISSING_FIELD, "hour");
	refused("{\"on\":true,\"when\":\"daily\",\"hour\":24,\"language\":\"da\"}", E_BAD_VALUE, "hour: ");
	refused("{\"on\":true,\"when\":\"daily\",\"hour\":8.5,\"language\":\"da\"}", E_BAD_VALUE, "hour: ");
	refused("{\"on\":true,\"when\":\"daily\",\"hour\":8,\"language\":\"da\"}", E_MISSING_FIELD, "zone");
	refused("{\"on\":true,\"when\":\"daily\",\"hour\":8,\"zone\":\"CEST\",\"language\":\"da\"}", E_BAD_VALUE, "zone: ");
	refused("{\"on\":true,\"when\":\"weekly\",\"hour\":8,\"weekday\":0,\"zone\":\"UTC\"}", E_BAD_VALUE, "weekday: ");
}
END_TEST

START_TEST(quiet_hours_are_hours)
{
	static const char *const bad[] = {"\"22:00\"", "{\"from\":\"22:00\"}", "{\"from\":\"22:00\",\"to\":\"24:00\"}",
		"{\"from\":\"22:60\",\"to\":\"07:00\"}", "{\"from\":\"2200\",\"to\":\"07:00\"}",
		"{\"from\":\"07:00\",\"to\":\"07:00\"}", "{\"from\":\"::::0\",\"to\":\"07:00\"}",
		"{\"from\":\"22:00\",\"to\":\"07:00 \"}"};
	char text[256];
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "{\"on\":true,\"when\":\"at-once\",\"quiet\":%s}", bad[i]);
		refused(text, E_BAD_VALUE, "quiet: ");
	}
	refused("{\"on\":true,\"when\":\"at-once\",\"quiet\":{\"from\":\"22:00\",\"to\":\"07:00\",\"on\":1}}",
		E_UNKNOWN_FIELD, "on: ");
	refused("{\"on\":true,\"when\":\"at-once\",\"quiet\":{\"from\":\"22:00\",\"to\":\"07:00\"},\"language\":\"da\"}",
		E_MISSING_FIELD, "zone");
}
END_TEST

UNIT_MAIN(
	"wishes", what_is_read_is_written, off_is_nothing_else, what_is_not_understood_is_named, quiet_hours_are_hours)
