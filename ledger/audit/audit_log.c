/* bundle ─► entry ─► is its hash the tile's? ─► decode ─► the log's rules ─► rows beside it ─► into the tree
 *                                                                                              └► nodes = tiles?
 *
 * The hash goes first, because one that does not fit names the entry; a root would name none. Of each row of the tree
 * one tile is at hand, so memory does not grow with the log. Rows of batches and of senders' entries are looked up as
 * the entry comes by, with keys records and packs too; at the end the counts say that there are no others. */
#include "ledger/audit/audit_state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- tree ---- */

/* Hashes that row `row` has in all. */
static uint64_t row_size(const struct audit *audit, uint32_t row)
{
	return audit->checkpoint.size >> (LOG_ROW_LEVELS * row);
}

static enum error load_tile(struct audit *audit, uint32_t row, uint64_t number, uint64_t leaf)
{
	uint8_t key[9] = {(uint8_t)row};
	struct audit_tile *tile = &audit->tiles[row];
	uint64_t left = row_size(audit, row) - number * LOG_WIDTH;
	size_t width = left < LOG_WIDTH ? (size_t)left : LOG_WIDTH;
	put_u64(key + 1, number);
	tile->loaded = false;
	enum error error = db_get(audit->txn, STORE_TILE, BYTES_ARRAY(key), &tile->hashes);
	if (error != E_OK)
		return audit_judge(audit, error, leaf, "tile %" PRIu64 " of row %" PRIu32 " cannot be read: %s", number, row,
			audit_why(error));
	if (tile->hashes.len != width * HASH_BYTES)
		return audit_finding(audit, leaf, "tile %" PRIu64 " of row %" PRIu32 " has %zu bytes and should have %zu",
			number, row, tile->hashes.len, width * HASH_BYTES);
	tile->number = number;
	tile->loaded = true;
	return E_OK;
}

static enum error compare_node(struct audit *audit, uint32_t row, uint64_t index, const struct hash *hash)
{
	const struct audit_tile *tile = &audit->tiles[row];
	uint64_t leaf = index << (LOG_ROW_LEVELS * row);
	if (!tile->loaded || tile->number != index / LOG_WIDTH)
		TRY(load_tile(audit, row, index / LOG_WIDTH, leaf));
	if (memcmp(tile->hashes.data + index % LOG_WIDTH * HASH_BYTES, hash->b, HASH_BYTES) == 0)
		return E_OK;
	if (row == 0)
		return audit_finding(audit, leaf, "the entry does not have the hash that the tree has for it");
	return audit_finding(audit, leaf,
		"the tree's hash over the entries from %" PRIu64 " to %" PRIu64 " is not that of the entries", leaf,
		leaf + ((uint64_t)1 << (LOG_ROW_LEVELS * row)) - 1);
}

/* Told about every complete node: those of the rows are stored in tiles. */
static void take_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct audit *audit = context;
	if (audit->tile_error == E_OK && level % LOG_ROW_LEVELS == 0 && level / LOG_ROW_LEVELS < LOG_ROWS_MAX)
		audit->tile_error = compare_node(audit, level / LOG_ROW_LEVELS, index, hash);
}

/* ---- entries ---- */

/* The row that names this entry as one of the sender's. */
static enum error check_change_row(struct audit *audit, uint64_t index, uint32_t sender)
{
	uint8_t key[12];
	struct bytes row;
	put_u32(key, sender);
	put_u64(key + 4, index);
	enum error error = db_get(audit->txn, STORE_CHANGE, BYTES_ARRAY(key), &row);
	if (error != E_OK || row.len != 0)
		return audit_judge(audit, error, index, "the store has no row for this entry of sender %" PRIu32, sender);
	return E_OK;
}

/* The row that answers a repeated batch. */
static enum error check_batch_row(struct audit *audit, uint64_t index)
{
	const struct log_run *run = &audit->rules.state.run;
	uint8_t key[12];
	uint8_t wanted[12];
	struct bytes row;
	put_u32(key, run->sender);
	put_u64(key + 4, run->first_sequence);
	put_u64(wanted, run->first_index);
	put_u32(wanted + 8, run->count);
	enum error error = db_get(audit->txn, STORE_BATCH, BYTES_ARRAY(key), &row);
	if (error == E_OK && bytes_equal(row, BYTES_ARRAY(wanted)))
		return E_OK;
	return audit_judge(audit, error, index, "the store's row for the batch is missing or another");
}

