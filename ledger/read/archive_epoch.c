/* What the newest finished epoch committed to: the runs and leaves that the snapshot's moment names.
 *
 * There is no epoch (E_NOT_FOUND) before the first, while what it covers is filed again, and under an earlier
 * checkpoint that its entry lies behind. An entry that is none, and an event whose subject has no head, are E_CORRUPT.
 */
#include "ledger/filed/head.h"
#include "ledger/filed/map_store.h"
#include "ledger/filed/posting.h"
#include "ledger/read/archive.h"
#include "ledger/read/archive_state.h"
#include "ledger/store/log.h"

#include <stdlib.h>

enum error snapshot_epoch(struct snapshot *snapshot, struct epoch_place *out)
{
	struct bytes encoded;
	struct entry entry;
	uint64_t index = snapshot->filing.epoch_index;
	if (index == 0)
		return E_NOT_FOUND;
	TRY(log_entry(&snapshot->txn, index, &encoded));
	if (snapshot->rest_note != NULL && index >= snapshot->checkpoint.size)
		return E_NOT_FOUND;
	if (entry_decode(encoded, &entry) != E_OK || entry.kind != ENTRY_EPOCH || index >= snapshot->checkpoint.size)
		return E_CORRUPT;
	if (snapshot->filing.filed < entry.epoch.size)
		return E_NOT_FOUND; /* what it covers is being filed again */
	*out = (struct epoch_place){index, entry.epoch};
	return E_OK;
}

/* ---- labels ---- */

enum error snapshot_prove_label(struct snapshot *snapshot, struct bytes subject, uint8_t out[VRF_PROOF_BYTES])
{
	const struct archive *archive = snapshot->archive;
	if (archive->secrets == NULL)
		return E_PERMISSION;
	return label_prove(&archive->secrets->vrf, archive->vkey.name, subject, out);
}

/* ---- map and subject tree ---- */

enum error snapshot_prove_map(
	struct snapshot *snapshot, const struct label *label, bool *present, struct map_proof *out)
{
	struct hash value;
	struct runs *runs;
	if (snapshot->filing.epoch_index == 0)
		return E_NOT_FOUND;
	TRY(snapshot_runs(snapshot, &runs));
	return map_store_prove(runs, label, present, &value, out);
}

static void reverse(uint64_t *indexes, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		uint64_t swapped = indexes[i];
		indexes[i] = indexes[count - 1 - i];
		indexes[count - 1 - i] = swapped;
	}
}

enum error snapshot_subject_events(struct snapshot *snapshot, struct bytes subject, uint64_t **indexes, size_t *count)
{
	struct alias alias;
	struct head head;
	struct runs *runs;
	*indexes = NULL;
	*count = 0;
	if (snapshot->archive->secrets == NULL)
		return E_PERMISSION;
	const struct seal_keys *keys = &snapshot->archive->secrets->seal;
	alias_make(&snapshot->archive->secrets->alias, subject, &alias);
	TRY(snapshot_runs(snapshot, &runs));
	enum error error = head_get(runs, keys, &alias, &head);
	if (error != E_OK)
		return error == E_NOT_FOUND ? E_OK : error;
	OWNED_MEMORY uint64_t *all = calloc((size_t)head.frontier.size, sizeof *all);
	TRY(allocated(all));
	TRY(posting_find(runs, keys, &alias, UINT64_MAX, all, (size_t)head.frontier.size, count));
	reverse(all, *count);
	*indexes = OWN_TAKE(all);
	return E_OK;
}

enum error snapshot_subject_leaf(struct snapshot *snapshot, uint64_t index, struct hash *blind, struct hash *leaf)
{
	struct hash own_blind, entry_leaf;
	if (snapshot->archive->secrets == NULL)
		return E_PERMISSION;
	TRY(log_row(&snapshot->txn, 0, index, 1, &entry_leaf));
	blind_make(&snapshot->archive->secrets->blinding.subject, index, &own_blind);
	subject_leaf_hash(&own_blind, index, &entry_leaf, leaf);
	*blind = own_blind;
	return E_OK;
}

/* ---- filing tree ---- */

/* The label under which an alias is filed. */
static enum error label_of(struct snapshot *snapshot, const struct alias *alias, struct label *out)
{
	struct head head;
	struct runs *runs;
	TRY(snapshot_runs(snapshot, &runs));
	TRY(db_must(head_get(runs, &snapshot->archive->secrets->seal, alias, &head)));
	*out = head.label;
	return E_OK;
}

/* What is lost has no row: the auditor is told by the loss entries. */
static enum error visit_pack(struct snapshot *snapshot, const struct alias_walk *walk, uint64_t from, uint64_t to,
	filing_visitor *visit, void *context)
{
	const struct blinding_keys *keys = &snapshot->archive->secrets->blinding;
	for (uint32_t i = 0; i < walk->count; i++) {
		struct label_row place = {.index = walk->first_index + i};
		if (place.index < from || place.index >= to || losses_cover(&snapshot->losses, place.index))
			continue;
		TRY(label_of(snapshot, &walk->aliases[i], &place.label));
		blind_make(&keys->subject, place.index, &place.subject_blind);
		blind_make(&keys->filing, place.index, &place.filing_blind);
		TRY(visit(context, &place));
	}
	return E_OK;
}

static enum error visit_packs(struct snapshot *snapshot, struct alias_walk *walk, uint64_t from, uint64_t to,
	filing_visitor *visit, void *context)
{
	TRY(alias_walk_to(walk, from));
	for (;;) {
		enum error error = alias_walk_next(walk);
		if (error == E_NOT_FOUND || (error == E_OK && walk->first_index >= to))
			return E_OK;
		TRY(error);
		TRY(visit_pack(snapshot, walk, from, to, visit, context));
	}
}

enum error snapshot_visit_filing(
	struct snapshot *snapshot, uint64_t from, uint64_t to, filing_visitor *visit, void *context)
{
	if (snapshot->archive->secrets == NULL)
		return E_PERMISSION;
	if (to > snapshot->filing.filed)
		return E_BAD_VALUE;
	OWNED_MEMORY struct alias_walk *walk = malloc(sizeof *walk);
	TRY(allocated(walk));
	TRY(alias_walk_begin(&snapshot->txn, &snapshot->archive->secrets->seal, from, walk));
	enum error error = visit_packs(snapshot, walk, from, to, visit, context);
	alias_walk_end(walk);
	return error;
}

uint64_t snapshot_filing_size(const struct snapshot *snapshot)
{
	return snapshot->filing.leaves.size;
}

enum error snapshot_filing_position(struct snapshot *snapshot, uint64_t first_index, uint64_t *out)
{
	return alias_position(&snapshot->txn, first_index, out);
}

enum error snapshot_prove_filing(
	struct snapshot *snapshot, uint64_t first, uint64_t count, struct merkle_range_proof *out)
{
	struct merkle_nodes nodes = {filing_node, &snapshot->txn};
	return merkle_prove_range(&nodes, first, count, snapshot->filing.leaves.size, out);
}

enum error snapshot_batch(struct snapshot *snapshot, uint32_t sender, uint64_t sequence, uint64_t *first_sequence,
	uint32_t *count, uint64_t *first_index)
{
	struct store_batch batch;
	TRY(store_batch_get(&snapshot->txn, sender, sequence, &batch));
	if (sequence - batch.first_sequence >= batch.count)
		return E_NOT_FOUND;
	*first_sequence = batch.first_sequence;
	*first_index = batch.first_index;
	*count = batch.count;
	return E_OK;
}
