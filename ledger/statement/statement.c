/*   subject ─► checkpoint ─► witnesses ─► genesis ─► epoch ─► its time ─► freshness ─► label
 *           ─► each event ─► that these are all ─► what came later ─► signatures ─► auditor's note
 *
 * The order is the page's: each check may rest on those before it, and two verifiers name the same finding. The epoch's
 * time is not believed but shown: the last entries that it covers are there, of which the first has a time and the
 * others are of kinds that have none. The result is handed out only when all of it holds; memory that runs out is
 * E_NO_MEMORY without a finding, and says nothing of the statement. */
#include "ledger/base/wrong.h"
#include "ledger/proof/auditor_note.h"
#include "ledger/statement/statement_state.h"
#include "ledger/subject/subject.h"

/* ---- about whom ---- */

static enum error check_subject(const struct shown *shown, const struct statement_options *options)
{
	if (WRONG(subject_check(shown->subject) != E_OK))
		return finding_set(shown->finding, FINDING_SUBJECT_SPELLING, FINDING_NO_INDEX);
	if (options->subject != NULL && WRONG(!bytes_equal(shown->subject, bytes_text(options->subject))))
		return finding_set(shown->finding, FINDING_SUBJECT_OTHER, FINDING_NO_INDEX);
	return E_OK;
}

/* ---- freshness ---- */

/* An epoch that stands at the end of the log and covers all the rest is as new as can be. */
static enum error check_freshness(const struct shown *shown)
{
	const struct anchor *anchor = &shown->anchor;
	uint64_t index = anchor->epoch_shown.index;
	bool nothing_since = anchor->epoch.size == index && anchor->checkpoint.size == index + 1;
	if (!nothing_since && shown->quorum_s > anchor->epoch.time_s &&
		WRONG(shown->quorum_s - anchor->epoch.time_s > anchor->genesis.epoch_lag_seconds))
		return finding_set(shown->finding, FINDING_EPOCH_STALE, index);
	return E_OK;
}

/* ---- the epoch's time ---- */

/* `last` are the entries up to m - 1 without a gap: the first one has a time, and no other has. */
static enum error check_epoch_time(const struct shown *shown)
{
	uint64_t time_s = 0;
	const struct entry_epoch *epoch = &shown->anchor.epoch;
	for (size_t i = 0; i < shown->last_count; i++) {
		struct entry entry = {.kind = ENTRY_GENESIS};
		const struct included *last = &shown->last[i];
		uint64_t to_end = shown->last_count - i;
		/* What is no entry has no time, and is none of the kinds without one. */
		bool timed = entry_decode(last->entry, &entry) == E_OK && entry_time(&entry, &time_s);
		bool untimed = entry.kind == ENTRY_BATCH || entry.kind == ENTRY_EPOCH || entry.kind == ENTRY_LOSS;
		if (WRONG(last->index >= epoch->size || epoch->size - last->index != to_end) || WRONG(i == 0 && !timed) ||
			WRONG(i > 0 && !untimed))
			return finding_set(shown->finding, FINDING_EPOCH_LAST, last->index);
		if (WRONG(!included_check(last, &shown->anchor.checkpoint)))
			return finding_set(shown->finding, FINDING_EPOCH_LAST_INCLUSION, last->index);
	}
	if (WRONG(time_s != epoch->time_s))
		return finding_set(shown->finding, FINDING_EPOCH_TIME, shown->anchor.epoch_shown.index);
	return E_OK;
}

/* ---- the auditor's note ---- */

static enum error check_audit(struct shown *shown, const struct vkey *auditor, struct statement *out)
{
	struct entry entry;
	struct auditor_note note = {.size = 0};
	const struct included *epoch = &shown->audit_epoch;
	if (!shown->audited)
		return WRONG(auditor != NULL) ? finding_set(shown->finding, FINDING_AUDIT_MISSING, FINDING_NO_INDEX) : E_OK;
	if (WRONG(!included_is(epoch, ENTRY_EPOCH, &entry)) || WRONG(!included_check(epoch, &shown->anchor.checkpoint)))
		return finding_set(shown->finding, FINDING_AUDIT_EPOCH, epoch->index);
	if (WRONG(epoch->index > shown->anchor.epoch_shown.index))
		return finding_set(shown->finding, FINDING_AUDIT_NEWER, epoch->index);
	out->audit = STATEMENT_AUDIT_NO_KEY;
	if (auditor == NULL)
		return E_OK;
	if (auditor_note_verify(shown->audit_note, auditor, &note) != E_OK)
		return finding_set(shown->finding, FINDING_AUDIT_NOTE, FINDING_NO_INDEX);
	if (WRONG(strcmp(note.origin, out->origin) != 0) || WRONG(note.epoch_index != epoch->index) ||
		WRONG(note.size <= epoch->index) || WRONG(!hash_equal(&note.map_root, &entry.epoch.map_root)) ||
		WRONG(!hash_equal(&note.filing_root, &entry.epoch.filing_root)))
		return finding_set(shown->finding, FINDING_AUDIT_OTHER, epoch->index);
	out->audit = STATEMENT_AUDIT_VERIFIED;
	out->audit_epoch = epoch->index;
	strcpy(out->auditor, auditor->name);
	return E_OK;
}

