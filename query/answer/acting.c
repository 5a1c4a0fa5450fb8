/* The holder's list says only whom to ask about: what is in force is said by each principal's own list. So a mandate
 * that was reported to the holder alone gives nothing, and one that was revoked in the principal's list alone is gone.
 */
#include "query/answer/acting.h"

#include "ledger/base/own.h"
#include "ledger/event/event.h"
#include "ledger/event/event_schema.h"
#include "ledger/subject/subject.h"
#include "ledger/text/timestamp.h"
#include "query/answer/grants.h"

#define AT_ONCE 250u
#define DAY_NS (86400ll * 1000000000)

/* Called with each event that can be opened, newest first; *done ends the walk. */
typedef enum error visitor(void *context, const struct event *event, uint64_t index, bool *done);

static enum error open_event(
	struct snapshot *snapshot, struct bytes list, uint64_t index, struct event *out, struct fault *fault)
{
	struct opened opened;
	struct event_header header;
	enum error error = snapshot_open_record(snapshot, index, &opened);
	if (error != E_OK)
		return fault_set(fault, error, "index %llu: %s", (unsigned long long)index, error_reason(error));
	struct reader reader = reader_of(opened.header);
	event_header_decode(&reader, &header);
	TRY(reader_done(&reader));
	TRY(event_decode(opened.disclosed, BYTES_EMPTY, NULL, true, out, fault));
	out->header = header;
	return bytes_equal(event_subject(out), list)
			   ? E_OK
			   : fault_set(fault, E_CORRUPT, "index %llu is filed under another subject than its own",
					 (unsigned long long)index);
}

static enum error walk(
	struct snapshot *snapshot, struct bytes list, size_t most, visitor *visit, void *context, struct fault *fault)
{
	OWNED_MEMORY struct event *event = malloc(sizeof *event);
	uint64_t indexes[AT_ONCE], before = UINT64_MAX;
	size_t seen = 0;
	bool done = false;
	TRY(fault_set(fault, allocated(event), ""));
	for (size_t count = AT_ONCE; count == AT_ONCE && !done;) {
		TRY(snapshot_find(snapshot, list, before, indexes, AT_ONCE, &count));
		if ((seen += count) > most)
			return fault_set(fault, E_TOO_LONG, "the list is longer than %zu events", most);
		for (size_t i = 0; i < count && !done; i++) {
			enum error error = open_event(snapshot, list, indexes[i], event, fault);
			if (error == E_ERASED)
				continue;
			TRY(error);
			TRY(visit(context, event, indexes[i], &done));
		}
		before = count > 0 ? indexes[count - 1] : 0;
	}
	return E_OK;
}

static struct bytes text_of(const struct event *event, unsigned number)
{
	return (event->present >> number & 1) ? event->values[number].text : BYTES_EMPTY;
}

/* By the event's own time: these are made here, so it is the time at which they were. */
static bool is_recent(const struct event *event, int64_t now_ns)
{
	return event_time_ns(event) > now_ns - DAY_NS;
}

/* ---- accesses and reports ---- */

enum error acting_access(struct snapshot *snapshot, struct bytes subject, uint64_t index, uint64_t now_s,
	char org[ORG_BYTES_MAX + 1], struct fault *fault)
{
	uint64_t found;
	size_t count;
	OWNED_MEMORY struct event *event = malloc(sizeof *event);
	TRY(fault_set(fault, allocated(event), ""));
	TRY(snapshot_find(snapshot, subject, index + 1, &found, 1, &count));
	if (count == 0 || found != index)
		return E_NOT_FOUND;
	enum error error = open_event(snapshot, subject, index, event, fault);
	if (error == E_ERASED)
		return E_NOT_FOUND;
	TRY(error);
	if (event->header.withheld_until_s > now_s || event_act(event) != ACT_ACCESS)
		return E_NOT_FOUND;
	struct bytes id = event_org_id(event);
	memcpy(org, id.data, id.len);
	org[id.len] = '\0';
	return E_OK;
}

struct wanted {
	struct bytes id;
	uint64_t index;
	uint64_t about;
	size_t left; /* events to be looked at */
	bool found;
	int64_t now_ns;
	size_t today;
};

