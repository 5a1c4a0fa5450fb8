/* One statement for each thing that a sender's registration must let it report; with INDSIGT_WRITE_VECTORS set they are
 * written to tests/vectors/statement. STM-62, BATCH-8, EVT-16, EVT-17, EVT-18, EVT-20 */
#include "ledger/event/event_schema.h"
#include "ledger/mandate/reporting.h"
#include "tests/lib/statement_case.h"

/* ---- registrations ---- */

static const char *others; /* organisations */

static void for_others(struct entry_sender *entry)
{
	strcpy(entry->mandate.reports_for, others);
}

static void may_report_grants(struct entry_sender *entry)
{
	entry->mandate.rights = RIGHT_GRANTS;
}

static void may_report_reads(struct entry_sender *entry)
{
	entry->mandate.rights = RIGHT_READS;
}

static void may_report_consents(struct entry_sender *entry)
{
	entry->mandate.rights = RIGHT_CONSENTS;
}

static void may_not_withhold(struct entry_sender *entry)
{
	entry->policy.flags = 0;
}

static void keeps_system_back(struct entry_sender *entry)
{
	entry->policy.restricted |= 1ull << EVENT_SYSTEM;
}

/* ---- events ---- */

static void of_the_region(struct event *event)
{
	event->values[EVENT_ORG_ID].text = bytes_text("cvr:29190925");
}

static void as_a_grant(struct event *event)
{
	event->values[EVENT_GRANT_ID].text = bytes_text("g-1");
	event->values[EVENT_GRANT_KIND].number = GRANT_ATTORNEY;
	event->values[EVENT_GRANT_TO].text = bytes_text("cpr:0404704567");
	event->present |= 1ull << EVENT_GRANT_ID | 1ull << EVENT_GRANT_KIND | 1ull << EVENT_GRANT_TO;
}

static void as_a_consent(struct event *event)
{
	event->values[EVENT_CONSENT_ID].text = bytes_text("s-1");
	event->values[EVENT_CONSENT_WITHDRAWN].number = 1;
	event->present |= 1ull << EVENT_CONSENT_ID | 1ull << EVENT_CONSENT_WITHDRAWN;
}

static void as_a_report(struct event *event)
{
	event->values[EVENT_REPORT_ID].text = bytes_text("r-1");
	event->values[EVENT_REPORT_INDEX].number = 1;
	event->values[EVENT_REPORT_ORG].text = bytes_text("cvr:29190925");
	event->present |= 1ull << EVENT_REPORT_ID | 1ull << EVENT_REPORT_INDEX | 1ull << EVENT_REPORT_ORG;
}

static void as_a_read(struct event *event)
{
	event->values[EVENT_SYSTEM].text = bytes_text(SYSTEM_OF_READS);
}

/* Sender 1, as `registered` makes it (NULL: as it is), reports this. */
static json_t *reported(void (*registered)(struct entry_sender *entry), const struct forge_draft *draft)
{
	const struct forge_options options = {.subject = draft->subject, .signatures = true};
	if (forge == NULL)
		forge = forge_new();
	if (registered != NULL)
		forge->senders[0].version = append_sender(SENDER_POLICY, registered);
	forge_batch(forge, 1, draft, 1);
	forge_epoch(forge);
	return forge_statement(forge, &options);
}

static json_t *of_another_org(void)
{
	return reported(NULL, &(struct forge_draft){.subject = ANNE, .change = of_the_region});
}

static json_t *of_an_org_among(const char *orgs)
{
	others = orgs;
	return reported(for_others, &(struct forge_draft){.subject = ANNE, .change = of_the_region});
}

static json_t *of_an_org_registered(void)
{
	return of_an_org_among("cvr:1 cvr:29190925");
}

static json_t *of_an_org_begun(void)
{
	return of_an_org_among("cvr:2919092 cvr:291909250");
}

static json_t *of_an_org_registered_later(void)
{
	const struct forge_options options = {.subject = ANNE, .signatures = true};
	const struct forge_draft draft = {.subject = ANNE, .change = of_the_region};
	forge = forge_new();
	forge_batch(forge, 1, &draft, 1);
	others = "cvr:29190925";
	append_sender(SENDER_POLICY, for_others);
	forge_epoch(forge);
	return forge_statement(forge, &options);
}

