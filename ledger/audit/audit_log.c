/* bundle ─► entry ─► is its hash the tile's? ─► decode ─► the log's rules ─► rows beside it ─► into the tree
 *                                                                                              └► nodes = tiles?
 *
 * The hash goes first, because one that does not fit names the entry; a root would name none. Of each row of the tree
 * one tile is at hand, so memory does not grow with the log. Rows of batches and of senders' entries are looked up as
 * the entry comes by, with keys records and packs too; at the end the counts say that there are no others. */
#include "ledger/audit/audit_log.h"

#include <inttypes.h>
#include <string.h>

void audit_log_begin(
	struct audit_log *log, const struct audit_view *view, struct audit_records *records, struct audit_filing *filing)
{
	log->view = view;
	log->records = records;
	log->filing = filing;
	merkle_frontier_init(&log->frontier);
	log->rules.state.bundles = log_bundles_of(view->txn);
}

/* ---- tree ---- */

/* Hashes that row `row` has in all. */
static uint64_t row_size(const struct audit_log *log, uint32_t row)
{
	return log->view->checkpoint.size >> (LOG_ROW_LEVELS * row);
}

/* Its width follows from the size of the log: a tile that has more would show hashes of entries that nobody signed. */
static enum error load_tile(struct audit_log *log, uint32_t row, uint64_t number, uint64_t leaf)
{
	uint8_t key[HASH_ROW_KEY_BYTES];
	struct audit_tile *tile = &log->tiles[row];
	uint64_t left = row_size(log, row) - number * LOG_WIDTH;
	size_t width = left < LOG_WIDTH ? (size_t)left : LOG_WIDTH;
	tile->loaded = false;
	enum error error = db_get(log->view->txn, STORE_TILE, hash_rows_key(row, number, key), &tile->hashes);
	if (error != E_OK)
		return audit_judge(log->view, error, leaf, "tile %" PRIu64 " of row %" PRIu32 " cannot be read: %s", number,
			row, audit_why(error));
	if (tile->hashes.len != width * HASH_BYTES)
		return audit_finding(log->view, leaf, "tile %" PRIu64 " of row %" PRIu32 " has %zu bytes and should have %zu",
			number, row, tile->hashes.len, width * HASH_BYTES);
	tile->number = number;
	tile->loaded = true;
	return E_OK;
}

/* A row above the first names no single entry, because its first row did hold: the tile itself is wrong. */
static enum error compare_node(struct audit_log *log, uint32_t row, uint64_t index, const struct hash *hash)
{
	const struct audit_tile *tile = &log->tiles[row];
	uint64_t leaf = index << (LOG_ROW_LEVELS * row);
	if (!tile->loaded || tile->number != index / LOG_WIDTH)
		TRY(load_tile(log, row, index / LOG_WIDTH, leaf));
	if (memcmp(tile->hashes.data + index % LOG_WIDTH * HASH_BYTES, hash->b, HASH_BYTES) == 0)
		return E_OK;
	if (row == 0)
		return audit_finding(log->view, leaf, "the entry does not have the hash that the tree has for it");
	return audit_finding(log->view, leaf,
		"the tree's hash over the entries from %" PRIu64 " to %" PRIu64 " is not that of the entries", leaf,
		leaf + ((uint64_t)1 << (LOG_ROW_LEVELS * row)) - 1);
}

/* Told about every complete node: those of the rows are stored in tiles. */
static void take_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct audit_log *log = context;
	if (log->tile_error == E_OK && level % LOG_ROW_LEVELS == 0 && level / LOG_ROW_LEVELS < LOG_ROWS_MAX)
		log->tile_error = compare_node(log, level / LOG_ROW_LEVELS, index, hash);
}

/* ---- entries ---- */

/* The row that names this entry as one of the sender's. */
static enum error check_change_row(struct audit_log *log, uint64_t index, uint32_t sender)
{
	struct bytes row;
	enum error error = db_get(log->view->txn, STORE_CHANGE, DB_KEY_PAIR(sender, index), &row);
	if (error != E_OK || row.len != 0)
		return audit_judge(log->view, error, index, "the store has no row for this entry of sender %" PRIu32, sender);
	return E_OK;
}

