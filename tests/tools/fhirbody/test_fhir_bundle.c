/* What a Bundle wants done, and what is refused of it. */
#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"
#include "tools/fhirbody/fhir_bundle.h"

#include <string.h>

static struct fhir_bundle bundle;
static struct fault fault;

/* Apostrophes stand for quotation marks. */
static enum error read_bundle(const char *given)
{
	static char text[8192];
	fhir_bundle_free(&bundle);
	snprintf(text, sizeof text, "%s", given);
	for (char *at = text; *at != '\0'; at++)
		if (*at == '\'')
			*at = '"';
	return fhir_bundle_read(bytes_text(text), &bundle, &fault);
}

#define POST "'request':{'method':'POST','url':'AuditEvent'}"
#define EVENT(id) "{'resourceType':'AuditEvent','id':'" id "'}"
#define ENTRY(id) "{'resource':" EVENT(id) "," POST "}"

START_TEST(a_bundle_says_what_it_is)
{
	ck_ok(read_bundle("{'resourceType':'Bundle','type':'transaction','entry':[" ENTRY("a") "," ENTRY("b") "]}"));
	ck_assert(bundle.transaction && bundle.count == 2);
	ck_assert(bytes_equal(bundle.parts[1].text, BYTES_LITERAL("{\"resourceType\":\"AuditEvent\",\"id\":\"b\"}")));
	ck_ok(read_bundle("{'entry':[" ENTRY("a") "],'type':'batch','resourceType':'Bundle'}"));
	ck_assert(!bundle.transaction && bundle.count == 1 && bundle.parts[0].fault.error == E_OK);
	ck_ok(read_bundle("{'resourceType':'Bundle','type':'collection','entry':[{'resource':" EVENT("a") "}]}"));
	ck_assert(!bundle.transaction && bundle.parts[0].fault.error == E_OK);
	ck_ok(read_bundle("{'resourceType':'Bundle','type':'batch'}"));
	ck_assert_uint_eq(bundle.count, 0);
	ck_error(read_bundle("{'resourceType':'Bundle','type':'searchset'}"), E_BAD_VALUE);
	ck_error(read_bundle("{'resourceType':'Bundle'}"), E_BAD_VALUE);
	ck_error(read_bundle(EVENT("a")), E_BAD_VALUE);
	ck_error(read_bundle("[]"), E_BAD_VALUE);
	ck_error(read_bundle("{"), E_BAD_JSON);
	ck_error(read_bundle("{'resourceType':'Bundle','type':'batch','type':'batch'}"), E_BAD_JSON);
	ck_error(read_bundle("{'resourceType':'Bundle','type':'batch','entry':{}}"), E_BAD_VALUE);
}
END_TEST

START_TEST(an_entry_asks_for_a_create_or_is_refused)
{
	static const struct {
		const char *request;
		enum error error;
		int status;
	} cases[] = {{POST, E_OK, 0}, {"'request':{'method':'POST','url':'https://a.example/fhir/AuditEvent'}", E_OK, 0},
		{"'request':{'method':'POST','url':'MyAuditEvent'}", E_USAGE, 405},
		{"'request':{'method':'PUT','url':'AuditEvent/1'}", E_USAGE, 405},
		{"'request':{'method':'DELETE','url':'AuditEvent'}", E_USAGE, 405},
		{"'request':{'method':'POST','url':'Patient'}", E_USAGE, 405},
		{"'request':{'method':'POST','url':'AuditEvent','ifNoneExist':'a=b'}", E_USAGE, 501},
		{"'request':{'method':'POST'}", E_MISSING_FIELD, 0}, {"'request':1", E_MISSING_FIELD, 0},
		{"'fullUrl':'x'", E_MISSING_FIELD, 0}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[512];
		snprintf(text, sizeof text,
			"{'resourceType':'Bundle','type':'batch','entry':[" ENTRY("a") ",{'resource':" EVENT("b") ",%s}]}",
			cases[i].request);
		ck_ok(read_bundle(text));
		ck_ok(bundle.parts[0].fault.error);
		ck_error(bundle.parts[1].fault.error, cases[i].error);
		ck_assert_int_eq(bundle.parts[1].status, cases[i].status);
		ck_assert(cases[i].error == E_OK || strncmp(bundle.parts[1].fault.text, "entry[1].request.", 17) == 0);
	}
}
END_TEST

START_TEST(company_is_left_out_and_the_rest_is_judged)
{
	ck_ok(read_bundle("{'resourceType':'Bundle','type':'collection','entry':[{'resource':{'resourceType':'Patient'},'"
					  "search':{'mode':'include'}},"
					  "{'resource':" EVENT("a") "},{'resource':{'resourceType':'Patient'}},{}]}"));
	ck_assert_uint_eq(bundle.count, 4);
	ck_assert(bundle.parts[0].left_out && !bundle.parts[1].left_out);
	ck_ok(bundle.parts[1].fault.error);
	ck_error(bundle.parts[2].fault.error, E_BAD_VALUE);
	ck_error(bundle.parts[3].fault.error, E_BAD_VALUE);
}
END_TEST

/* Whether it is company cannot be seen then, and is not said. */
START_TEST(without_memory_nothing_is_refused)
{
	bool all = false;
	for (unsigned number = 1; !all; number++) {
		scarce_at(number);
		enum error error = read_bundle("{'resourceType':'Bundle','type':'collection','entry':[{'search':{'mode':"
									   "'include'},'resource':{'resourceType':'Patient','id':'x'}}]}");
		all = !scarce_end();
		ck_assert_msg(error == (all ? E_OK : E_NO_MEMORY), "allocation %u: %s", number, fault.text);
		ck_assert(!all || (bundle.count == 1 && bundle.parts[0].left_out));
		ck_assert(all || bundle.count == 0 || bundle.parts[0].fault.error == E_OK);
	}
}
END_TEST

START_TEST(more_entries_than_a_batch_holds_are_refused)
{
	const size_t most = FHIR_BUNDLE_ENTRIES_MAX;
	char *text = malloc(3 * most + 128);
	char *at = stpcpy(text, "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{}");
	for (size_t i = 1; i < most; i++)
		at = stpcpy(at, ",{}");
	strcpy(at, "]}");
	ck_ok(fhir_bundle_read(bytes_text(text), &bundle, &fault));
	ck_assert_uint_eq(bundle.count, most);
	fhir_bundle_free(&bundle);
	strcpy(at, ",{}]}");
	ck_error(fhir_bundle_read(bytes_text(text), &bundle, &fault), E_BATCH_TOO_LARGE);
	free(text);
}
END_TEST

UNIT_MAIN("fhir_bundle", without_memory_nothing_is_refused, a_bundle_says_what_it_is,
	an_entry_asks_for_a_create_or_is_refused, company_is_left_out_and_the_rest_is_judged,
	more_entries_than_a_batch_holds_are_refused)
