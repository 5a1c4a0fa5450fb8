#include "query/answer/coverage.h"

#include "ledger/read/filing_lag.h"
#include "ledger/text/timestamp.h"
#include "query/cosigned/cosigned.h"

#include <string.h>

/* "open=", "close=", "purpose=" and two flags, for every field there may be. */
#define POLICY_TEXT_MAX 4096

struct visit {
	struct snapshot *snapshot;
	json_t *senders;
	uint64_t now_s;
	uint32_t silent_after_s;
	enum error error;
};

static json_t *json_time_s(uint64_t time_s)
{
	char text[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(time_s, text);
	return json_string_nocheck(text);
}

static json_t *policy_words(const struct policy *policy)
{
	char text[POLICY_TEXT_MAX];
	struct writer writer = writer_of(text, sizeof text);
	if (policy_format(policy, &writer) != E_OK)
		return NULL;
	json_t *words = json_array();
	char *rest = text;
	while (rest && *rest) {
		char *word = strsep(&rest, "\n");
		if (*word)
			json_array_append_new(words, json_string(word));
	}
	return words;
}

static json_t *unchecked_since(const struct sender *sender, struct visit *visit)
{
	uint64_t since_s;
	enum error error = filing_lag_since(visit->snapshot, sender, &since_s);
	if (error != E_OK && error != E_NOT_FOUND)
		visit->error = error;
	return error == E_OK ? json_time_s(since_s) : json_null();
}

static json_t *sender_json(const struct sender *sender, struct visit *visit)
{
	json_t *object = json_object();
	uint64_t heard_s = sender->last_s ? sender->last_s : sender->since_s;
	bool silent = visit->now_s > heard_s && visit->now_s - heard_s > visit->silent_after_s;
	int failed = json_object_set_new_nocheck(object, "id", json_integer(sender->id));
	failed |= json_object_set_new_nocheck(object, "org", json_string(sender->org));
	failed |= json_object_set_new_nocheck(object, "name", json_string(sender->name));
	failed |= json_object_set_new_nocheck(
		object, "status", json_string_nocheck(sender->status == SENDER_ACTIVE ? "active" : "revoked"));
	failed |= json_object_set_new_nocheck(object, "endorsed", json_boolean(sender->endorsed));
	failed |= json_object_set_new_nocheck(object, "compromised", json_boolean(sender->compromised));
	failed |= json_object_set_new_nocheck(object, "entry", json_integer((json_int_t)sender->version));
	failed |= json_object_set_new_nocheck(object, "since", json_time_s(sender->since_s));
	failed |= json_object_set_new_nocheck(
		object, "last_received", sender->last_s ? json_time_s(sender->last_s) : json_null());
	failed |= json_object_set_new_nocheck(object, "events", json_integer((json_int_t)sender->next_sequence));
	failed |= json_object_set_new_nocheck(object, "filing_checked", json_integer((json_int_t)sender->filing_checked));
	failed |= json_object_set_new_nocheck(
		object, "filing_unchecked", json_integer((json_int_t)(sender->next_sequence - sender->filing_checked)));
	failed |= json_object_set_new_nocheck(object, "filing_unchecked_since", unchecked_since(sender, visit));
	failed |= json_object_set_new_nocheck(object, "silent", json_boolean(silent));
	failed |= json_object_set_new_nocheck(object, "policy", policy_words(&sender->policy));
	if (failed) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static bool add_sender(void *context, const struct sender *sender)
{
	struct visit *visit = context;
	if (json_array_append_new(visit->senders, sender_json(sender, visit)) != 0)
		visit->error = E_NO_MEMORY;
	return visit->error == E_OK;
}

/* Ledger time of the first entry at or after `index` that has one. */
static enum error time_from(struct snapshot *snapshot, uint64_t index, uint64_t *out)
{
	struct bytes encoded;
	struct entry entry;
	do {
		TRY(snapshot_entry(snapshot, index++, &encoded));
		TRY(entry_decode(encoded, &entry));
	} while (!entry_time(&entry, out));
	return E_OK;
}

/* And of the last one before `end`. */
static enum error time_before(struct snapshot *snapshot, uint64_t end, uint64_t *out)
{
	struct bytes encoded;
	struct entry entry;
	do {
		TRY(snapshot_entry(snapshot, --end, &encoded));
		TRY(entry_decode(encoded, &entry));
	} while (!entry_time(&entry, out));
	return E_OK;
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
		TRY(time_from(snapshot, range->first, &from_s));
		TRY(time_before(snapshot, range->end, &to_s));
		json_t *json =
			json_pack("{s:I, s:I, s:I, s:o, s:o}", "first", (json_int_t)range->first, "end", (json_int_t)range->end,
				"events", (json_int_t)range->events, "from", json_time_s(from_s), "to", json_time_s(to_s));
		if (json_array_append_new(ranges, json) != 0)
			return E_NO_MEMORY;
	}
	*out = json_pack("{s:I, s:O}", "events", (json_int_t)losses_events(losses), "ranges", ranges);
	return *out != NULL ? E_OK : E_NO_MEMORY;
}

enum error coverage_make(struct snapshot *snapshot, uint64_t now_s, uint32_t silent_after_s, json_t **out)
{
	json_auto_t *coverage = json_object();
	struct visit visit = {
		.snapshot = snapshot, .senders = json_array(), .now_s = now_s, .silent_after_s = silent_after_s};
	int failed = json_object_set_new_nocheck(coverage, "as_of", json_time_s(now_s));
	uint64_t time_s = snapshot_time_s(snapshot);
	failed |= json_object_set_new_nocheck(
		coverage, "ledger_time_ahead_s", json_integer((json_int_t)(time_s > now_s ? time_s - now_s : 0)));
	failed |= json_object_set_new_nocheck(coverage, "silent_after_seconds", json_integer(silent_after_s));
	failed |= json_object_set_new_nocheck(coverage, "senders", visit.senders);
	failed |= json_object_set_new_nocheck(coverage, "witnessing", cosigned_json(snapshot, now_s));
	if (failed)
		return E_NO_MEMORY;
	json_t *lost = NULL;
	TRY(lost_json(snapshot, &lost));
	if (json_object_set_new_nocheck(coverage, "lost", lost) != 0)
		return E_NO_MEMORY;
	TRY(snapshot_senders(snapshot, add_sender, &visit));
	TRY(visit.error);
	*out = json_incref(coverage);
	return E_OK;
}