static json_t *of_an_org_no_more(void)
{
	forge = forge_new();
	others = "cvr:29190925";
	forge->senders[0].version = append_sender(SENDER_POLICY, for_others);
	others = "";
	return reported(for_others, &(struct forge_draft){.subject = ANNE, .change = of_the_region});
}

static json_t *grant_without_right(void)
{
	return reported(may_report_reads, &(struct forge_draft){.subject = "grants:" ANNE, .change = as_a_grant});
}

static json_t *grant_with_right(void)
{
	return reported(may_report_grants, &(struct forge_draft){.subject = "grants:" ANNE, .change = as_a_grant});
}

static json_t *grant_withheld(void)
{
	return reported(may_report_grants,
		&(struct forge_draft){
			.subject = "grants:" ANNE, .change = as_a_grant, .withheld_until_s = FORGE_START_S - 86400});
}

static json_t *read_without_right(void)
{
	return reported(may_report_grants, &(struct forge_draft){.subject = ANNE, .change = as_a_read});
}

static json_t *read_with_right(void)
{
	return reported(may_report_reads, &(struct forge_draft){.subject = ANNE, .change = as_a_read});
}

static json_t *report_without_right(void)
{
	return reported(may_report_consents, &(struct forge_draft){.subject = ANNE, .change = as_a_report});
}

static json_t *report_with_right(void)
{
	return reported(may_report_reads, &(struct forge_draft){.subject = ANNE, .change = as_a_report});
}

static json_t *consent_without_right(void)
{
	return reported(may_report_reads, &(struct forge_draft){.subject = ANNE, .change = as_a_consent});
}

static json_t *consent_with_right(void)
{
	return reported(may_report_consents, &(struct forge_draft){.subject = ANNE, .change = as_a_consent});
}

static json_t *withheld_without_right(void)
{
	return reported(
		may_not_withhold, &(struct forge_draft){.subject = ANNE, .withheld_until_s = FORGE_START_S + 86400});
}

static json_t *withheld_without_right_and_over(void)
{
	return reported(
		may_not_withhold, &(struct forge_draft){.subject = ANNE, .withheld_until_s = FORGE_START_S - 86400});
}

static json_t *split_otherwise(void)
{
	return reported(keeps_system_back, &(struct forge_draft){.subject = ANNE});
}

static const struct statement_case cases[] = {
	{"right-org", "an event of an organisation that its sender may not report for", FINDING_EVENT_RIGHT,
		of_another_org},
	{"right-org-registered", "an event of an organisation that its sender is registered to report for", FINDING_NONE,
		of_an_org_registered},
	{"right-org-front", "an event of an organisation whose id begins that of one registered", FINDING_EVENT_RIGHT,
		of_an_org_begun},
	{"right-org-later", "an event of an organisation for which its sender was registered after it", FINDING_EVENT_RIGHT,
		of_an_org_registered_later},
	{"right-org-earlier", "an event of an organisation for which its sender was registered no more",
		FINDING_EVENT_RIGHT, of_an_org_no_more},
	{"right-grant", "a grant of a sender that may not report any", FINDING_EVENT_RIGHT, grant_without_right},
	{"right-grant-registered", "a grant of a sender that is registered to report them", FINDING_NONE, grant_with_right},
	{"right-grant-withheld", "a grant with a date until which it is withheld", FINDING_EVENT_RIGHT, grant_withheld},
	{"right-read", "a read of the ledger by a sender that may not report any", FINDING_EVENT_RIGHT, read_without_right},
	{"right-read-registered", "a read of the ledger by a sender that is registered to report them", FINDING_NONE,
		read_with_right},
	{"right-report", "a report of suspicion of a sender that may not report any", FINDING_EVENT_RIGHT,
		report_without_right},
	{"right-report-registered", "a report of a sender that is registered to report them", FINDING_NONE,
		report_with_right},
	{"right-consent", "a consent of a sender that may not report any", FINDING_EVENT_RIGHT, consent_without_right},
	{"right-consent-registered", "a consent of a sender that is registered to report them", FINDING_NONE,
		consent_with_right},
	{"right-withhold", "a withheld event of a sender that may not withhold", FINDING_EVENT_RIGHT,
		withheld_without_right},
	{"right-withhold-over", "the same when its date has passed", FINDING_EVENT_RIGHT, withheld_without_right_and_over},
	{"right-split", "a field is disclosed that the sender's policy restricts", FINDING_EVENT_RIGHT, split_otherwise},
};

STATEMENT_CASES("statement_cases_right", cases)