static enum error is_report(void *context, const struct event *event, uint64_t index, bool *done)
{
	struct wanted *wanted = context;
	bool report = event_act(event) == ACT_REPORT;
	wanted->today += report && is_recent(event, wanted->now_ns);
	wanted->found = report && bytes_equal(text_of(event, EVENT_REPORT_ID), wanted->id);
	wanted->index = index;
	wanted->about = wanted->found ? event->values[EVENT_REPORT_INDEX].number : 0;
	*done = wanted->found || --wanted->left == 0;
	return E_OK;
}

enum error acting_report(struct snapshot *snapshot, struct bytes subject, const char *id, uint64_t now_s,
	struct reported *out, struct fault *fault)
{
	struct wanted wanted = {.id = bytes_text(id), .left = REPORTS_AGAIN_MAX, .now_ns = (int64_t)now_s * 1000000000};
	TRY(walk(snapshot, subject, SIZE_MAX, is_report, &wanted, fault));
	*out = (struct reported){.today = wanted.today};
	if (!wanted.found)
		return E_NOT_FOUND;
	out->index = wanted.index;
	out->about = wanted.about;
	return E_OK;
}

/* ---- reports that wait ---- */

struct waiting {
	json_t *reports;
	uint64_t looked;
};

static enum error list_report(void *context, const struct event *event, uint64_t index, bool *done)
{
	struct waiting *waiting = context;
	char time[TIMESTAMP_TEXT_MAX];
	struct bytes id = text_of(event, EVENT_REPORT_ID), by = text_of(event, EVENT_REPORT_BY);
	struct bytes text = text_of(event, EVENT_REPORT_TEXT);
	timestamp_format(event_time_ns(event), time);
	json_auto_t *report = json_pack("{s:s%, s:s%, s:I, s:s, s:I}", "id", id.data, id.len, "subject", by.data, by.len,
		"index", (json_int_t)event->values[EVENT_REPORT_INDEX].number, "time", time, "reported", (json_int_t)index);
	TRY(allocated(report));
	if (text.len > 0 && json_object_set_new(report, "comment", json_stringn((const char *)text.data, text.len)) != 0)
		return E_NO_MEMORY;
	*done = ++waiting->looked == REPORTS_OPEN_MAX;
	return json_array_append(waiting->reports, report) == 0 ? E_OK : E_NO_MEMORY;
}

struct answered {
	struct bytes id, org;
	bool found;
};

/* What is older than the report answers something else. */
static enum error is_answer(void *context, const struct event *event, uint64_t index, bool *done)
{
	struct answered *answered = context;
	(void)index;
	bool report = bytes_equal(text_of(event, EVENT_REPORT_ID), answered->id);
	answered->found = !report && bytes_equal(text_of(event, EVENT_ANSWER_REPORT), answered->id) &&
					  bytes_equal(event_org_id(event), answered->org);
	*done = report || answered->found;
	return E_OK;
}

enum error acting_waiting(
	struct snapshot *snapshot, const char *org, json_t **out, uint64_t *looked, struct fault *fault)
{
	char list[SUBJECT_BYTES_MAX + 1];
	json_auto_t *reports = json_array();
	struct waiting waiting = {.reports = reports};
	TRY(fault_set(fault, allocated(reports), ""));
	if (subject_of_list(LIST_OF_REPORTS, bytes_text(org), list))
		TRY(walk(snapshot, bytes_text(list), SIZE_MAX, list_report, &waiting, fault));
	for (size_t i = json_array_size(reports); i-- > 0;) {
		const json_t *one = json_array_get(reports, i);
		struct answered answered = {
			.id = bytes_text(json_string_value(json_object_get(one, "id"))), .org = bytes_text(org)};
		struct bytes person = bytes_text(json_string_value(json_object_get(one, "subject")));
		TRY(walk(snapshot, person, SIZE_MAX, is_answer, &answered, fault));
		if (answered.found && json_array_remove(reports, i) != 0)
			return E_NO_MEMORY;
	}
	*looked = waiting.looked;
	*out = OWN_TAKE(reports);
	return E_OK;
}

/* ---- grants ---- */

struct naming {
	struct bytes id;
	struct granted *out;
	int64_t now_ns;
	bool found;
};