/* The sealed record, or none for what is lost: nobody declares lost what is there. */
static enum error check_event_rows(struct audit *audit, uint64_t index, const struct entry_event *event)
{
	uint8_t key[8];
	struct bytes row;
	if (!losses_cover(&audit->lost, index))
		return audit->records != NULL ? audit_records_event(audit, index, event) : E_OK;
	audit->missing.records++;
	audit->missing.events += !event->mass;
	put_u64(key, index);
	enum error error = db_get(audit->txn, STORE_RECORD, BYTES_ARRAY(key), &row);
	if (error == E_NOT_FOUND)
		return E_OK;
	return audit_judge(audit, error, index, "the log says that the event is lost, and the store has its record");
}

static enum error check_pack(struct audit *audit)
{
	const struct log_run *run = &audit->rules.state.run;
	if (losses_count(&audit->lost, run->first_index, run->first_index + run->count) < run->count)
		return audit->records != NULL ? audit_records_batch(audit) : E_OK;
	audit->missing.packs += !run->mass;
	return E_OK;
}

/* What the store must have beside an entry that holds. */
static enum error check_rows(struct audit *audit, uint64_t index, const struct entry *entry)
{
	switch (entry->kind) {
	case ENTRY_SENDER:
		return check_change_row(audit, index, entry->sender.sender);
	case ENTRY_EVENT:
	case ENTRY_MASS:
		return check_event_rows(audit, index, &entry->event);
	case ENTRY_BATCH:
		TRY(check_batch_row(audit, index));
		return check_pack(audit);
	default:
		return E_OK;
	}
}

static enum error take_entry(struct audit *audit, uint64_t index, const struct entry *entry)
{
	struct log_finding finding;
	enum error error = log_rules_entry(&audit->rules, entry, &finding);
	if (error == E_CORRUPT)
		return audit_finding(audit, finding.index, "%s", finding.text);
	TRY(error);
	return check_rows(audit, index, entry);
}

/* ---- bundles ---- */

/* The tree goes first, because a hash that does not fit names the entry exactly. */
static enum error check_entry(struct audit *audit, uint64_t index, struct bytes encoded)
{
	struct entry entry;
	struct hash leaf;
	merkle_leaf_hash(encoded, &leaf);
	TRY(compare_node(audit, 0, index, &leaf));
	enum error error = entry_decode(encoded, &entry);
	if (error != E_OK)
		return audit_finding(audit, index, "the entry cannot be read: %s", audit_why(error));
	TRY(take_entry(audit, index, &entry));
	if (audit->filing != NULL)
		TRY(audit_filing_entry(audit, &entry, &leaf));
	merkle_frontier_append(&audit->frontier, &leaf, take_node, audit);
	audit->result.entries++;
	return audit->tile_error;
}

enum error audit_bundle(struct audit *audit, uint64_t number)
{
	struct bytes bundle;
	uint64_t index = number * LOG_WIDTH;
	uint64_t left = audit->checkpoint.size - index;
	enum error error = snapshot_bundle(audit->snapshot, number, &bundle);
	if (error != E_OK)
		return audit_judge(audit, error, index, "the entries from here on cannot be read: %s", audit_why(error));
	struct reader r = reader_of(bundle);
	uint64_t end = index + (left < LOG_WIDTH ? left : LOG_WIDTH);
	if (audit->filing != NULL)
		TRY(audit_filing_rows(audit, index, end));
	for (; index < end; index++) {
		struct bytes encoded = reader_range16(&r, ENTRY_BYTES_MAX);
		if (r.error != E_OK)
			return audit_finding(audit, index, "the entry is cut off");
		TRY(check_entry(audit, index, encoded));
	}
	if (reader_done(&r) != E_OK)
		return audit_finding(audit, index - 1, "there are bytes after the entry that belong to none");
	return E_OK;
}

/* ---- what follows from the entries ---- */

static bool same_policy(const struct policy *a, const struct policy *b)
{
	return a->restricted == b->restricted && a->flags == b->flags && strcmp(a->purpose, b->purpose) == 0;
}

