/* leaf ─► frontier ─► every complete node ─► those of a row: into its last tile, in memory
 *                                           full: kept until it is written; not full: written with the flush
 *
 * Memory runs ahead of the table. What an aborted transaction leaves in it is wrong: only hash_rows_load brings the two
 * together again. A node that does not come next in its row says that they are apart: E_CORRUPT, from then on. */
#include "ledger/db/hash_rows_put.h"

#include "ledger/base/grow.h"
#include "ledger/db/db_put.h"

/* Invariant: `tile` begins with the last count % HASH_ROW_WIDTH hashes of the row; those before them were written, or
 * are kept as full tiles. */
struct row_tail {
	uint64_t count; /* hashes in the row so far */
	bool dirty;
	struct hash tile[HASH_ROW_WIDTH]; /* the last, partial one */
};

struct full_tile {
	uint32_t row;
	uint64_t number;
	struct hash hashes[HASH_ROW_WIDTH];
};

struct hash_rows {
	unsigned table;
	struct merkle_frontier frontier;
	struct row_tail tails[HASH_ROWS_MAX];
	struct full_tile *full; /* that are not written yet: from number `written` on */
	size_t full_count;
	size_t full_capacity;
	size_t written;
	/* While a leaf is appended. */
	enum error error;
	merkle_node_sink *sink;
	void *context;
};

enum error hash_rows_new(unsigned table, struct hash_rows **out)
{
	struct hash_rows *rows = calloc(1, sizeof *rows);
	TRY(allocated(rows));
	rows->table = table;
	merkle_frontier_init(&rows->frontier);
	*out = rows;
	return E_OK;
}

void hash_rows_free(struct hash_rows *rows)
{
	if (rows == NULL)
		return;
	free(rows->full);
	free(rows);
}

static enum error load_tail(struct row_tail *tail, struct db_txn *txn, unsigned table, uint32_t row, uint64_t size)
{
	tail->count = size >> (HASH_ROW_LEVELS * row);
	tail->dirty = false;
	size_t partial = tail->count % HASH_ROW_WIDTH;
	if (partial == 0)
		return E_OK;
	return hash_rows_get(txn, table, row, tail->count - partial, partial, tail->tile);
}

/* Also after an aborted transaction: what memory ran ahead by is forgotten here and nowhere else. */
enum error hash_rows_load(struct hash_rows *rows, struct db_txn *txn, const struct merkle_frontier *frontier)
{
	rows->frontier = *frontier;
	rows->full_count = rows->written = 0;
	rows->error = E_OK;
	for (uint32_t row = 0; row < HASH_ROWS_MAX; row++)
		TRY(load_tail(&rows->tails[row], txn, rows->table, row, frontier->size));
	return E_OK;
}

static enum error keep_full(struct hash_rows *rows, uint32_t row, uint64_t number)
{
	TRY(GROW(rows->full, rows->full_capacity, rows->full_count + 1));
	struct full_tile *full = &rows->full[rows->full_count++];
	full->row = row;
	full->number = number;
	memcpy(full->hashes, rows->tails[row].tile, sizeof full->hashes);
	rows->tails[row].dirty = false;
	return E_OK;
}

static void put_tile(
	struct hash_rows *rows, struct db_txn *txn, uint32_t row, uint64_t number, const struct hash *hashes, size_t width)
{
	uint8_t key[HASH_ROW_KEY_BYTES];
	size_t first = width < HASH_ROW_WIDTH ? width : HASH_ROW_FIRST;
	db_put(txn, rows->table, hash_rows_key(row, number, key), bytes_of(hashes, first * HASH_BYTES));
	if (width == HASH_ROW_WIDTH)
		db_put(txn, rows->table, hash_rows_last_key(row, number, key), bytes_of(&hashes[first], HASH_BYTES));
}

static void take_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct hash_rows *rows = context;
	if (rows->sink != NULL)
		rows->sink(rows->context, level, index, hash);
	if (level % HASH_ROW_LEVELS != 0 || level / HASH_ROW_LEVELS >= HASH_ROWS_MAX)
		return;
	uint32_t row = level / HASH_ROW_LEVELS;
	struct row_tail *tail = &rows->tails[row];
	if (tail->count != index) {
		rows->error = E_CORRUPT;
		return;
	}
	tail->tile[index % HASH_ROW_WIDTH] = *hash;
	tail->count++;
	tail->dirty = true;
	if (tail->count % HASH_ROW_WIDTH == 0 && rows->error == E_OK)
		rows->error = keep_full(rows, row, index / HASH_ROW_WIDTH);
}

enum error hash_rows_append(struct hash_rows *rows, const struct hash *leaf, merkle_node_sink *sink, void *context)
{
	rows->sink = sink;
	rows->context = context;
	merkle_frontier_append(&rows->frontier, leaf, take_node, rows);
	return rows->error;
}

bool hash_rows_write(struct hash_rows *rows, struct db_txn *txn, size_t most)
{
	for (; most > 0 && rows->written < rows->full_count; most--) {
		const struct full_tile *full = &rows->full[rows->written++];
		put_tile(rows, txn, full->row, full->number, full->hashes, HASH_ROW_WIDTH);
	}
	if (rows->written < rows->full_count)
		return false;
	rows->full_count = rows->written = 0;
	return true;
}

/* Partial tiles are written whole each time: a row that is replaced costs a page, and one for every hash would cost
 * many. */
enum error hash_rows_flush(struct hash_rows *rows, struct db_txn *txn)
{
	(void)hash_rows_write(rows, txn, SIZE_MAX);
	for (uint32_t row = 0; row < HASH_ROWS_MAX; row++) {
		struct row_tail *tail = &rows->tails[row];
		if (tail->dirty)
			put_tile(rows, txn, row, tail->count / HASH_ROW_WIDTH, tail->tile, tail->count % HASH_ROW_WIDTH);
		tail->dirty = false;
	}
	return txn->error;
}

const struct merkle_frontier *hash_rows_frontier(const struct hash_rows *rows)
{
	return &rows->frontier;
}
