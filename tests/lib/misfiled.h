/* Ledgers that file wrongly with all their keys: what their next epoch commits to is not what the log and the labels
 * give. Used between two calls on an open fixture; an event is told by its batch and its place in that. */
#pragma once

#include "ledger/db/db_put.h"
#include "ledger/filed/filed_put.h"
#include "ledger/filed/head.h"
#include "tests/lib/audited.h"

static struct secrets *secrets; /* for what lies in the store; load_secrets */

struct event_place {
	uint64_t first_index; /* of its batch */
	uint64_t first_sequence;
	uint32_t count;
	uint32_t at;      /* in the batch */
	uint32_t subject; /* its number */
};

static inline uint64_t event_index(const struct event_place *event)
{
	return event->first_index + event->at;
}

/* Swaps the sealed pack of the event's batch for one with other aliases (NULL: the same); `aliases` gets those that
 * were there. */
static inline void change_pack(const struct event_place *event, const struct alias *wanted, struct alias *aliases)
{
	static uint8_t value[8 + BATCH_EVENTS_MAX * sizeof *aliases + SEAL_OVERHEAD];
	uint8_t context[16] = {0};
	struct bytes row;
	size_t sealed_len = event->count * sizeof *aliases + SEAL_OVERHEAD;
	put_u32(context, 1);
	put_u64(context + 4, event->first_sequence);
	put_u32(context + 12, event->count);
	store_begin();
	ck_ok(db_get(&txn, STORE_ALIAS, key_u64(event->first_index), &row));
	ck_assert_uint_eq(row.len, 8 + sealed_len);
	ck_ok(unseal_small(
		&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context), bytes_of(row.data + 8, sealed_len), aliases[0].b));
	memcpy(value, row.data, 8);
	seal_small(&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context),
		bytes_of(wanted ? wanted : aliases, event->count * sizeof *aliases), value + 8);
	db_put(&txn, STORE_ALIAS, key_u64(event->first_index), bytes_of(value, 8 + sealed_len));
	store_end();
}

/* Makes an epoch that files the event under the subject of the event before it. With `covered_up` the ledger then puts
 * back what the label stream is made of. */
static inline void epoch_moved(const struct event_place *event, bool covered_up)
{
	static struct alias aliases[BATCH_EVENTS_MAX], wrong[BATCH_EVENTS_MAX], discarded[BATCH_EVENTS_MAX];
	ck_assert_uint_gt(event->at, 0);
	fixture_close(&f);
	change_pack(event, NULL, aliases);
	memcpy(wrong, aliases, event->count * sizeof *wrong);
	wrong[event->at] = wrong[event->at - 1];
	change_pack(event, wrong, discarded);
	fixture_open(&f);
	fixture_epoch(&f);
	fixture_close(&f);
	if (covered_up)
		change_pack(event, aliases, discarded);
	fixture_open(&f);
}

/* A subject's tree as if the event, its first since the last epoch, were in it already: the next epoch leaves it out,
 * or, with its leaf there and the newest index as it was, puts it in again. */
static inline void epoch_miscounted(const struct event_place *event, bool doubled)
{
	struct alias alias;
	struct head head;
	struct hash blind, entry_leaf, leaf;
	struct bytes encoded;
	alias_make(&secrets->alias, bytes_text(fixture_subject(event->subject)), &alias);
	blind_make(&secrets->blinding.subject, event_index(event), &blind);
	fixture_close(&f);
	store_begin();
	ck_ok(head_get(&txn, &secrets->seal, &alias, &head));
	ck_ok(log_entry(&txn, event_index(event), &encoded));
	merkle_leaf_hash(encoded, &entry_leaf);
	subject_leaf_hash(&blind, event_index(event), &entry_leaf, &leaf);
	if (doubled)
		merkle_frontier_append(&head.frontier, &leaf, NULL, NULL);
	else
		head.newest = event_index(event);
	head_put(&txn, &secrets->seal, &alias, &head);
	store_end();
	fixture_open(&f);
	fixture_epoch(&f);
}
