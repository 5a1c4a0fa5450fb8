/*   entry ─► header, c_d give its commitment ─┬─ open:     c_r and the part give c_d, decodes, is about this subject
 *                                             ├─ withheld: the header says so, and the date is still to come
 *                                             └─ erased:   an erasure entry after it covers it
 *
 * Whoever made the statement chooses none of the three freely: each has something behind it that the log has committed
 * to. Ledger time must not fall from one event to the next, nor lie past the epoch's for what the epoch covers. An
 * erasure entry that no event needs is refused, because it would tell of somebody's erasure without a reason. */
#include "ledger/base/wrong.h"
#include "ledger/event/event.h"
#include "ledger/statement/statement_state.h"
#include "ledger/text/timestamp.h"

/* ---- erasure entries ---- */

static enum error check_erasure(const struct shown *shown, size_t place, struct shown_erasure *erasure)
{
	struct entry entry;
	struct hash commitment;
	uint64_t index = erasure->at.index;
	if (WRONG(!included_is(&erasure->at, ENTRY_ERASURE, &entry)))
		return finding_set(shown->finding, FINDING_ERASURE_ENTRY, index);
	if (WRONG(!included_check(&erasure->at, &shown->anchor.checkpoint)))
		return finding_set(shown->finding, FINDING_ERASURE_INCLUSION, index);
	erasure->entry = entry.erasure;
	if (!entry.erasure.person)
		return WRONG(erasure->has_opening)
				   ? finding_form(shown->finding, "erasures", place, "opening", "belongs to the erasure of a person")
				   : E_OK;
	label_commitment(&erasure->opening, &shown->label, &commitment);
	if (WRONG(!erasure->has_opening) || WRONG(!hash_equal(&commitment, &entry.erasure.label_commitment)))
		return finding_set(shown->finding, FINDING_ERASURE_OPENING, index);
	return E_OK;
}

static enum error check_erased(struct shown *shown, const struct statement_event *event)
{
	struct shown_erasure *erasure = NULL;
	for (size_t low = 0, high = shown->erasure_count; low < high && erasure == NULL;) {
		size_t middle = low + (high - low) / 2;
		if (shown->erasures[middle].at.index == event->erased_by)
			erasure = &shown->erasures[middle];
		else if (shown->erasures[middle].at.index < event->erased_by)
			low = middle + 1;
		else
			high = middle;
	}
	if (WRONG(erasure == NULL))
		return finding_set(shown->finding, FINDING_ERASED_UNPROVEN, event->index);
	if (WRONG(erasure->at.index <= event->index))
		return finding_set(shown->finding, FINDING_ERASED_EARLIER, event->index);
	/* The opening of a person's erasure was checked against this subject's label. Months are those of the entries'
	 * times, as keys are made by the month of receipt. */
	if (!erasure->entry.person && (WRONG(timestamp_month(event->entry.time_s) != erasure->entry.period_month) ||
									  WRONG(erasure->entry.retention_years != event->header.retention_years)))
		return finding_set(shown->finding, FINDING_ERASED_OTHER, event->index);
	erasure->used = true;
	return E_OK;
}

/* ---- one event ---- */

static enum error check_open(const struct shown *shown, const struct statement_event *event)
{
	struct event content;
	struct fault fault;
	if (WRONG(event_decode(event->disclosed, BYTES_EMPTY, NULL, true, &content, &fault) != E_OK))
		return finding_set(shown->finding, FINDING_EVENT_CONTENT, event->index);
	if (WRONG(!bytes_equal(event_subject(&content), shown->subject)))
		return finding_set(shown->finding, FINDING_EVENT_SUBJECT, event->index);
	return E_OK;
}

static enum error check_withheld(const struct shown *shown, const struct statement_event *event)
{
	if (WRONG(event->header.withheld_until_s == 0))
		return finding_set(shown->finding, FINDING_WITHHELD_NEVER, event->index);
	if (WRONG(event->header.withheld_until_s <= shown->anchor.epoch.time_s) ||
		WRONG(event->header.withheld_until_s <= shown->quorum_s))
		return finding_set(shown->finding, FINDING_WITHHELD_PAST, event->index);
	return E_OK;
}

