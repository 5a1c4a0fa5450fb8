#include "tests/lib/misfiled.h"

#include "ledger/db/db_put.h"
#include "ledger/filed/filed_put.h"
#include "ledger/filed/head.h"

#include "ledger/base/domain.h"
#include "ledger/store/log.h"

struct secrets *secrets;

uint64_t event_index(const struct event_place *event)
{
	return event->first_index + event->at;
}

/* Swaps the sealed pack of the event's batch for one with other aliases (NULL: the same); `aliases` gets those that
 * were there. */
static void change_pack(const struct event_place *event, const struct alias *wanted, struct alias *aliases)
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

void epoch_moved(const struct event_place *event, bool covered_up)
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

void epoch_miscounted(const struct event_place *event, bool doubled)
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