/* ---- the result ---- */

static enum error make_room(const struct shown *shown, struct statement *out)
{
	out->events = calloc(shown->event_count + 1, sizeof *out->events);
	out->later = calloc(shown->later_count + 1, sizeof *out->later);
	out->senders = calloc(shown->sender_count + 1, sizeof *out->senders);
	return out->events && out->later && out->senders ? E_OK : E_NO_MEMORY;
}

static void fill_result(const struct shown *shown, struct statement *out)
{
	const struct anchor *anchor = &shown->anchor;
	memcpy(out->subject, shown->subject.data, shown->subject.len);
	strcpy(out->origin, anchor->checkpoint.origin);
	out->size = anchor->checkpoint.size;
	out->epoch_index = anchor->epoch_shown.index;
	out->epoch_size = anchor->epoch.size;
	out->epoch_time_s = anchor->epoch.time_s;
	out->lost = anchor->epoch.lost;
	out->present = shown->present;
	out->count = shown->count;
	out->window = shown->window;
	/* The genesis entry was checked: origin, vkey and checkpoint of the log before, or nothing. */
	struct reader in = reader_of(anchor->genesis.predecessor);
	struct bytes predecessor = reader_range16(&in, ORIGIN_BYTES_MAX);
	if (predecessor.len > 0)
		memcpy(out->predecessor, predecessor.data, predecessor.len);
}

/* In the order of spec/statement.md. */
static enum error check_all(
	struct shown *shown, const struct vkey *log, const struct statement_options *options, struct statement *out)
{
	struct finding *finding = shown->finding;
	TRY(check_subject(shown, options));
	TRY(anchor_check_checkpoint(&shown->anchor, log, finding));
	TRY(anchor_check_witnesses(&shown->anchor, log, options->policy, &out->witnessed, finding));
	shown->quorum_s = out->witnessed.quorum.time_s;
	TRY(anchor_check_genesis(&shown->anchor, log, finding));
	TRY(anchor_check_epoch(&shown->anchor, finding));
	TRY(check_epoch_time(shown));
	TRY(check_freshness(shown));
	if (label_verify(shown->anchor.genesis.vrf_key, log->name, shown->subject, shown->vrf_proof, &shown->label) != E_OK)
		return finding_set(finding, FINDING_VRF, FINDING_NO_INDEX);
	fill_result(shown, out);
	TRY(make_room(shown, out));
	TRY(statement_check_events(shown, out));
	TRY(statement_check_range(shown, out));
	TRY(statement_check_later(shown, out));
	TRY(statement_check_signatures(shown, out));
	return check_audit(shown, options->auditor, out);
}

enum error statement_verify(struct bytes text, const struct vkey *log, const struct statement_options *options,
	struct statement **out, struct finding *finding)
{
	struct finding ignored;
	OWNED(form_close) struct form form = {0};
	OWNED(shown_release) struct shown shown = {.finding = finding ? finding : &ignored};
	OWNED(statement_release) struct statement *statement = calloc(1, sizeof *statement);
	*shown.finding = (struct finding){.code = FINDING_NONE, .index = FINDING_NO_INDEX};
	TRY(allocated(statement));
	TRY(form_open(text, STATEMENT_BYTES_MAX, &form, shown.finding));
	TRY(statement_read(&form, &shown));
	TRY(check_all(&shown, log, options, statement));
	statement->memory = form_take(&form);
	*out = OWN_TAKE(statement);
	return E_OK;
}

void statement_free(struct statement *statement)
{
	if (statement == NULL)
		return;
	free(statement->events);
	free(statement->later);
	free(statement->senders);
	free(statement->memory);
	free(statement);
}
