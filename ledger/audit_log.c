#include "ledger/audit_state.h"

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
		return audit_finding(
			audit, leaf, "tile %" PRIu64 " of row %" PRIu32 " cannot be read: %s", number, row, audit_why(error));
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

/* ---- senders ---- */

static size_t sender_place(const struct audit *audit, uint32_t id)
{
	size_t low = 0;
	size_t high = audit->sender_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (audit->senders[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct sender *sender_find(const struct audit *audit, uint32_t id)
{
	size_t place = sender_place(audit, id);
	return place < audit->sender_count && audit->senders[place]->id == id ? audit->senders[place] : NULL;
}

static enum error sender_add(struct audit *audit, const struct sender *sender)
{
	struct sender **larger = realloc(audit->senders, (audit->sender_count + 1) * sizeof *larger);
	if (larger == NULL)
		return E_NO_MEMORY;
	audit->senders = larger;
	struct sender *copy = malloc(sizeof *copy);
	if (copy == NULL)
		return E_NO_MEMORY;
	*copy = *sender;
	size_t place = sender_place(audit, sender->id);
	memmove(&larger[place + 1], &larger[place], (audit->sender_count - place) * sizeof *larger);
	larger[place] = copy;
	audit->sender_count++;
	return E_OK;
}

static enum error register_sender(
	struct audit *audit, uint64_t index, const struct entry_sender *entry, const struct sender *old)
{
	if (entry->sender == 0 || old != NULL)
		return audit_finding(
			audit, index, "sender %" PRIu32 " is registered under an id that is taken or 0", entry->sender);
	struct sender sender = {.id = entry->sender,
		.status = SENDER_ACTIVE,
		.endorsed = sender_endorsed(audit->vkey->name, entry, NULL),
		.version = index,
		.since_s = entry->time_s,
		.policy = entry->policy};
	strcpy(sender.org, entry->org);
	strcpy(sender.name, entry->name);
	memcpy(sender.public_key, entry->public_key, sizeof sender.public_key);
	audit->result.unendorsed += !sender.endorsed;
	audit->result.senders++;
	return sender_add(audit, &sender);
}

static enum error check_change_row(struct audit *audit, uint64_t index, uint32_t sender)
{
	uint8_t key[12];
	struct bytes row;
	put_u32(key, sender);
	put_u64(key + 4, index);
	audit->changes++;
	if (db_get(audit->txn, STORE_CHANGE, BYTES_ARRAY(key), &row) != E_OK || row.len != 0)
		return audit_finding(audit, index, "the store has no row for this entry of sender %" PRIu32, sender);
	return E_OK;
}

static enum error take_sender(struct audit *audit, uint64_t index, const struct entry_sender *entry)
{
	struct sender *sender = sender_find(audit, entry->sender);
	TRY(check_change_row(audit, index, entry->sender));
	if (entry->action == SENDER_REGISTER)
		return register_sender(audit, index, entry, sender);
	if (sender == NULL || sender->status == SENDER_REVOKED)
		return audit_finding(
			audit, index, "sender %" PRIu32 " is changed but not registered, or revoked already", entry->sender);
	if (strcmp(sender->org, entry->org) != 0 || strcmp(sender->name, entry->name) != 0)
		return audit_finding(audit, index, "sender %" PRIu32 " changes its organisation or its name", entry->sender);
	sender->version = index;
	if (entry->action == SENDER_REVOKE) {
		sender->status = SENDER_REVOKED;
		sender->compromised = entry->compromised;
		return E_OK;
	}
	bool endorsed = sender_endorsed(audit->vkey->name, entry, sender->public_key);
	audit->result.unendorsed += !endorsed;
	sender->endorsed = sender->endorsed && endorsed;
	memcpy(sender->public_key, entry->public_key, sizeof sender->public_key);
	sender->policy = entry->policy;
	return E_OK;
}

/* ---- events and batches ---- */

static enum error begin_run(struct audit *audit, uint64_t index, const struct entry_event *event)
{
	struct audit_run *run = &audit->run;
	struct sender *sender = sender_find(audit, event->sender);
	if (sender == NULL || sender->status != SENDER_ACTIVE)
		return audit_finding(
			audit, index, "an event of sender %" PRIu32 ", which is not registered or revoked", event->sender);
	if (event->sequence != sender->next_sequence)
		return audit_finding(audit, index,
			"sequence %" PRIu64 " of sender %" PRIu32 " stands where %" PRIu64 " should be", event->sequence,
			event->sender, sender->next_sequence);
	*run = (struct audit_run){.sender = sender, .mass = event->mass, .first_sequence = event->sequence};
	run->first_index = index;
	merkle_frontier_init(&run->commitments);
	return E_OK;
}

static enum error take_event(struct audit *audit, uint64_t index, const struct entry_event *event)
{
	struct audit_run *run = &audit->run;
	if (run->sender == NULL)
		TRY(begin_run(audit, index, event));
	if (event->sender != run->sender->id || event->mass != run->mass || run->count == BATCH_EVENTS_MAX ||
		event->sequence != run->first_sequence + run->count)
		return audit_finding(audit, index,
			"the event does not go on with the batch that begins at index %" PRIu64 ", and no batch entry is between",
			run->first_index);
	if (audit->records != NULL)
		TRY(audit_records_event(audit, index, event));
	merkle_frontier_append(&run->commitments, &event->commitment, NULL, NULL);
	run->count++;
	audit->result.events++;
	return E_OK;
}

/* The row that answers a repeated batch. */
static enum error check_batch_row(struct audit *audit, uint64_t index)
{
	const struct audit_run *run = &audit->run;
	uint8_t key[12];
	uint8_t wanted[12];
	struct bytes row;
	put_u32(key, run->sender->id);
	put_u64(key + 4, run->first_sequence);
	put_u64(wanted, run->first_index);
	put_u32(wanted + 8, run->count);
	enum error error = db_get(audit->txn, STORE_BATCH, BYTES_ARRAY(key), &row);
	if (error == E_OK && bytes_equal(row, BYTES_ARRAY(wanted)))
		return E_OK;
	return audit_finding(audit, index, "the store's row for the batch is missing or another");
}

static enum error take_batch(struct audit *audit, uint64_t index, const struct entry_batch *batch)
{
	struct audit_run *run = &audit->run;
	struct sender *sender = run->sender;
	struct hash root;
	if (sender == NULL || batch->sender != sender->id || batch->first_sequence != run->first_sequence ||
		batch->count != run->count)
		return audit_finding(audit, index, "the batch entry is not about the events before it");
	struct batch_head head = {run->mass ? BATCH_MASS : BATCH_EVENT, batch->sender, batch->first_sequence, batch->count,
		batch->filing_checked, {0}};
	memcpy(head.signature, batch->signature, sizeof head.signature);
	merkle_frontier_root(&run->commitments, &root);
	if (batch_check_signature(audit->vkey->name, &head, &root, sender->public_key) != E_OK)
		return audit_finding(audit, index,
			"the signature of sender %" PRIu32 " does not verify over the events from index %" PRIu64, batch->sender,
			run->first_index);
	TRY(check_batch_row(audit, index));
	if (audit->records != NULL)
		TRY(audit_records_batch(audit));
	sender->next_sequence += batch->count;
	if (batch->filing_checked > sender->filing_checked)
		sender->filing_checked = batch->filing_checked;
	sender->last_s = audit->time_s;
	audit->result.batches++;
	audit->event_batches += !run->mass;
	audit->filing_leaves += run->mass ? 0 : run->count;
	run->sender = NULL;
	return E_OK;
}

/* ---- other entries ---- */

static enum error take_genesis(struct audit *audit, uint64_t index, const struct entry_genesis *genesis)
{
	if (strcmp(genesis->origin, audit->vkey->name) != 0 ||
		memcmp(genesis->log_key, audit->vkey->public_key, sizeof genesis->log_key) != 0)
		return audit_finding(audit, index, "the genesis entry names another log than the vkey");
	return E_OK;
}

static enum error take_epoch(struct audit *audit, uint64_t index, const struct entry_epoch *epoch)
{
	uint64_t time_s;
	if (epoch->size == 0 || epoch->size > index || epoch->size < audit->epoch_size)
		return audit_finding(audit, index, "the epoch covers entries after itself, or fewer than the one before");
	if (log_time_before(audit->txn, epoch->size, &time_s) != E_OK || epoch->time_s != time_s)
		return audit_finding(audit, index, "the epoch's time is not the ledger time of the last entry that it covers");
	audit->epoch_size = epoch->size;
	audit->epoch_index = index;
	return E_OK;
}

static enum error check_lag(struct audit *audit, uint64_t index, const struct entry *entry)
{
	uint64_t late;
	enum error error = epoch_lag_entry(&audit->lag, index, entry, &late);
	if (error != E_CORRUPT)
		return error;
	return audit_finding(audit, late,
		"the event is filed too late: the log goes on for more than %" PRIu64 " seconds, to index %" PRIu64
		", before an epoch covers it",
		audit->lag.lag_s, index);
}

static enum error take_entry(struct audit *audit, uint64_t index, const struct entry *entry)
{
	bool in_run = entry->kind == ENTRY_EVENT || entry->kind == ENTRY_MASS || entry->kind == ENTRY_BATCH;
	uint64_t time_s = audit->time_s;
	if ((index == 0) != (entry->kind == ENTRY_GENESIS))
		return audit_finding(audit, index,
			index == 0 ? "the log does not begin with a genesis entry" : "a genesis entry inside the log");
	if (audit->run.sender != NULL && !in_run)
		return audit_finding(audit, index, "the events from index %" PRIu64 " are not followed by their batch entry",
			audit->run.first_index);
	if (entry_time(entry, &time_s) && time_s < audit->time_s)
		return audit_finding(audit, index, "the ledger's time runs backwards");
	audit->time_s = time_s;
	switch (entry->kind) {
	case ENTRY_GENESIS:
		return take_genesis(audit, index, &entry->genesis);
	case ENTRY_SENDER:
		return take_sender(audit, index, &entry->sender);
	case ENTRY_EVENT:
	case ENTRY_MASS:
		return take_event(audit, index, &entry->event);
	case ENTRY_BATCH:
		return take_batch(audit, index, &entry->batch);
	case ENTRY_EPOCH:
		return take_epoch(audit, index, &entry->epoch);
	case ENTRY_ERASURE:
		return E_OK;
	}
	return E_OK;
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
	TRY(check_lag(audit, index, &entry));
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
		return audit_finding(audit, index, "the entries from here on cannot be read: %s", audit_why(error));
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
	for (size_t i = 0; i < audit->sender_count; i++) {
		const struct sender *wanted = audit->senders[i];
		struct sender stored;
		enum error error = snapshot_sender(audit->snapshot, wanted->id, &stored);
		if (error != E_OK || !same_sender(wanted, &stored))
			return audit_finding(audit, wanted->version,
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
	return audit_finding(audit, audit->checkpoint.size - 1,
		"the store has %" PRIu64 " rows of %s and should have %" PRIu64, count, name, wanted);
}

static enum error check_state(struct audit *audit)
{
	struct store_state state;
	uint64_t last = audit->checkpoint.size - 1;
	if (store_state_get(audit->txn, &state) != E_OK || state.time_s != audit->time_s ||
		state.events != audit->result.events || state.filing_leaves != audit->filing_leaves ||
		state.frontier.size != audit->frontier.size ||
		memcmp(state.frontier.hashes, audit->frontier.hashes, audit->frontier.count * sizeof(struct hash)) != 0)
		return audit_finding(audit, last, "the store's own state is not that of its entries");
	return E_OK;
}

enum error audit_tables(struct audit *audit)
{
	uint64_t size = audit->checkpoint.size;
	uint64_t tiles = 0;
	for (uint32_t row = 0; row < LOG_ROWS_MAX; row++)
		tiles += (row_size(audit, row) + LOG_WIDTH - 1) / LOG_WIDTH;
	if (audit->run.sender != NULL)
		return audit_finding(
			audit, audit->run.first_index, "the last events of the log are not followed by their batch entry");
	TRY(check_senders(audit));
	TRY(check_count(audit, STORE_BUNDLE, "bundles", (size + LOG_WIDTH - 1) / LOG_WIDTH));
	TRY(check_count(audit, STORE_TILE, "tiles", tiles));
	TRY(check_count(audit, STORE_RECORD, "records", audit->result.events));
	TRY(check_count(audit, STORE_ALIAS, "alias packs", audit->event_batches));
	TRY(check_count(audit, STORE_BATCH, "batches", audit->result.batches));
	TRY(check_count(audit, STORE_SENDER, "senders", audit->sender_count));
	TRY(check_count(audit, STORE_CHANGE, "sender entries", audit->changes));
	return check_state(audit);
}
