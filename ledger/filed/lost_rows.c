/*   begin   the pack that `first` is in, or the end of the one before: from there on places change
 *   drop    records, and packs of which no event is left
 *   end     each pack from there on gets its place again: those before it, less what is lost of them
 *
 * All in the caller's transaction, so an error leaves everything as it was. A row is searched for anew each time, since
 * what a walk has borrowed does not outlive a write. */
#include "ledger/filed/lost_rows.h"

#include "ledger/db/db_put.h"
#include "ledger/filed/filed_put.h"

/* The next row of a log index at or after *index; E_NOT_FOUND: there is none below `end`. */
static enum error next_row(struct db_txn *txn, enum store_table table, uint64_t *index, uint64_t end)
{
	OWNED_WALK walk = {0};
	TRY(db_walk_begin(txn, table, &walk));
	TRY(db_walk_from(&walk, DB_KEY(*index)));
	if (walk.key.len != 8)
		return E_CORRUPT;
	*index = get_u64(walk.key.data);
	return *index < end ? E_OK : E_NOT_FOUND;
}

static enum error drop_row(struct db_txn *txn, enum store_table table, uint64_t index)
{
	db_delete(txn, table, DB_KEY(index));
	return txn->error;
}

/* From row to row and not from index to index: a loss may reach over millions, of which few are left. */
static enum error drop_records(struct db_txn *txn, uint64_t first, uint64_t end, bool *dropped)
{
	enum error error = next_row(txn, STORE_RECORD, &first, end);
	for (; error == E_OK; error = next_row(txn, STORE_RECORD, &first, end)) {
		TRY(drop_row(txn, STORE_RECORD, first));
		*dropped = true;
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

/* A batch is never empty, so its end lies behind its first event. */
static enum error drop_packs(struct db_txn *txn, uint64_t first, uint64_t end, bool *dropped)
{
	enum error error = next_row(txn, STORE_ALIAS, &first, end);
	for (; error == E_OK; error = next_row(txn, STORE_ALIAS, &first, end)) {
		uint64_t count;
		TRY(alias_count(txn, first, &count));
		if (count <= end - first) {
			TRY(drop_row(txn, STORE_ALIAS, first));
			*dropped = true;
		}
		first += count;
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

enum error lost_rows_drop(struct db_txn *txn, uint64_t first, uint64_t end, bool *dropped)
{
	TRY(drop_records(txn, first, end, dropped));
	return drop_packs(txn, first, end, dropped);
}

/* The last pack at or before `index`; E_NOT_FOUND. */
static enum error pack_upto(struct db_txn *txn, uint64_t index, uint64_t *out)
{
	OWNED_WALK walk = {0};
	TRY(db_walk_begin(txn, STORE_ALIAS, &walk));
	TRY(db_walk_upto(&walk, DB_KEY(index)));
	if (walk.key.len != 8)
		return E_CORRUPT;
	*out = get_u64(walk.key.data);
	return E_OK;
}

enum error lost_rows_begin(struct db_txn *txn, const struct losses *losses, uint64_t first, struct lost_rows *out)
{
	uint64_t pack, count;
	*out = (struct lost_rows){.from = first};
	enum error error = pack_upto(txn, first, &pack);
	if (error == E_NOT_FOUND)
		return E_OK;
	TRY(error);
	TRY(alias_count(txn, pack, &count));
	TRY(alias_position(txn, pack, &out->position));
	if (first - pack < count)
		out->from = pack;
	else
		out->position += count - losses_count(losses, pack, pack + count);
	return E_OK;
}

/* Every pack behind the first loss moves. That is as many rows as there are batches behind it, and is done once for
 * each loss. */
enum error lost_rows_end(struct db_txn *txn, const struct losses *losses, const struct lost_rows *rows)
{
	uint64_t index = rows->from;
	uint64_t position = rows->position;
	enum error error = next_row(txn, STORE_ALIAS, &index, UINT64_MAX);
	for (; error == E_OK; error = next_row(txn, STORE_ALIAS, &index, UINT64_MAX)) {
		uint64_t count;
		TRY(alias_count(txn, index, &count));
		TRY(aliases_move(txn, index, position));
		position += count - losses_count(losses, index, index + count);
		index += count;
	}
	return error == E_NOT_FOUND ? E_OK : error;
}