/* From what is shown to the commitment in the entry, and what stands behind the state. */
static enum error check_event(struct shown *shown, const struct shown_event *item, struct statement_event *event)
{
	struct hash c_d = item->c_d;
	struct hash commitment;
	struct reader header = reader_of(item->header);
	event_header_decode(&header, &event->header);
	if (WRONG(reader_done(&header) != E_OK))
		return finding_set(shown->finding, FINDING_EVENT_HEADER, item->index);
	if (item->state == STATEMENT_OPEN)
		event_commit_disclosed(&item->c_r, item->disclosed, &c_d);
	event_commitment(item->header, &c_d, &commitment);
	if (WRONG(!hash_equal(&commitment, &event->entry.commitment)))
		return finding_set(shown->finding, FINDING_EVENT_COMMITMENT, item->index);
	switch (item->state) {
	case STATEMENT_OPEN:
		return check_open(shown, event);
	case STATEMENT_WITHHELD:
		return check_withheld(shown, event);
	case STATEMENT_ERASED:
		return check_erased(shown, event);
	}
	return E_BAD_VALUE;
}

/* An event entry about one person; its ledger time lies from `earliest_s` to `latest_s`. */
static enum error check_entry(const struct shown *shown, const struct shown_event *item, uint64_t earliest_s,
	uint64_t latest_s, struct statement_event *out)
{
	struct entry entry;
	const struct included place = {item->index, item->entry, {NULL, 0}};
	if (WRONG(!included_is(&place, ENTRY_EVENT, &entry)))
		return finding_set(shown->finding, FINDING_EVENT_ENTRY, item->index);
	if (WRONG(entry.event.time_s < earliest_s) || WRONG(entry.event.time_s > latest_s))
		return finding_set(shown->finding, FINDING_EVENT_TIME, item->index);
	*out = (struct statement_event){.index = item->index,
		.entry = entry.event,
		.state = item->state,
		.disclosed = item->disclosed,
		.erased_by = item->erased_by};
	return E_OK;
}

enum error statement_check_events(struct shown *shown, struct statement *out)
{
	const struct entry_epoch *epoch = &shown->anchor.epoch;
	uint64_t time_s = shown->anchor.genesis.time_s;
	for (size_t i = 0; i < shown->erasure_count; i++)
		TRY(check_erasure(shown, i, &shown->erasures[i]));
	for (size_t i = 0; i < shown->event_count; i++) {
		const struct shown_event *item = &shown->events[i];
		struct statement_event *event = &out->events[i];
		if (i > 0 && WRONG(item->index <= shown->events[i - 1].index))
			return finding_set(shown->finding, FINDING_EVENT_ORDER, item->index);
		if (WRONG(item->index >= epoch->size))
			return finding_set(shown->finding, FINDING_EVENT_UNCOVERED, item->index);
		TRY(check_entry(shown, item, time_s, epoch->time_s, event));
		TRY(check_event(shown, item, event));
		time_s = event->entry.time_s;
		out->open += event->state == STATEMENT_OPEN;
		out->withheld += event->state == STATEMENT_WITHHELD;
		out->erased += event->state == STATEMENT_ERASED;
	}
	out->event_count = shown->event_count;
	return E_OK;
}

enum error statement_check_later(struct shown *shown, struct statement *out)
{
	uint64_t time_s = shown->anchor.epoch.time_s;
	for (size_t i = 0; i < shown->later_count; i++) {
		const struct shown_event *item = &shown->later[i];
		struct statement_event *event = &out->later[i];
		if (WRONG(item->index < shown->anchor.epoch.size))
			return finding_set(shown->finding, FINDING_LATER_COVERED, item->index);
		if (i > 0 && WRONG(item->index <= shown->later[i - 1].index))
			return finding_set(shown->finding, FINDING_EVENT_ORDER, item->index);
		TRY(check_entry(shown, item, time_s, UINT64_MAX, event));
		const struct included place = {item->index, item->entry, item->inclusion};
		if (WRONG(!included_check(&place, &shown->anchor.checkpoint)))
			return finding_set(shown->finding, FINDING_LATER_INCLUSION, item->index);
		TRY(check_event(shown, item, event));
		if ((shown->window.has_from && WRONG(event->entry.time_s < shown->window.from_s)) ||
			(shown->window.has_to && WRONG(event->entry.time_s >= shown->window.to_s)))
			return finding_set(shown->finding, FINDING_WINDOW_OUTSIDE, item->index);
		time_s = event->entry.time_s;
	}
	for (size_t i = 0; i < shown->erasure_count; i++)
		if (WRONG(!shown->erasures[i].used))
			return finding_form(shown->finding, "erasures", i, NULL, "no event shown is erased by it");
	out->later_count = shown->later_count;
	return E_OK;
}
