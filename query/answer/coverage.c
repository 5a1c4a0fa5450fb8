/* All senders are looked at once, and what came of it is kept as long as it stays true.
 *
 *   same commit, same silent_after_s, from_s <= now_s < until_s? ──yes──► what is remembered
 *                                        └──no──► every sender, every loss ─► remembered
 *
 * A sender that is silent moves `from_s` up to when it fell silent, one that is not moves `until_s` down to when it
 * will: so a clock that is put back makes it look again as well. What cannot be read of one sender fails all of it:
 * a list that lacks a sender says that it does not report here. Counting takes a fraction of listing, so what nobody
 * asks for is not made, and under load it is the counts that are needed anew with each commit. */
#include "query/answer/coverage.h"

#include "ledger/base/domain.h"
#include "ledger/base/grow.h"
#include "ledger/base/thread.h"
#include "ledger/mandate/mandate.h"
#include "ledger/read/filing_lag.h"

struct visit {
	struct snapshot *snapshot;
	struct coverage_known *known;
	uint64_t now_s;
	bool whole;
	uint8_t *rows;
	size_t rows_len;
	size_t rows_capacity;
	enum error error;
};

static void visit_release(struct visit *visit)
{
	free(visit->rows);
}

/* ---- one sender ---- */

void coverage_row(uint32_t id, uint64_t entry, bool silent, uint8_t out[COVERAGE_ROW_BYTES])
{
	put_u32(out, id);
	put_u64(out + 4, entry);
	out[12] = silent;
}

void coverage_hash(struct bytes rows, struct hash *out)
{
	const struct bytes parts[] = {BYTES_LITERAL(DOMAIN_COVERAGE), rows};
	hash_sha256(parts, sizeof parts / sizeof parts[0], out);
}

/* And until when, or since when, that will be so. */
static bool is_silent(const struct sender *sender, struct visit *visit)
{
	struct coverage_known *known = visit->known;
	uint64_t heard_s = sender->last_s ? sender->last_s : sender->since_s;
	uint64_t end_s = heard_s < UINT64_MAX - known->silent_after_s ? heard_s + known->silent_after_s + 1 : UINT64_MAX;
	bool silent = visit->now_s >= end_s;
	if (silent && known->from_s < end_s)
		known->from_s = end_s;
	if (!silent && known->until_s > end_s)
		known->until_s = end_s;
	return silent;
}

static enum error count_sender(const struct sender *sender, bool silent, struct visit *visit)
{
	struct coverage_counts *counts = &visit->known->counts;
	TRY(GROW(visit->rows, visit->rows_capacity, visit->rows_len + COVERAGE_ROW_BYTES));
	coverage_row(sender->id, sender->version, silent, visit->rows + visit->rows_len);
	visit->rows_len += COVERAGE_ROW_BYTES;
	counts->senders++;
	counts->active += sender->status == SENDER_ACTIVE;
	counts->compromised += sender->compromised;
	counts->silent += silent;
	return E_OK;
}

static void time_or_null(struct text *text, const char *name, bool there, uint64_t time_s)
{
	if (there)
		text_time(text, name, time_s);
	else
		text_null(text, name);
}

static enum error list_sender(const struct sender *sender, bool silent, struct visit *visit)
{
	struct text *text = &visit->known->senders;
	uint64_t since_s = 0;
	enum error unchecked = filing_lag_since(visit->snapshot, sender, &since_s);
	if (unchecked != E_OK && unchecked != E_NOT_FOUND)
		return unchecked;
	json_auto_t *policy = terms_to_json(&sender->policy, &sender->mandate);
	text_object(text, NULL);
	text_number(text, "id", sender->id);
	text_string(text, "org", bytes_text(sender->org));
	text_string(text, "name", bytes_text(sender->name));
	text_string(text, "status", bytes_text(sender->status == SENDER_ACTIVE ? "active" : "revoked"));
	text_flag(text, "endorsed", sender->endorsed);
	text_flag(text, "compromised", sender->compromised);
	text_number(text, "entry", sender->version);
	text_number(text, "changes", sender->changes);
	text_time(text, "since", sender->since_s);
	time_or_null(text, "last_received", sender->last_s > 0, sender->last_s);
	text_number(text, "events", sender->next_sequence);
	text_number(text, "filing_checked", sender->filing_checked);
	text_number(text, "filing_unchecked", sender->next_sequence - sender->filing_checked);
	time_or_null(text, "filing_unchecked_since", unchecked == E_OK, since_s);
	text_flag(text, "silent", silent);
	text_json(text, "policy", policy);
	text_object_end(text);
	return text->error;
}

static bool visit_sender(void *context, const struct sender *sender)
{
	struct visit *visit = context;
	bool silent = is_silent(sender, visit);
	visit->error = count_sender(sender, silent, visit);
	if (visit->error == E_OK && visit->whole)
		visit->error = list_sender(sender, silent, visit);
	return visit->error == E_OK;
}

/* ---- losses ---- */

