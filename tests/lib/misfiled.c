#include "tests/lib/misfiled.h"

#include "ledger/base/domain.h"
#include "ledger/db/db_put.h"
#include "ledger/store/log.h"
#include "ledger/write/filing_state.h"
#include "tests/lib/filed.h"

#include <string.h>

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

/* ---- an epoch whose map has another value for one subject ---- */

/* What the subject's tree becomes: what it was, and what is added. */
struct wrong_tree {
	const struct event_place *event;
	bool doubled;
	struct head head;
	bool can_be_stored; /* a head cannot say that it has one event twice */
	bool made;
};

static void append_event(struct wrong_tree *tree, struct db_txn *snapshot, uint64_t index)
{
	struct hash blind, entry_leaf, leaf;
	struct bytes encoded;
	struct head *head = &tree->head;
	size_t at = head_open_indexes(head);
	blind_make(&secrets->blinding.subject, index, &blind);
	ck_ok(log_entry(snapshot, index, &encoded));
	merkle_leaf_hash(encoded, &entry_leaf);
	subject_leaf_hash(&blind, index, &entry_leaf, &leaf);
	merkle_frontier_append(&head->frontier, &leaf, NULL, NULL);
	for (; at > 0 && head->indexes[at - 1] > index; at--)
		head->indexes[at] = head->indexes[at - 1];
	tree->can_be_stored &= at == 0 || head->indexes[at - 1] != index;
	head->indexes[at] = index;
	head->newest = head->indexes[head_open_indexes(head) - 1];
	ck_assert_uint_lt(head->frontier.size, POSTING_INDEXES_MAX);
}

/* When the subjects' trees have grown and the map is not made yet. */
static void change_value(struct epoch *epoch, struct wrong_tree *tree)
{
	uint32_t subject = 0;
	struct hash root;
	struct db_txn snapshot;
	while (memcmp(epoch->subjects[subject].label.b, tree->head.label.b, LABEL_BYTES) != 0)
		ck_assert_uint_lt(++subject, epoch->subject_count);
	ck_ok(db_begin(f.ledger->store, false, &snapshot));
	if (tree->doubled)
		append_event(tree, &snapshot, event_index(tree->event));
	for (uint64_t i = 0; i < epoch->span; i++)
		if (epoch->subject_of[i] == subject && (tree->doubled || epoch->base + i != event_index(tree->event)))
			append_event(tree, &snapshot, epoch->base + i);
	db_abort(&snapshot);
	merkle_frontier_root(&tree->head.frontier, &root);
	subject_value(tree->head.frontier.size, &root, &epoch->subjects[subject].value);
	tree->made = true;
}

void epoch_miscounted(const struct event_place *event, bool doubled)
{
	struct alias alias;
	struct fault fault = {.text = ""};
	struct wrong_tree tree = {.event = event, .doubled = doubled, .can_be_stored = true};
	bool started, finished = false;
	alias_make(&secrets->alias, bytes_text(fixture_subject(event->subject)), &alias);
	fixture_close(&f);
	filed_head_of(f.dir, &secrets->seal, &alias, &tree.head);
	fixture_open(&f);
	ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
	while (!finished) {
		if (!tree.made && f.ledger->epoch->step == EPOCH_LEAVES)
			change_value(f.ledger->epoch, &tree);
		ck_ok(ledger_epoch_slice(f.ledger, &finished, &fault));
	}
	fixture_close(&f);
	if (tree.can_be_stored)
		filed_head(f.dir, &secrets->seal, &alias, &tree.head);
	fixture_open(&f);
}