/* The row that answers a repeated batch. */
static enum error check_batch_row(struct audit_log *log, uint64_t index)
{
	const struct log_run *run = &log->rules.state.run;
	const struct store_batch batch = {run->first_sequence, run->first_index, run->count};
	uint8_t wanted[STORE_BATCH_BYTES];
	struct bytes row;
	store_batch_encode(&batch, wanted);
	enum error error = db_get(log->view->txn, STORE_BATCH, DB_KEY_PAIR(run->sender, run->first_sequence), &row);
	if (error == E_OK && bytes_equal(row, BYTES_ARRAY(wanted)))
		return E_OK;
	return audit_judge(log->view, error, index, "the store's row for the batch is missing or another");
}

/* The sealed record, or none for what is lost: nobody declares lost what is there. */
static enum error check_event_rows(struct audit_log *log, uint64_t index, const struct entry_event *event)
{
	const struct log_run *run = &log->rules.state.run;
	struct bytes row;
	if (run->count == 1)
		log->missing.events_before_run = log->missing.events;
	uint64_t position = log->rules.state.filing_leaves - log->missing.events_before_run;
	if (!losses_cover(&log->view->lost, index))
		return log->records != NULL ? audit_records_event(log->records, index, event, position) : E_OK;
	log->missing.records++;
	log->missing.events += !event->mass;
	enum error error = db_get(log->view->txn, STORE_RECORD, DB_KEY(index), &row);
	if (error == E_NOT_FOUND)
		return E_OK;
	return audit_judge(log->view, error, index, "the log says that the event is lost, and the store has its record");
}

static enum error check_pack(struct audit_log *log)
{
	const struct log_run *run = &log->rules.state.run;
	if (losses_count(&log->view->lost, run->first_index, run->first_index + run->count) < run->count)
		return log->records != NULL ? audit_records_batch(log->records) : E_OK;
	log->missing.packs += !run->mass;
	return E_OK;
}

/* What the store must have beside an entry that holds. */
static enum error check_rows(struct audit_log *log, uint64_t index, const struct entry *entry)
{
	switch (entry->kind) {
	case ENTRY_SENDER:
		return check_change_row(log, index, entry->sender.sender);
	case ENTRY_EVENT:
	case ENTRY_MASS:
		return check_event_rows(log, index, &entry->event);
	case ENTRY_BATCH:
		TRY(check_batch_row(log, index));
		return check_pack(log);
	default:
		return E_OK;
	}
}

static enum error take_entry(struct audit_log *log, uint64_t index, const struct entry *entry)
{
	struct log_finding finding;
	enum error error = log_rules_entry(&log->rules, entry, &finding);
	if (error == E_CORRUPT)
		return audit_finding(log->view, finding.index, "%s", finding.text);
	TRY(error);
	return check_rows(log, index, entry);
}

/* ---- bundles ---- */

/* The tree goes first, because a hash that does not fit names the entry exactly. */
static enum error check_entry(struct audit_log *log, uint64_t index, struct bytes encoded)
{
	struct entry entry;
	struct hash leaf;
	merkle_leaf_hash(encoded, &leaf);
	TRY(compare_node(log, 0, index, &leaf));
	enum error error = entry_decode(encoded, &entry);
	if (error != E_OK)
		return audit_finding(log->view, index, "the entry cannot be read: %s", audit_why(error));
	TRY(take_entry(log, index, &entry));
	if (log->filing != NULL)
		TRY(audit_filing_entry(log->filing, &entry, &leaf));
	merkle_frontier_append(&log->frontier, &leaf, take_node, log);
	log->view->report->done++;
	return log->tile_error;
}

enum error audit_log_bundle(struct audit_log *log, uint64_t number)
{
	struct bytes bundle;
	uint64_t index = number * LOG_WIDTH;
	uint64_t left = log->view->checkpoint.size - index;
	enum error error = log_bundle(log->view->txn, number, &bundle);
	if (error != E_OK)
		return audit_judge(log->view, error, index, "the entries from here on cannot be read: %s", audit_why(error));
	struct reader r = reader_of(bundle);
	uint64_t end = index + (left < LOG_WIDTH ? left : LOG_WIDTH);
	if (log->filing != NULL)
		TRY(audit_filing_rows(log->filing, index, end));
	for (; index < end; index++) {
		struct bytes encoded = reader_range16(&r, ENTRY_BYTES_MAX);
		if (r.error != E_OK)
			return audit_finding(log->view, index, "the entry is cut off");
		TRY(check_entry(log, index, encoded));
	}
	if (reader_done(&r) != E_OK)
		return audit_finding(log->view, index - 1, "there are bytes after the entry that belong to none");
	return E_OK;
}

/* ---- what follows from the entries ---- */

static bool same_policy(const struct policy *a, const struct policy *b)
{
	return a->restricted == b->restricted && a->flags == b->flags && strcmp(a->purpose, b->purpose) == 0;
}

