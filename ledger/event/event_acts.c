/* The lists of grants, mandates and reports hold nothing else than these: by them alone is decided who may read for
 * somebody, and what an authority has to answer. */
#include "ledger/event/event.h"

#include "ledger/base/wrong.h"
#include "ledger/event/event_schema.h"
#include "ledger/subject/subject.h"

#define BIT(field) (1ull << EVENT_##field)
#define GRANT_MAY (BIT(GRANT_UNTIL) | BIT(GRANT_REVOKED) | BIT(GRANT_NAME))
#define IN(list) (1u << (list))

static const struct {
	const char *name;
	unsigned lists; /* where it may stand */
	uint64_t needed;
	uint64_t may;
	const char *place;
	const char *members;
} acts[] = {
	[ACT_ACCESS] = {"an access", IN(LIST_OF_PERSON), 0, 0,
		"subject: in the lists grants:, mandates: and reports: stand grants and reports alone", ""},
	[ACT_GRANT] = {"a grant", IN(LIST_OF_GRANTS), BIT(GRANT_ID) | BIT(GRANT_KIND) | BIT(GRANT_TO), GRANT_MAY,
		"grant: an event with a grant has the subject grants:ID, where ID is who it is given by, and no other has",
		"grant: must have id, kind and to, and no from"},
	[ACT_MANDATE] = {"a mandate", IN(LIST_OF_MANDATES), BIT(GRANT_ID) | BIT(GRANT_KIND) | BIT(GRANT_FROM), GRANT_MAY,
		"grant: an event with grant.from has the subject mandates:ID, where ID is who it is given to",
		"grant: must have id, kind and from, and no to"},
	[ACT_REPORT] = {"a report", IN(LIST_OF_PERSON) | IN(LIST_OF_REPORTS),
		BIT(REPORT_ID) | BIT(REPORT_INDEX) | BIT(REPORT_ORG), BIT(REPORT_TEXT) | BIT(REPORT_BY),
		"report: stands in the list of a person, or in reports:ORG", "report: must have id, index and org"},
	[ACT_ANSWER] = {"an answer", IN(LIST_OF_PERSON), BIT(ANSWER_REPORT) | BIT(ANSWER_TEXT), 0,
		"answer: stands in the list of the person who reported", "answer: must have report and text"},
	[ACT_CONSENT] = {"a consent", IN(LIST_OF_PERSON), BIT(CONSENT_ID),
		BIT(CONSENT_TO) | BIT(CONSENT_PURPOSES) | BIT(CONSENT_CATEGORIES) | BIT(CONSENT_UNTIL) | BIT(CONSENT_WITHDRAWN),
		"consent_record: stands in the list of the person who consented", "consent_record: must have id"},
};

#define GRANT_ANY (BIT(GRANT_ID) | BIT(GRANT_KIND) | BIT(GRANT_TO) | BIT(GRANT_FROM) | GRANT_MAY)

static bool has(const struct event *event, unsigned number)
{
	return (event->present >> number & 1) != 0;
}

static struct bytes text_of(const struct event *event, unsigned number)
{
	return event->values[number].text;
}

static uint64_t fields_of(enum event_act_kind act)
{
	return acts[act].needed | acts[act].may;
}

enum event_act_kind event_act(const struct event *event)
{
	if ((event->present & GRANT_ANY) != 0)
		return subject_list(event_subject(event)) == LIST_OF_MANDATES ? ACT_MANDATE : ACT_GRANT;
	for (enum event_act_kind act = ACT_REPORT; act <= ACT_CONSENT; act++)
		if ((event->present & fields_of(act)) != 0)
			return act;
	return ACT_ACCESS;
}

static bool is_person(struct bytes id)
{
	return subject_list(id) == LIST_OF_PERSON && subject_check(id) == E_OK;
}

/* A time at which something ends that begins with the event. */
static bool ends_after(const struct event *event, unsigned until)
{
	return !has(event, until) || !has(event, EVENT_TIME) ||
		   event->values[until].time_ns > event->values[EVENT_TIME].time_ns;
}

