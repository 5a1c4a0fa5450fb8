/* What its registration must allow a sender: to report grants, and for another organisation. */
#include "tests/lib/fixture.h"

static struct fixture f;

#define REST                                                                                                  \
	"\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"create\",\"outcome\":\"ok\",\"org\":{\"id\":"             \
	"\"cvr:55133018\",\"name\":\"Aarhus Kommune\"},\"system\":\"KSD\",\"activity\":\"Fuldmagt\","             \
	"\"purpose\":\"fuldmagt\",\"actor\":{\"kind\":\"system\",\"role\":\"register\"},\"grant\":{\"id\":\"1\"," \
	"\"kind\":\"attorney\",\"to\":\"cpr:0101700002\"}"
#define GRANT "{\"subject\":\"grants:cpr:0101700001\"," REST

static void expect(const char *event, enum error wanted, const char *says)
{
	struct appended appended;
	struct fault fault = {.text = ""};
	struct bytes body = fixture_batch_of_json(&f, 0, &event, 1);
	ck_error(fixture_take(&f, body, &appended, &fault), wanted);
	ck_assert_msg(strstr(fault.text, says) != NULL, "%s", fault.text);
	free((void *)(uintptr_t)body.data);
}

/* EVT-16 */
START_TEST(a_grant_needs_the_right_to_report_it)
{
	fixture_make(&f);
	expect(GRANT "}", E_POLICY, "does not allow reporting grants");
	f.mandate.rights = RIGHT_READS;
	fixture_register(&f, 2, "cvr:55133018", "another");
	expect(GRANT "}", E_POLICY, "does not allow reporting grants");
	f.mandate.rights = RIGHT_GRANTS;
	fixture_register(&f, 3, "cvr:55133018", "registered");
	expect(GRANT "}", E_OK, "");
	fixture_remove(&f);
}
END_TEST

#define ACT(subject, member)                                                                                           \
	"{\"subject\":\"" subject "\",\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"create\",\"outcome\":\"ok\",\"org\":" \
	"{\"id\":\"cvr:55133018\",\"name\":\"K\"},\"system\":\"S\",\"activity\":\"O\",\"purpose\":\"x\","                  \
	"\"actor\":{\"kind\":\"human\",\"role\":\"r\"}," member "}"
#define REPORT ACT("cpr:0101700001", "\"report\":{\"id\":\"r\",\"index\":1,\"org\":\"cvr:1\"}")
#define CONSENT ACT("cpr:0101700001", "\"consent_record\":{\"id\":\"s\",\"withdrawn\":true}")
#define ANSWER ACT("cpr:0101700001", "\"answer\":{\"report\":\"r\",\"text\":\"x\"}")
#define MANDATE \
	ACT("mandates:cpr:0101700001", "\"grant\":{\"id\":\"1\",\"kind\":\"attorney\",\"from\":\"cpr:0101700002\"}")

/* EVT-16, EVT-18, EVT-20, EVT-21 */
START_TEST(each_act_needs_its_own_right)
{
	static const struct {
		const char *event;
		uint16_t right;
		const char *says;
	} cases[] = {{REPORT, RIGHT_READS, "sender of reads"}, {CONSENT, RIGHT_CONSENTS, "reporting consents"},
		{MANDATE, RIGHT_GRANTS, "reporting grants"}};
	uint16_t all = RIGHT_READS | RIGHT_CONSENTS | RIGHT_GRANTS;
	fixture_make(&f);
	expect(ANSWER, E_OK, "");
	for (size_t i = 0; i < 3; i++) {
		f.mandate.rights = all & (uint16_t)~cases[i].right;
		fixture_register(&f, (uint8_t)(10 + 2 * i), "cvr:55133018", "another");
		expect(cases[i].event, E_POLICY, cases[i].says);
		f.mandate.rights = cases[i].right;
		fixture_register(&f, (uint8_t)(11 + 2 * i), "cvr:55133018", "registered");
		expect(cases[i].event, E_OK, "");
	}
	fixture_remove(&f);
}
END_TEST

#define BY(org)                                                                                                 \
	"{\"subject\":\"cpr:0101700001\",\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"read\",\"outcome\":\"ok\"," \
	"\"org\":{\"id\":\"" org "\",\"name\":\"K\"},\"system\":\"S\",\"activity\":\"O\",\"purpose\":\"x\","        \
	"\"actor\":{\"kind\":\"human\",\"role\":\"r\"}}"

/* BATCH-8: for its own organisation, and for those that its registration names, whole and not by their beginning. */
START_TEST(a_sender_reports_for_whom_it_may)
{
	fixture_make(&f);
	expect(BY("cvr:10"), E_POLICY, "org.id: not the sender's own");
	expect(BY("cvr:3"), E_POLICY, "org.id: not the sender's own");
	expect(BY("cvr:5513301"), E_POLICY, "org.id: not the sender's own");
	const char *const good[] = {BY("cvr:55133018"), BY("cvr:1"), BY("cvr:2")};
	fixture_append(&f, fixture_batch_of_json(&f, 0, good, 3));
	fixture_remove(&f);
}
END_TEST

#define READ                                                                                                        \
	"{\"subject\":\"cpr:0101700001\",\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"read\",\"outcome\":\"ok\","     \
	"\"org\":{\"id\":\"cvr:55133018\",\"name\":\"K\"},\"system\":\"Indsigt\",\"activity\":\"O\",\"purpose\":\"x\"," \
	"\"actor\":{\"kind\":\"human\",\"role\":\"r\"}}"

/* EVT-17: nobody else says that somebody has read here. */
START_TEST(a_read_needs_the_right_to_report_it)
{
	fixture_make(&f);
	f.mandate.rights = RIGHT_GRANTS;
	fixture_register(&f, 2, "cvr:55133018", "another");
	expect(READ, E_POLICY, "system: Indsigt is this ledger itself");
	f.mandate.rights = RIGHT_READS;
	fixture_register(&f, 3, "cvr:55133018", "its own");
	expect(READ, E_OK, "");
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("grants", a_grant_needs_the_right_to_report_it, a_read_needs_the_right_to_report_it,
	each_act_needs_its_own_right, a_sender_reports_for_whom_it_may)
