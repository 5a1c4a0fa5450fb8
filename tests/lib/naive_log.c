#include "tests/lib/naive_log.h"

#include "ledger/tree/merkle.h"
#include "tests/lib/unit.h"

#include <string.h>

#define RUN_MAX 4096u
#define LOSS_ENTRIES_MAX 1024u

void naive_log_free(struct naive_log *log)
{
	free(log->entries);
	*log = (struct naive_log){.vkey = NULL};
}

void naive_log_add(struct naive_log *log, const struct entry *entry)
{
	if (log->size == log->capacity) {
		log->capacity = 2 * log->capacity + 64;
		log->entries = realloc(log->entries, log->capacity * sizeof *log->entries);
		ck_assert_ptr_nonnull(log->entries);
	}
	log->entries[log->size++] = *entry;
}

static bool is_event(const struct entry *entry)
{
	return entry->kind == ENTRY_EVENT || entry->kind == ENTRY_MASS;
}

/* ---- time ---- */

/* The newest that one of the first `size` entries carries. */
static uint64_t time_of(const struct naive_log *log, uint64_t size)
{
	uint64_t newest_s = 0, time_s;
	for (uint64_t i = 0; i < size; i++)
		if (entry_time(&log->entries[i], &time_s) && time_s > newest_s)
			newest_s = time_s;
	return newest_s;
}

/* ---- what is lost, and what is filed ---- */

static bool is_lost(const struct naive_log *log, uint64_t index)
{
	for (uint64_t i = 0; i < log->size; i++)
		if (log->entries[i].kind == ENTRY_LOSS && log->entries[i].loss.first <= index &&
			index < log->entries[i].loss.end)
			return true;
	return false;
}

static uint64_t lost_events(const struct naive_log *log)
{
	uint64_t count = 0;
	for (uint64_t i = 0; i < log->size; i++)
		count += log->entries[i].kind == ENTRY_EVENT && is_lost(log, i);
	return count;
}

static const struct entry_epoch *last_epoch(const struct naive_log *log)
{
	for (uint64_t i = log->size; i-- > 0;)
		if (log->entries[i].kind == ENTRY_EPOCH)
			return &log->entries[i].epoch;
	return NULL;
}

/* Entries that an epoch covers: the last one covers the most (ENTRY-17). */
static uint64_t covered(const struct naive_log *log)
{
	const struct entry_epoch *epoch = last_epoch(log);
	return epoch != NULL ? epoch->size : 0;
}

/* EPO-9 */
static bool files_in_time(const struct naive_log *log, const struct entry *next)
{
	uint64_t now_s, since_s, lag_s = log->entries[0].genesis.epoch_lag_seconds;
	if (!entry_time(next, &now_s))
		return true;
	for (uint64_t i = covered(log); i < log->size; i++) {
		if (log->entries[i].kind != ENTRY_EVENT || is_lost(log, i))
			continue;
		for (uint64_t j = i + 1; j < log->size; j++)
			if (entry_time(&log->entries[j], &since_s) && since_s > log->entries[i].event.time_s) {
				if (now_s > since_s + lag_s)
					return false;
				break;
			}
	}
	return true;
}

/* ---- senders ---- */

/* The newest entry of a sender, NULL: it has none; or the newest that gives a key, which a revocation does not. */
static const struct entry_sender *entry_of(const struct naive_log *log, uint32_t sender, bool with_key, uint64_t *index)
{
	for (uint64_t i = log->size; i-- > 0;) {
		const struct entry *entry = &log->entries[i];
		if (entry->kind != ENTRY_SENDER || entry->sender.sender != sender)
			continue;
		if (with_key && entry->sender.action == SENDER_REVOKE)
			continue;
		*index = i;
		return &entry->sender;
	}
	return NULL;
}

/* ENTRY-16, ENTRY-22 to ENTRY-25 */
static bool allows_sender(const struct naive_log *log, const struct entry_sender *next)
{
	uint64_t index;
	const struct entry_sender *before = entry_of(log, next->sender, false, &index);
	if (next->action == SENDER_REGISTER)
		return next->sender != 0 && before == NULL && next->follows == FOLLOWS_NOTHING && next->change == 0;
	return before != NULL && before->action != SENDER_REVOKE && next->follows == index &&
		   next->change == before->change + 1 && strcmp(before->org, next->org) == 0 &&
		   strcmp(before->name, next->name) == 0;
}

/* ---- events and batches ---- */

/* The events at the end that no batch entry follows. */
static uint64_t open_run(const struct naive_log *log)
{
	uint64_t count = 0;
	while (count < log->size && is_event(&log->entries[log->size - 1 - count]))
		count++;
	return count;
}