/* Who holds it and who gives it are two people. */
static enum error check_grant(const struct event *event, unsigned other, struct fault *fault)
{
	const char *path = event_field(other)->path;
	if (WRONG(!is_person(text_of(event, other))))
		return fault_set(fault, E_BAD_VALUE, "%s: must be the canonical id of a person", path);
	if (WRONG(bytes_equal(text_of(event, other), subject_principal(event_subject(event)))))
		return fault_set(fault, E_BAD_VALUE, "%s: must be another person than whose list it is", path);
	if (has(event, EVENT_GRANT_REVOKED) &&
		(WRONG(event->values[EVENT_GRANT_REVOKED].number != 1) || WRONG(has(event, EVENT_GRANT_UNTIL))))
		return fault_set(fault, E_BAD_VALUE, "grant.revoked: must be true, without until, or not be there");
	if (WRONG(!ends_after(event, EVENT_GRANT_UNTIL)))
		return fault_set(fault, E_BAD_VALUE, "grant.until: not after time");
	return E_OK;
}

/* The organisation's copy says who reported; the person's does not need to. */
static enum error check_report(const struct event *event, struct fault *fault)
{
	struct bytes subject = event_subject(event), org = text_of(event, EVENT_REPORT_ORG);
	bool copy = subject_list(subject) == LIST_OF_REPORTS;
	if (WRONG(!subject_org_valid(org)))
		return fault_set(fault, E_BAD_VALUE, "report.org: must be SCHEME:ID, as the org.id of the access");
	if (WRONG(copy != has(event, EVENT_REPORT_BY)))
		return fault_set(fault, E_BAD_VALUE, "report.by: stands in the list reports:ORG, and nowhere else");
	if (copy && WRONG(!bytes_equal(org, subject_principal(subject))))
		return fault_set(fault, E_BAD_VALUE, "report.org: must be the organisation whose list it is");
	if (copy && WRONG(!is_person(text_of(event, EVENT_REPORT_BY))))
		return fault_set(fault, E_BAD_VALUE, "report.by: must be the canonical id of a person");
	return E_OK;
}

static enum error check_consent(const struct event *event, struct fault *fault)
{
	bool withdrawn = has(event, EVENT_CONSENT_WITHDRAWN);
	const uint64_t rest = acts[ACT_CONSENT].may & ~BIT(CONSENT_WITHDRAWN);
	if (withdrawn && (WRONG(event->values[EVENT_CONSENT_WITHDRAWN].number != 1) || WRONG((event->present & rest) != 0)))
		return fault_set(
			fault, E_BAD_VALUE, "consent_record.withdrawn: must be true and beside id alone, or not be there");
	if (WRONG(!withdrawn && !has(event, EVENT_CONSENT_TO)))
		return fault_set(fault, E_MISSING_FIELD, "consent_record.to: must say to whom, unless it is withdrawn");
	if (WRONG(!ends_after(event, EVENT_CONSENT_UNTIL)))
		return fault_set(fault, E_BAD_VALUE, "consent_record.until: not after time");
	return E_OK;
}

static enum error check_members(const struct event *event, enum event_act_kind act, struct fault *fault)
{
	uint64_t own = fields_of(act), of_any = GRANT_ANY;
	for (enum event_act_kind other = ACT_REPORT; other <= ACT_CONSENT; other++)
		of_any |= fields_of(other);
	if (WRONG((acts[act].lists >> subject_list(event_subject(event)) & 1) == 0))
		return fault_set(fault, E_BAD_VALUE, "%s", acts[act].place);
	if (WRONG((event->present & acts[act].needed) != acts[act].needed))
		return fault_set(fault, E_MISSING_FIELD, "%s", acts[act].members);
	if (WRONG((event->present & of_any & ~own) != 0))
		return fault_set(fault, E_BAD_VALUE, "%s: is %s, and holds something of another kind, too",
			event_field((uint64_t)__builtin_ctzll(event->present & of_any & ~own))->path, acts[act].name);
	return E_OK;
}

enum error event_check_acts(const struct event *event, struct fault *fault)
{
	enum event_act_kind act = event_act(event);
	TRY(check_members(event, act, fault));
	if (act == ACT_ACCESS)
		return E_OK;
	if (WRONG(has(event, EVENT_SUBJECTS)))
		return fault_set(fault, E_BAD_VALUE, "subjects: %s is about one person", acts[act].name);
	if (act == ACT_ANSWER)
		return E_OK;
	if (act == ACT_REPORT)
		return check_report(event, fault);
	if (act == ACT_CONSENT)
		return check_consent(event, fault);
	return check_grant(event, act == ACT_GRANT ? EVENT_GRANT_TO : EVENT_GRANT_FROM, fault);
}