/* Member by member: between them may be bytes that mean nothing. */
static bool same_sender(const struct sender *a, const struct sender *b)
{
	return a->id == b->id && a->status == b->status && a->endorsed == b->endorsed && a->compromised == b->compromised &&
		   a->version == b->version && a->since_s == b->since_s && a->last_s == b->last_s &&
		   a->next_sequence == b->next_sequence && a->filing_checked == b->filing_checked &&
		   strcmp(a->org, b->org) == 0 && strcmp(a->name, b->name) == 0 &&
		   memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0 && same_policy(&a->policy, &b->policy);
}

static enum error check_senders(struct audit_log *log)
{
	for (size_t i = 0; i < log->rules.sender_count; i++) {
		const struct sender *wanted = log->rules.senders[i];
		struct sender stored;
		enum error error = snapshot_sender(log->view->snapshot, wanted->id, &stored);
		if (error != E_OK || !same_sender(wanted, &stored))
			return audit_judge(log->view, error, wanted->version,
				"the store's row for sender %" PRIu32 " is missing or says something else than the log", wanted->id);
	}
	return E_OK;
}

/* Every row that should be there was looked up; if the number fits too there is none that should not. */
static enum error check_count(struct audit_log *log, enum store_table table, const char *name, uint64_t wanted)
{
	uint64_t count = 0;
	enum error error = db_count(log->view->txn, table, &count);
	if (error == E_OK && count == wanted)
		return E_OK;
	return audit_judge(log->view, error, log->view->checkpoint.size - 1,
		"the store has %" PRIu64 " rows of %s and should have %" PRIu64, count, name, wanted);
}

/* The ledger goes on from it without asking the entries again, so it must be what they give. */
static enum error check_state(struct audit_log *log)
{
	struct store_state state;
	uint64_t last = log->view->checkpoint.size - 1;
	enum error error = store_state_get(log->view->txn, &state);
	if (error != E_OK || state.time_s != log->rules.state.time_s || state.events != log->rules.state.events ||
		state.filing_leaves != log->rules.state.filing_leaves - log->missing.events ||
		state.frontier.size != log->frontier.size ||
		memcmp(state.frontier.hashes, log->frontier.hashes, log->frontier.count * sizeof(struct hash)) != 0)
		return audit_judge(log->view, error, last, "the store's own state is not that of its entries");
	return E_OK;
}

/* The log says what is lost, but for a loss whose entry is the next to be appended. */
static enum error check_losses(struct audit_log *log)
{
	struct losses said = log->rules.state.losses;
	const struct losses *lost = &log->view->lost;
	struct log_finding finding;
	uint64_t size = log->view->checkpoint.size;
	const struct lost_range *due = losses_newest(lost);
	if (due != NULL && due->entry == size) {
		struct entry_loss entry = {due->first, due->end, due->events};
		enum error error = losses_take(&said, &entry, size, &log->rules.state.bundles, &finding);
		if (error != E_OK)
			return audit_judge(log->view, error, finding.index, "%s", finding.text);
	}
	if (!losses_equal(&said, lost))
		return audit_finding(
			log->view, size - 1, "the store has other events as lost than the loss entries of the log say");
	return E_OK;
}

enum error audit_log_end(struct audit_log *log)
{
	uint64_t size = log->view->checkpoint.size;
	uint64_t tiles = 0;
	for (uint32_t row = 0; row < LOG_ROWS_MAX; row++)
		tiles += (row_size(log, row) + LOG_WIDTH - 1) / LOG_WIDTH;
	struct log_finding finding;
	if (log_rules_end(&log->rules, &finding) != E_OK)
		return audit_finding(log->view, finding.index, "%s", finding.text);
	TRY(check_losses(log));
	TRY(check_senders(log));
	TRY(check_count(log, STORE_BUNDLE, "bundles", (size + LOG_WIDTH - 1) / LOG_WIDTH));
	TRY(check_count(log, STORE_TILE, "tiles", tiles));
	TRY(check_count(log, STORE_RECORD, "records", log->rules.state.events - log->missing.records));
	TRY(check_count(log, STORE_ALIAS, "alias packs", log->rules.event_batches - log->missing.packs));
	TRY(check_count(log, STORE_BATCH, "batches", log->rules.batches));
	TRY(check_count(log, STORE_SENDER, "senders", log->rules.sender_count));
	TRY(check_count(log, STORE_CHANGE, "sender entries", log->rules.sender_entries));
	return check_state(log);
}