static enum error write_ranges(struct text *text, struct snapshot *snapshot, const struct losses *losses)
{
	for (uint32_t i = 0; i < losses->count; i++) {
		const struct lost_range *range = &losses->ranges[i];
		uint64_t from_s, to_s;
		if (range->events == 0)
			continue;
		TRY(snapshot_time_at(snapshot, range->first, &from_s));
		TRY(snapshot_time_before(snapshot, range->end, &to_s));
		text_object(text, NULL);
		text_number(text, "first", range->first);
		text_number(text, "end", range->end);
		text_number(text, "events", range->events);
		text_time(text, "from", from_s);
		text_time(text, "to", to_s);
		text_object_end(text);
	}
	return text->error;
}

static enum error write_lost(struct text *text, struct snapshot *snapshot)
{
	const struct losses *losses = snapshot_losses(snapshot);
	if (losses_events(losses) == 0) {
		text_null(text, NULL);
		return text->error;
	}
	text_object(text, NULL);
	text_number(text, "events", losses_events(losses));
	text_list(text, "ranges");
	TRY(write_ranges(text, snapshot, losses));
	text_list_end(text);
	text_object_end(text);
	return text->error;
}

/* ---- what is remembered ---- */

static void known_release(struct coverage_known *known)
{
	text_release(&known->lost);
	text_release(&known->senders);
}

void coverage_memory_release(struct coverage_memory *memory)
{
	known_release(&memory->known);
	pthread_mutex_destroy(&memory->mutex);
}

/* `out` is the caller's to release, also after an error. */
static enum error look(struct snapshot *snapshot, const struct coverage_query *query, struct coverage_known *out)
{
	OWNED(visit_release)
	struct visit visit = {
		.snapshot = snapshot, .known = out, .now_s = query->now_s, .whole = query->form == COVERAGE_WHOLE};
	out->until_s = UINT64_MAX;
	TRY(write_lost(&out->lost, snapshot));
	text_list(&out->senders, NULL);
	TRY(snapshot_senders(snapshot, visit_sender, &visit));
	TRY(visit.error);
	text_list_end(&out->senders);
	TRY(text_done(&out->senders));
	if (!visit.whole)
		text_release(&out->senders);
	coverage_hash(bytes_of(visit.rows, visit.rows_len), &out->hash);
	out->known = true;
	return E_OK;
}

static bool holds(const struct coverage_known *known, uint64_t commit, const struct coverage_query *query)
{
	return known->known && known->commit == commit && known->silent_after_s == query->silent_after_s &&
		   known->from_s <= query->now_s && query->now_s < known->until_s &&
		   (query->form != COVERAGE_WHOLE || known->senders.len > 0);
}

static void write_counts(struct text *text, const struct coverage_counts *counts)
{
	text_object(text, "counts");
	text_number(text, "senders", counts->senders);
	text_number(text, "active", counts->active);
	text_number(text, "compromised", counts->compromised);
	text_number(text, "silent", counts->silent);
	text_object_end(text);
}

static enum error write_known(struct text *text, const char *name, struct snapshot *snapshot,
	const struct coverage_query *query, const struct coverage_known *known)
{
	uint64_t time_s = snapshot_time_s(snapshot);
	text_object(text, name);
	if (query->form != COVERAGE_NAMED) {
		json_auto_t *witnessing = cosigned_json(query->cosigned, query->now_s);
		text_time(text, "as_of", query->now_s);
		text_number(text, "ledger_time_ahead_s", time_s > query->now_s ? time_s - query->now_s : 0);
		text_number(text, "silent_after_seconds", query->silent_after_s);
		write_counts(text, &known->counts);
		text_json(text, "witnessing", witnessing);
		text_made(text, "lost", bytes_of(known->lost.data, known->lost.len));
	}
	text_base64(text, "hash", hash_bytes(&known->hash));
	if (query->form == COVERAGE_COUNTED)
		text_string(text, "whole", BYTES_LITERAL(COVERAGE_PATH));
	if (query->form == COVERAGE_WHOLE)
		text_made(text, "senders", bytes_of(known->senders.data, known->senders.len));
	text_object_end(text);
	return text->error;
}

/* What is remembered is written where it is, so that nobody takes it away meanwhile. */
static bool recall(struct text *text, const char *name, struct snapshot *snapshot, const struct coverage_query *query)
{
	LOCKED(&query->memory->mutex);
	bool held = holds(&query->memory->known, snapshot_commit(snapshot), query);
	if (held)
		(void)write_known(text, name, snapshot, query, &query->memory->known);
	return held;
}

static void remember(struct coverage_memory *memory, struct coverage_known *fresh)
{
	LOCKED(&memory->mutex);
	struct coverage_known older = memory->known;
	memory->known = *fresh;
	*fresh = older;
}

enum error coverage_write(
	struct text *text, const char *name, struct snapshot *snapshot, const struct coverage_query *query)
{
	OWNED(known_release)
	struct coverage_known known = {.commit = snapshot_commit(snapshot), .silent_after_s = query->silent_after_s};
	if (query->memory != NULL && recall(text, name, snapshot, query))
		return text->error;
	TRY(look(snapshot, query, &known));
	TRY(write_known(text, name, snapshot, query, &known));
	if (query->memory != NULL)
		remember(query->memory, &known);
	return E_OK;
}
