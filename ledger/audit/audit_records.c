/* The sealed part, with keys: every record opens, fits its commitment and the schema, and is filed under its subject.
 *
 * Filing in two steps: the alias pack of each batch is compared event by event; the postings are compared as a whole,
 * by a keyed checksum over all (alias, index) that does not depend on their order: one sequential walk instead of a
 * random look-up for each event. Only when the sums differ are the events looked up one by one, to name the first. */
#include "ledger/audit/audit_records.h"

#include "ledger/filed/aliases.h"
#include "ledger/filed/posting.h"
#include "ledger/keys/secrets.h"
#include "ledger/mandate/reporting.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct audit_records {
	const struct audit_view *view;
	struct audit_subjects *subjects; /* NULL: without labels */
	uint64_t opened;
	uint64_t filed;          /* entries with a lower index are in the postings */
	struct audit_sum events; /* by alias and index: in the log, and in the postings */
	struct audit_sum postings;
	struct event event;     /* large */
	struct alias_walk walk; /* large; the pack of the batch at hand */
};

enum error audit_records_open(
	const struct audit_view *view, struct audit_subjects *subjects, struct audit_records **out)
{
	OWNED(audit_records_release) struct audit_records *records = calloc(1, sizeof *records);
	TRY(allocated(records));
	records->view = view;
	records->subjects = subjects;
	records->filed = snapshot_filed(view->snapshot);
	audit_sum_begin(&records->events);
	records->postings = records->events;
	if (records->filed > view->checkpoint.size)
		return audit_finding(view, view->checkpoint.size, "more entries are marked as filed than there are");
	enum error error = alias_walk_begin(view->txn, &view->secrets->seal, 0, &records->walk);
	if (error != E_OK)
		return audit_judge(view, error, 0, "the alias packs cannot be read: %s", audit_why(error));
	*out = OWN_TAKE(records);
	return E_OK;
}

void audit_records_close(struct audit_records *records)
{
	alias_walk_end(&records->walk);
	sodium_memzero(records, sizeof *records);
	free(records);
}

uint64_t audit_records_opened(const struct audit_records *records)
{
	return records->opened;
}

/* ---- records ---- */

/* Missing, erased and damaged are told apart: the first is the store's fault, the second wants an entry, the third may
 * be the disk's. */
static enum error open_record(
	struct audit_records *records, uint64_t index, const struct entry_event *entry, struct opened *out)
{
	enum error error = snapshot_open_record_of(records->view->snapshot, index, entry, out);
	switch (error) {
	case E_OK:
		records->opened++;
		return E_OK;
	case E_NOT_FOUND:
		return audit_finding(records->view, index, "the event's sealed record is missing");
	case E_ERASED:
		return audit_finding(
			records->view, index, "the key of the event's record is gone, and no erasure entry says why");
	default:
		return audit_judge(
			records->view, error, index, "the event's sealed record does not hold: %s", audit_why(error));
	}
}

/* Header and schema, by the policy that the sender had then, and what it may report, by its mandate. */
static enum error check_content(struct audit_records *records, const struct audit_run *run, uint64_t index,
	const struct opened *opened, const struct entry_event *entry)
{
	struct fault fault = {.text = ""};
	struct event_header header;
	struct event *event = &records->event;
	const struct policy *policy = run->policy;
	struct reader r = reader_of(opened->header);
	event_header_decode(&r, &header);
	enum error error = reader_done(&r);
	if (error == E_OK)
		error = event_decode(opened->disclosed, opened->restricted, policy, false, event, &fault);
	if (error == E_OK)
		error = event_header_check(&header, policy, event_act(event) != ACT_ACCESS, &fault);
	if (error == E_OK)
		error = reporting_check(run->mandate, run->org, event, &fault);
	if (error == E_OK && event_is_mass(event) != entry->mass)
		error = fault_set(&fault, E_BAD_VALUE, "the entry says whether there is a subject, and it is wrong");
	if (error != E_OK)
		return audit_judge(records->view, error, index, "the event itself is not in order: %s",
			fault.text[0] != '\0' ? fault.text : audit_why(error));
	return E_OK;
}

/* ---- aliases ---- */

/* That of the run, by its place: who looks at several runs at once does not come by all packs. */
static enum error next_pack(struct audit_records *records, const struct audit_run *run)
{
	const struct audit_view *view = records->view;
	struct alias_walk *walk = &records->walk;
	uint64_t index = run->first_index;
	alias_walk_at(walk, index);
	enum error error = alias_walk_next(walk) ?: db_walk_check(&walk->walk);
	if (error == E_NOT_FOUND || (error == E_OK && walk->first_index != index))
		return audit_finding(view, index, "the batch that begins here has no alias pack");
	if (error == E_OK && run->position != NO_POSITION && walk->position != run->position)
		return audit_finding(view, index, "the alias pack of the batch names another place in the filing tree");
	if (error != E_OK)
		return audit_judge(view, error, index, "the alias pack of the batch does not hold: %s", audit_why(error));
	return E_OK;
}

/* The one at hand belongs to one run, and no run begins where another does. */
enum error audit_records_pack(struct audit_records *records, const struct audit_run *run)
{
	bool at_hand = records->walk.count > 0 && records->walk.first_index == run->first_index;
	if (at_hand)
		return E_OK;
	enum error error = next_pack(records, run);
	if (error != E_OK)
		records->walk.count = 0;
	return error;
}

