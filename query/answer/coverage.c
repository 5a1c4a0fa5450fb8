/* All senders are looked at once, and what came of it is kept as long as it stays true.
 *
 *   same commit, same silent_after_s, from_s <= now_s < until_s? ──yes──► what is remembered
 *                                        └──no──► every sender, every loss ─► remembered
 *
 * A sender that is silent moves `from_s` up to when it fell silent, one that is not moves `until_s` down to when it
 * will: so a clock that is put back makes it look again as well. What cannot be read of one sender fails all of it:
 * a list that lacks a sender says that it does not report here. */
#include "query/answer/coverage.h"

#include "ledger/event/policy_json.h"
#include "ledger/json/json_number.h"
#include "ledger/read/filing_lag.h"

struct visit {
	struct snapshot *snapshot;
	struct coverage_known *known;
	uint64_t now_s;
	enum error error;
};

static json_t *unchecked_since(const struct sender *sender, struct visit *visit)
{
	uint64_t since_s;
	enum error error = filing_lag_since(visit->snapshot, sender, &since_s);
	if (error != E_OK && error != E_NOT_FOUND)
		visit->error = error;
	return error == E_OK ? json_time(since_s) : json_null();
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

static json_t *sender_json(const struct sender *sender, struct visit *visit)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:b, s:b, s:I, s:o, s:o, s:I, s:I, s:I, s:o, s:b, s:o}", "id",
		(json_int_t)sender->id, "org", sender->org, "name", sender->name, "status",
		sender->status == SENDER_ACTIVE ? "active" : "revoked", "endorsed", sender->endorsed, "compromised",
		sender->compromised, "entry", (json_int_t)sender->version, "since", json_time(sender->since_s), "last_received",
		sender->last_s ? json_time(sender->last_s) : json_null(), "events", (json_int_t)sender->next_sequence,
		"filing_checked", (json_int_t)sender->filing_checked, "filing_unchecked",
		(json_int_t)(sender->next_sequence - sender->filing_checked), "filing_unchecked_since",
		unchecked_since(sender, visit), "silent", is_silent(sender, visit), "policy", policy_to_json(&sender->policy));
}

static bool add_sender(void *context, const struct sender *sender)
{
	struct visit *visit = context;
	if (json_array_append_new(visit->known->senders, sender_json(sender, visit)) != 0)
		visit->error = E_NO_MEMORY;
	return visit->error == E_OK;
}

static enum error lost_json(struct snapshot *snapshot, json_t **out)
{
	const struct losses *losses = snapshot_losses(snapshot);
	json_auto_t *ranges = json_array();
	*out = json_null();
	if (losses_events(losses) == 0)
		return E_OK;
	for (uint32_t i = 0; i < losses->count; i++) {
		const struct lost_range *range = &losses->ranges[i];
		uint64_t from_s, to_s;
		if (range->events == 0)
			continue;
		TRY(snapshot_time_at(snapshot, range->first, &from_s));
		TRY(snapshot_time_before(snapshot, range->end, &to_s));
		json_t *json =
			json_pack("{s:I, s:I, s:I, s:o, s:o}", "first", (json_int_t)range->first, "end", (json_int_t)range->end,
				"events", (json_int_t)range->events, "from", json_time(from_s), "to", json_time(to_s));
		if (json_array_append_new(ranges, json) != 0)
			return E_NO_MEMORY;
	}
	*out = json_pack("{s:I, s:O}", "events", (json_int_t)losses_events(losses), "ranges", ranges);
	return *out != NULL ? E_OK : E_NO_MEMORY;
}

static void known_release(struct coverage_known *known)
{
	json_decref(known->senders);
	json_decref(known->lost);
}

void coverage_memory_release(struct coverage_memory *memory)
{
	known_release(&memory->known);
	pthread_mutex_destroy(&memory->mutex);
}

static bool recall(struct coverage_memory *memory, uint64_t commit, uint64_t now_s, uint32_t silent_after_s,
	struct coverage_known *out)
{
	pthread_mutex_lock(&memory->mutex);
	const struct coverage_known *known = &memory->known;
	bool holds = known->senders != NULL && known->commit == commit && known->silent_after_s == silent_after_s &&
				 known->from_s <= now_s && now_s < known->until_s;
	if (holds) {
		*out = *known;
		json_incref(out->senders);
		json_incref(out->lost);
	}
	pthread_mutex_unlock(&memory->mutex);
	return holds;
}

static void remember(struct coverage_memory *memory, const struct coverage_known *fresh)
{
	OWNED(known_release) struct coverage_known older = *fresh;
	json_incref(fresh->senders);
	json_incref(fresh->lost);
	pthread_mutex_lock(&memory->mutex);
	older = memory->known;
	memory->known = *fresh;
	pthread_mutex_unlock(&memory->mutex);
}

/* `out` is the caller's to release, also after an error. */
static enum error look(struct snapshot *snapshot, uint64_t now_s, struct coverage_known *out)
{
	struct visit visit = {.snapshot = snapshot, .known = out, .now_s = now_s};
	out->until_s = UINT64_MAX;
	out->senders = json_array();
	TRY(lost_json(snapshot, &out->lost));
	TRY(snapshot_senders(snapshot, add_sender, &visit));
	return visit.error;
}

enum error coverage_make(struct snapshot *snapshot, const struct cosigned *cosigned, struct coverage_memory *memory,
	uint64_t now_s, uint32_t silent_after_s, json_t **out)
{
	OWNED(known_release)
	struct coverage_known known = {.commit = snapshot_commit(snapshot), .silent_after_s = silent_after_s};
	if (memory == NULL || !recall(memory, known.commit, now_s, silent_after_s, &known)) {
		TRY(look(snapshot, now_s, &known));
		if (memory != NULL)
			remember(memory, &known);
	}
	uint64_t time_s = snapshot_time_s(snapshot);
	*out = json_pack("{s:o, s:I, s:I, s:O, s:o, s:O}", "as_of", json_time(now_s), "ledger_time_ahead_s",
		(json_int_t)(time_s > now_s ? time_s - now_s : 0), "silent_after_seconds", (json_int_t)silent_after_s,
		"senders", known.senders, "witnessing", cosigned_json(cosigned, now_s), "lost", known.lost);
	return *out != NULL ? E_OK : E_NO_MEMORY;
}
