/* What is on record of a read: an event about the person whose events were read, made before the answer goes out and
 * reported by the ledger's own sender (query/reads). spec/roles.md
 *
 * It says what any access says: who (kept back as names of staff are), in which role, what for, and what was done. A
 * proxy's read names the grant that it rests on, which the person finds in the list of their grants; a supervisor's
 * names the case. Where no sender is registered for it, nothing can be on record, and nothing is answered. */
#include "ledger/base/clock.h"
#include "ledger/json/json_read.h"
#include "ledger/subject/subject.h"
#include "ledger/text/timestamp.h"
#include "query/routes/call.h"

struct reader_role {
	const char *role; /* as the person reads it */
	const char *purpose;
};

static const struct reader_role roles[ROLES] = {
	[ROLE_PROXY] = {"repræsentant", "indsigt på vegne af den registrerede"},
	[ROLE_AUTHORITY] = {"medarbejder", "myndighedens kontrol af egne opslag"},
	[ROLE_AUDITOR] = {"revisor", "kontrol af, at hændelser er arkiveret under rette person"},
	[ROLE_SUPERVISOR] = {"tilsynsførende", "tilsyn"},
};

static bool find_reporter(void *context, const struct sender *sender)
{
	struct sender *found = context;
	if (sender->status != SENDER_ACTIVE || !sender_may_report_reads(sender))
		return true;
	*found = *sender;
	return false;
}

/* All rows are looked at only where the sender of last time is it no longer: there may be thousands, and each read
 * asks.
 */
static enum error look_for_reporter(struct call *call, struct sender *out)
{
	struct read_counts *counts = call->routes->reads;
	uint32_t last = counts != NULL ? counts->reporter : 0;
	struct sender sender;
	if (last != 0 && snapshot_sender(call->snapshot, last, &sender) == E_OK && !find_reporter(out, &sender))
		return E_OK;
	TRY(snapshot_senders(call->snapshot, find_reporter, out));
	if (counts != NULL)
		counts->reporter = out->id;
	return E_OK;
}

/* Members that not every read has. */
static bool add_basis(json_t *event, const struct asking *asking)
{
	const struct identity *who = &asking->who;
	if (who->role == ROLE_PROXY)
		return json_object_set_new(event, "consent", json_string(asking->grant)) == 0 &&
			   json_object_set_new(event, "recipient", json_string(who->id)) == 0 &&
			   json_object_set_new(event, "on_behalf_of",
				   json_pack("{s:s, s:s}", "id", asking->subject, "role", "den registrerede")) == 0;
	if (who->role == ROLE_SUPERVISOR)
		return json_object_set_new(event, "reason", json_sprintf("sag %s", who->case_reference)) == 0;
	if (who->role == ROLE_AUTHORITY)
		return json_object_set_new(event, "recipient", json_string(who->organisation)) == 0;
	return true;
}

static json_t *event_of(const struct asking *asking, const struct sender *reporter, const struct read *read)
{
	char time[TIMESTAMP_TEXT_MAX];
	const struct reader_role *role = &roles[asking->who.role];
	timestamp_format((int64_t)clock_wall_ns(), time);
	json_auto_t *event = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:[s]}", "time",
		time, "action", read->action, "outcome", "ok", "org", "id", reporter->org, "name", reporter->name, "system",
		"Indsigt", "activity", read->activity, "purpose", role->purpose, "actor", "kind", "human", "id", asking->who.id,
		"role", role->role, "categories", "adgangslog");
	const char *about = asking->subject;
	json_t *subject = *about ? json_string((const char *)subject_principal(bytes_text(about)).data) : json_integer(0);
	if (json_object_set_new(event, *about ? "subject" : "subjects", subject) != 0 || /* which takes it in any case */
		!add_basis(event, asking))
		return NULL;
	return OWN_TAKE(event);
}

bool call_reporter(struct call *call, struct sender *out)
{
	*out = (struct sender){.id = 0};
	return call_good(call, look_for_reporter(call, out));
}

void call_record(struct call *call, const struct asking *asking, const struct read *read)
{
	struct sender reporter;
	struct read_counts *counts = call->routes->reads;
	if (call->response->status != 200)
		return;
	if (asking->own) {
		if (counts != NULL)
			counts->own++;
		return;
	}
	if (!call_reporter(call, &reporter))
		return;
	if (reporter.id == 0) {
		call_problem(call, 503, E_UNRECORDED,
			"reads of other people's events have to be on record, and this ledger has no sender for that yet");
		return;
	}
	json_auto_t *event = event_of(asking, &reporter, read);
	call->response->report = event ? json_write(event, JSON_COMPACT) : NULL;
	if (call_good(call, allocated(call->response->report)) && counts != NULL)
		counts->of_others++;
}