static bool same_sender(const struct sender *a, const struct sender *b)
{
	return a->id == b->id && a->status == b->status && a->endorsed == b->endorsed && a->compromised == b->compromised &&
		   a->version == b->version && a->since_s == b->since_s && a->last_s == b->last_s &&
		   a->next_sequence == b->next_sequence && a->filing_checked == b->filing_checked &&
		   strcmp(a->org, b->org) == 0 && strcmp(a->name, b->name) == 0 &&
		   memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0 && same_policy(&a->policy, &b->policy);
}

static enum error check_senders(struct audit *audit)
{
	for (size_t i = 0; i < audit->rules.sender_count; i++) {
		const struct sender *wanted = audit->rules.senders[i];
		struct sender stored;
		enum error error = snapshot_sender(audit->snapshot, wanted->id, &stored);
		if (error != E_OK || !same_sender(wanted, &stored))
			return audit_judge(audit, error, wanted->version,
				"the store's row for sender %" PRIu32 " is missing or says something else than the log", wanted->id);
	}
	return E_OK;
}

static enum error check_count(struct audit *audit, enum store_table table, const char *name, uint64_t wanted)
{
	uint64_t count = 0;
	enum error error = db_count(audit->txn, table, &count);
	if (error == E_OK && count == wanted)
		return E_OK;
	return audit_judge(audit, error, audit->checkpoint.size - 1,
		"the store has %" PRIu64 " rows of %s and should have %" PRIu64, count, name, wanted);
}

static enum error check_state(struct audit *audit)
{
	struct store_state state;
	uint64_t last = audit->checkpoint.size - 1;
	enum error error = store_state_get(audit->txn, &state);
	if (error != E_OK || state.time_s != audit->rules.state.time_s || state.events != audit->rules.state.events ||
		state.filing_leaves != audit->rules.state.filing_leaves - audit->missing.events ||
		state.frontier.size != audit->frontier.size ||
		memcmp(state.frontier.hashes, audit->frontier.hashes, audit->frontier.count * sizeof(struct hash)) != 0)
		return audit_judge(audit, error, last, "the store's own state is not that of its entries");
	return E_OK;
}

/* The log says what is lost, but for a loss whose entry is the next to be appended. */
static enum error check_losses(struct audit *audit)
{
	struct losses said = audit->rules.state.losses;
	const struct losses *lost = &audit->lost;
	struct log_finding finding;
	uint64_t size = audit->checkpoint.size;
	const struct lost_range *due = losses_newest(lost);
	if (due != NULL && due->entry == size) {
		struct entry_loss entry = {due->first, due->end, due->events};
		enum error error = losses_take(&said, &entry, size, &audit->rules.state.bundles, &finding);
		if (error != E_OK)
			return audit_judge(audit, error, finding.index, "%s", finding.text);
	}
	if (!losses_equal(&said, lost))
		return audit_finding(
			audit, size - 1, "the store has other events as lost than the loss entries of the log say");
	return E_OK;
}

enum error audit_tables(struct audit *audit)
{
	uint64_t size = audit->checkpoint.size;
	uint64_t tiles = 0;
	for (uint32_t row = 0; row < LOG_ROWS_MAX; row++)
		tiles += (row_size(audit, row) + LOG_WIDTH - 1) / LOG_WIDTH;
	struct log_finding finding;
	if (log_rules_end(&audit->rules, &finding) != E_OK)
		return audit_finding(audit, finding.index, "%s", finding.text);
	TRY(check_losses(audit));
	TRY(check_senders(audit));
	TRY(check_count(audit, STORE_BUNDLE, "bundles", (size + LOG_WIDTH - 1) / LOG_WIDTH));
	TRY(check_count(audit, STORE_TILE, "tiles", tiles));
	TRY(check_count(audit, STORE_RECORD, "records", audit->rules.state.events - audit->missing.records));
	TRY(check_count(audit, STORE_ALIAS, "alias packs", audit->rules.event_batches - audit->missing.packs));
	TRY(check_count(audit, STORE_BATCH, "batches", audit->rules.batches));
	TRY(check_count(audit, STORE_SENDER, "senders", audit->rules.sender_count));
	TRY(check_count(audit, STORE_CHANGE, "sender entries", audit->rules.sender_entries));
	return check_state(audit);
}