static void sum_add(struct audit_sum *sum, const struct alias *alias, uint64_t index)
{
	audit_sum_add(sum, BYTES_ARRAY(alias->b), DB_KEY(index));
}

static enum error check_alias(
	struct audit_records *records, const struct audit_run *run, uint64_t index, struct label *label)
{
	const struct audit_view *view = records->view;
	const struct alias_walk *walk = &records->walk;
	struct bytes subject = event_subject(&records->event);
	struct alias alias;
	TRY(audit_records_pack(records, run));
	alias_make(&view->secrets->alias, subject, &alias);
	if (run->count > walk->count || sodium_memcmp(walk->aliases[run->count - 1].b, alias.b, sizeof alias.b) != 0)
		return audit_finding_filed(view, E_OK, index, "the event is noted for another subject than it is about");
	if (index >= records->filed)
		return E_OK;
	sum_add(&records->events, &alias, index);
	if (records->subjects == NULL)
		return E_OK;
	return audit_subjects_label(records->subjects, view, index, &alias, subject, label);
}

enum error audit_records_event(struct audit_records *records, const struct audit_run *run, uint64_t index,
	const struct entry_event *event, struct label *label)
{
	struct opened opened;
	TRY(open_record(records, index, event, &opened));
	TRY(check_content(records, run, index, &opened, event));
	return event->mass ? E_OK : check_alias(records, run, index, label);
}

enum error audit_records_batch(struct audit_records *records, const struct audit_run *run)
{
	if (run->mass)
		return E_OK;
	TRY(audit_records_pack(records, run));
	if (records->walk.count != run->count)
		return audit_finding(
			records->view, run->first_index, "the alias pack of the batch is about more events than it has");
	return E_OK;
}

/* ---- several threads ---- */

void audit_records_like(struct audit_records *records, const struct audit_records *other)
{
	records->events = other->events;
	records->events.count = records->events.sum = 0;
}

void audit_records_count(struct audit_records *records, struct audit_counted *out)
{
	*out = (struct audit_counted){records->opened, records->events};
	records->opened = records->events.count = records->events.sum = 0;
}

void audit_records_add(struct audit_records *records, const struct audit_counted *counted)
{
	records->events.count += counted->events.count;
	records->events.sum += counted->events.sum;
}

void audit_records_opened_by_other(struct audit_records *records)
{
	records->opened++;
}

/* ---- postings ---- */

static enum error sum_posting(void *context, const struct alias *alias, const uint64_t *indexes, size_t count)
{
	struct audit_records *records = context;
	audit_progress(records->view);
	for (size_t i = 0; i < count; i++)
		sum_add(&records->postings, alias, indexes[i]);
	return E_OK;
}

/* The alias that a filed event should stand under; E_NOT_FOUND for other entries. */
static enum error alias_of(struct audit_records *records, uint64_t index, struct alias *out)
{
	struct opened opened;
	struct fault fault;
	TRY(snapshot_open_record(records->view->snapshot, index, &opened));
	if (opened.entry.mass)
		return E_NOT_FOUND;
	TRY(event_decode(opened.disclosed, opened.restricted, NULL, false, &records->event, &fault));
	alias_make(&records->view->secrets->alias, event_subject(&records->event), out);
	return E_OK;
}

/* One by one, since the sums said only that there is one. */
static enum error find_missing(struct audit_records *records, struct runs *runs)
{
	for (uint64_t index = 0; index < records->filed; index++) {
		struct alias alias;
		uint64_t found = 0;
		size_t count = 0;
		audit_progress(records->view);
		enum error error = alias_of(records, index, &alias);
		if (error == E_NOT_FOUND)
			continue;
		if (error == E_OK)
			error = posting_find(runs, &records->view->secrets->seal, &alias, index + 1, &found, 1, &count);
		if (error != E_OK || count != 1 || found != index)
			return audit_finding_filed(records->view, error, index, "the event is not filed under its subject");
	}
	return E_OK;
}

/* Which posting has no event: the lowest such index is the finding. */
static enum error see_posting(void *context, const struct alias *alias, const uint64_t *indexes, size_t count)
{
	struct audit_records *records = context;
	audit_progress(records->view);
	for (size_t i = 0; i < count; i++) {
		struct alias wanted;
		enum error error = alias_of(records, indexes[i], &wanted);
		if (error != E_OK || memcmp(wanted.b, alias->b, sizeof wanted.b) != 0)
			return audit_finding_filed(
				records->view, error, indexes[i], "the entry is filed under a subject that it is not about");
	}
	return E_OK;
}

/* If no event is missing, some posting is too many. */
enum error audit_records_filing(struct audit_records *records, const struct audit_view *view)
{
	const struct seal_keys *keys = &view->secrets->seal;
	struct runs *runs;
	records->view = view;
	enum error error = snapshot_runs(view->snapshot, &runs);
	if (error != E_OK)
		return audit_judge(view, error, records->filed, "what is filed cannot be read: %s", audit_why(error));
	error = posting_visit(runs, keys, sum_posting, records);
	if (error == E_OK && audit_sum_equal(&records->events, &records->postings))
		return E_OK;
	if (error == E_OK || error_judges(error))
		TRY(find_missing(records, runs));
	if (error == E_OK)
		error = posting_visit(runs, keys, see_posting, records);
	return audit_judge(records->view, error, records->filed, "the postings do not hold: %s", audit_why(error));
}
