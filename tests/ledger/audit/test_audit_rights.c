/* The audit of a ledger that took what it should have refused: events that their sender was not registered to report,
 * or not so. BATCH-8, EVT-8, EVT-16, EVT-17 */
#include "ledger/audit/audit.h"
#include "ledger/mandate/reporting.h"
#include "tests/lib/both_ways.h"
#include "tests/lib/fixture.h"

static struct fixture f;
static bool takes_all; /* the ledger asks nothing, and answers so */

enum error __real_reporting_check(
	const struct mandate *mandate, const char *own, const struct event *event, struct fault *fault);
enum error __wrap_reporting_check(
	const struct mandate *mandate, const char *own, const struct event *event, struct fault *fault);
enum error __real_event_header_check(
	const struct event_header *header, const struct policy *policy, bool grant, struct fault *fault);
enum error __wrap_event_header_check(
	const struct event_header *header, const struct policy *policy, bool grant, struct fault *fault);

enum error __wrap_reporting_check(
	const struct mandate *mandate, const char *own, const struct event *event, struct fault *fault)
{
	return takes_all ? E_OK : __real_reporting_check(mandate, own, event, fault);
}

enum error __wrap_event_header_check(
	const struct event_header *header, const struct policy *policy, bool grant, struct fault *fault)
{
	return takes_all ? E_OK : __real_event_header_check(header, policy, grant, fault);
}

#define EVENT(subject, org, system, more)                                                                    \
	"{\"subject\":\"" subject "\",\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"read\",\"outcome\":\"ok\"," \
	"\"org\":{\"id\":\"" org "\",\"name\":\"K\"},\"system\":\"" system "\",\"activity\":\"O\","              \
	"\"purpose\":\"x\",\"actor\":{\"kind\":\"human\",\"role\":\"r\"}" more "}"
#define ANNE "cpr:0101700001"
#define GRANT ",\"grant\":{\"id\":\"1\",\"kind\":\"attorney\",\"to\":\"cpr:0101700002\"}"
#define WITHHELD ",\"withheld_until\":\"2100-01-01T00:00:00Z\",\"withheld_basis\":\"RPL\""

/* Of a ledger that takes this event as its only one, from a sender with these rights. NULL: it must hold. */
static void expect(uint16_t rights, const char *event, const char *says)
{
	struct audit_result result;
	struct fault fault = {.text = ""};
	const struct audit_options options = {.records = true};
	fixture_make(&f);
	f.mandate.rights = rights;
	fixture_register(&f, 2, FIXTURE_ORG, "another");
	f.policy.flags = POLICY_WITHHOLD; /* for who makes the batch; not registered */
	takes_all = true;
	fixture_append(&f, fixture_batch_of_json(&f, 0, &event, 1));
	takes_all = false;
	f.policy.flags = 0;
	fixture_close(&f);
	enum error error = audit_both_ways(f.dir, &f.vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	if (says == NULL)
		ck_assert_msg(result.ok, "%s", result.reason);
	else
		ck_assert_msg(!result.ok && result.index == 3 && strstr(result.reason, says) != NULL, "%s", result.reason);
	fixture_remove(&f);
}

START_TEST(what_it_was_not_registered_to_report_is_named)
{
	expect(0, EVENT(ANNE, FIXTURE_ORG, "KSD", ""), NULL);
	expect(0, EVENT(ANNE, "cvr:1", "KSD", ""), NULL);
	expect(0, EVENT(ANNE, "cvr:29190925", "KSD", ""), "org.id: not the sender's own");
	expect(RIGHT_READS, EVENT("grants:" ANNE, FIXTURE_ORG, "KSD", GRANT), "grant: the registration does not allow");
	expect(RIGHT_GRANTS, EVENT("grants:" ANNE, FIXTURE_ORG, "KSD", GRANT), NULL);
	expect(RIGHT_GRANTS, EVENT(ANNE, FIXTURE_ORG, SYSTEM_OF_READS, ""), "system: Indsigt is this ledger itself");
	expect(RIGHT_READS, EVENT(ANNE, FIXTURE_ORG, SYSTEM_OF_READS, ""), NULL);
	expect(0, EVENT(ANNE, FIXTURE_ORG, "KSD", WITHHELD), "withheld_until: the registration does not allow");
}
END_TEST

UNIT_MAIN("audit_rights", what_it_was_not_registered_to_report_is_named)