static enum error is_grant(void *context, const struct event *event, uint64_t index, bool *done)
{
	struct naming *naming = context;
	(void)done;
	bool revokes = event->present >> EVENT_GRANT_REVOKED & 1;
	bool attorney = event->values[EVENT_GRANT_KIND].number == GRANT_ATTORNEY;
	naming->out->today += attorney && !revokes && is_recent(event, naming->now_ns);
	if (!bytes_equal(text_of(event, EVENT_GRANT_ID), naming->id))
		return E_OK;
	if (revokes)
		naming->out->revoked = true;
	if (naming->found)
		return E_OK;
	struct bytes to = text_of(event, EVENT_GRANT_TO);
	memcpy(naming->out->to, to.data, to.len);
	naming->out->to[to.len] = '\0';
	naming->out->attorney = attorney;
	naming->out->index = index;
	naming->found = true;
	return E_OK;
}

enum error acting_grant(struct snapshot *snapshot, struct bytes person, struct bytes id, uint64_t now_s,
	struct granted *out, struct fault *fault)
{
	char list[SUBJECT_BYTES_MAX + 1];
	*out = (struct granted){.revoked = false};
	struct naming naming = {.id = id, .out = out, .now_ns = (int64_t)now_s * 1000000000};
	if (!subject_of_list(LIST_OF_GRANTS, person, list))
		return E_NOT_FOUND;
	TRY(walk(snapshot, bytes_text(list), GRANT_EVENTS_MAX, is_grant, &naming, fault));
	return naming.found ? E_OK : E_NOT_FOUND;
}

/* ---- mandates ---- */

struct listing {
	json_t *mandates; /* of each principal the newest that was said */
	size_t looked;
};

static bool is_listed(const json_t *mandates, struct bytes principal)
{
	size_t i;
	json_t *one;
	json_array_foreach(mandates, i, one)
	{
		if (bytes_equal(bytes_text(json_string_value(json_object_get(one, "principal"))), principal))
			return true;
	}
	return false;
}

static enum error list_mandate(void *context, const struct event *event, uint64_t index, bool *done)
{
	struct listing *listing = context;
	char until[TIMESTAMP_TEXT_MAX];
	struct bytes principal = text_of(event, EVENT_GRANT_FROM), name = text_of(event, EVENT_GRANT_NAME);
	(void)index;
	*done = ++listing->looked == MANDATE_EVENTS_MAX;
	if ((event->present >> EVENT_GRANT_REVOKED & 1) || is_listed(listing->mandates, principal))
		return E_OK;
	json_auto_t *mandate = json_pack("{s:s%, s:s}", "principal", principal.data, principal.len, "kind",
		event_field_word(event_field(EVENT_GRANT_KIND), event->values[EVENT_GRANT_KIND].number));
	TRY(allocated(mandate));
	if (name.len > 0 && json_object_set_new(mandate, "name", json_stringn((const char *)name.data, name.len)) != 0)
		return E_NO_MEMORY;
	if (event->present >> EVENT_GRANT_UNTIL & 1) {
		timestamp_format(event->values[EVENT_GRANT_UNTIL].time_ns, until);
		if (json_object_set_new(mandate, "until", json_string(until)) != 0)
			return E_NO_MEMORY;
	}
	*done = *done || json_array_size(listing->mandates) + 1 == MANDATE_PRINCIPALS_MAX;
	return json_array_append(listing->mandates, mandate) == 0 ? E_OK : E_NO_MEMORY;
}

enum error acting_mandates(
	struct snapshot *snapshot, struct bytes holder, uint64_t now_s, json_t **out, struct fault *fault)
{
	char list[SUBJECT_BYTES_MAX + 1], grant[GRANT_ID_BYTES_MAX + 1];
	json_auto_t *mandates = json_array();
	struct listing listing = {.mandates = mandates};
	TRY(fault_set(fault, allocated(mandates), ""));
	if (subject_of_list(LIST_OF_MANDATES, holder, list))
		TRY(walk(snapshot, bytes_text(list), SIZE_MAX, list_mandate, &listing, fault));
	for (size_t i = json_array_size(mandates); i-- > 0;) {
		json_t *one = json_array_get(mandates, i);
		struct bytes principal = bytes_text(json_string_value(json_object_get(one, "principal")));
		TRY(grants_find(snapshot, principal, holder, now_s, grant, fault));
		if (grant[0] == '\0' ? json_array_remove(mandates, i) != 0
							 : json_object_set_new(one, "grant", json_string(grant)) != 0)
			return E_NO_MEMORY;
	}
	*out = OWN_TAKE(mandates);
	return E_OK;
}