/* ENTRY-13, ENTRY-14, ENTRY-16 */
static bool allows_event(const struct naive_log *log, const struct entry *next)
{
	uint64_t sequence = 0, index, run = open_run(log);
	const struct entry_sender *sender = entry_of(log, next->event.sender, false, &index);
	const struct entry *first = &log->entries[log->size - run];
	for (uint64_t i = 0; i < log->size; i++)
		sequence += is_event(&log->entries[i]) && log->entries[i].event.sender == next->event.sender;
	if (sender == NULL || sender->action == SENDER_REVOKE || next->event.sequence != sequence)
		return false;
	return run == 0 || (run < RUN_MAX && first->kind == next->kind && first->event.sender == next->event.sender);
}

/* ENTRY-14, ENTRY-15 */
static bool allows_batch(const struct naive_log *log, const struct entry_batch *next)
{
	static struct hash leaves[RUN_MAX];
	uint64_t index, run = open_run(log);
	if (run == 0)
		return false;
	const struct entry *events = &log->entries[log->size - run];
	const struct entry_sender *key = entry_of(log, events->event.sender, true, &index);
	struct batch_head head = {events->kind == ENTRY_MASS ? BATCH_MASS : BATCH_EVENT, next->sender, next->first_sequence,
		next->count, next->filing_checked, {0}};
	struct hash root;
	for (uint64_t i = 0; i < run; i++)
		leaves[i] = events[i].event.commitment;
	merkle_root_of_leaves(leaves, run, &root);
	memcpy(head.signature, next->signature, sizeof head.signature);
	return next->sender == events->event.sender && next->first_sequence == events->event.sequence &&
		   next->count == run && batch_check_signature(log->vkey->name, &head, &root, key->public_key) == E_OK;
}

/* ---- epochs and losses ---- */

/* EPO-8, as far as it can be seen without labels. */
static bool allows_roots(const struct naive_log *log, const struct entry_epoch *next)
{
	const struct entry_epoch *before = last_epoch(log);
	struct hash nothing;
	merkle_empty_root(&nothing);
	for (uint64_t i = covered(log); i < next->size; i++)
		if (log->entries[i].kind == ENTRY_EVENT && !is_lost(log, i))
			return true;
	if (before != NULL && before->lost != next->lost)
		return true;
	return hash_equal(&next->map_root, before != NULL ? &before->map_root : &nothing) &&
		   hash_equal(&next->filing_root, before != NULL ? &before->filing_root : &nothing);
}

/* ENTRY-17, ENTRY-19, LOSS-4, EPO-8 */
static bool allows_epoch(const struct naive_log *log, const struct entry_epoch *next)
{
	return next->size >= 1 && next->size <= log->size && next->size >= covered(log) &&
		   next->time_s == time_of(log, next->size) && next->lost == lost_events(log) && allows_roots(log, next);
}

/* LOSS-1, LOSS-2, LOSS-3 */
static bool allows_loss(const struct naive_log *log, const struct entry_loss *next)
{
	uint64_t events = 0, losses = 0;
	if (next->first < 1 || next->end <= next->first || next->end > log->size)
		return false;
	for (uint64_t i = 0; i < log->size; i++) {
		losses += log->entries[i].kind == ENTRY_LOSS;
		events += log->entries[i].kind == ENTRY_EVENT && next->first <= i && i < next->end;
	}
	return losses < LOSS_ENTRIES_MAX && next->events == events;
}

/* ---- all ---- */

static bool allows_kind(const struct naive_log *log, const struct entry *next)
{
	switch (next->kind) {
	case ENTRY_GENESIS: /* ENTRY-18 */
		return strcmp(next->genesis.origin, log->vkey->name) == 0 &&
			   memcmp(next->genesis.log_key, log->vkey->public_key, 32) == 0;
	case ENTRY_SENDER:
		return allows_sender(log, &next->sender);
	case ENTRY_EVENT:
	case ENTRY_MASS:
		return allows_event(log, next);
	case ENTRY_BATCH:
		return allows_batch(log, &next->batch);
	case ENTRY_EPOCH:
		return allows_epoch(log, &next->epoch);
	case ENTRY_LOSS:
		return allows_loss(log, &next->loss);
	case ENTRY_ERASURE:
		return true;
	}
	return false;
}

bool naive_log_allows(const struct naive_log *log, const struct entry *next)
{
	uint64_t time_s;
	if ((log->size == 0) != (next->kind == ENTRY_GENESIS)) /* ENTRY-11 */
		return false;
	if (entry_time(next, &time_s) && time_s < time_of(log, log->size)) /* ENTRY-12 */
		return false;
	if (open_run(log) > 0 && !is_event(next) && next->kind != ENTRY_BATCH) /* ENTRY-14 */
		return false;
	return allows_kind(log, next) && (log->size == 0 || files_in_time(log, next));
}
