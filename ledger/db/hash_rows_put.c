/* leaf ─► frontier ─► every complete node ─► those of a row: into its last tile, in memory
 *                                           full: written at once; not full: with the flush
 *
 * Memory runs ahead of the table. What an aborted transaction leaves in it is wrong: only hash_rows_load brings the two
 * together again. A node that does not come next in its row says that they are apart: E_CORRUPT, from then on. */
#include "ledger/db/hash_rows_put.h"

#include "ledger/db/db_put.h"

/* Invariant: `tile` begins with the last count % HASH_ROW_WIDTH hashes of the row; those before them were written. */
struct row_tail {
	uint64_t count; /* hashes in the row so far */
	bool dirty;
	struct hash tile[HASH_ROW_WIDTH]; /* the last, partial one */
};

struct hash_rows {
	unsigned table;
	struct merkle_frontier frontier;
	struct row_tail tails[HASH_ROWS_MAX];
	/* While a leaf is appended. */
	struct db_txn *txn;
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
	free(rows);
}

static enum error load_tail(struct row_tail *tail, struct db_txn *txn, unsigned table, uint32_t row, uint64_t size)
{
	const struct hash *hashes;
	tail->count = size >> (HASH_ROW_LEVELS * row);
	tail->dirty = false;
	size_t partial = tail->count % HASH_ROW_WIDTH;
	if (partial == 0)
		return E_OK;
	TRY(hash_rows_get(txn, table, row, tail->count - partial, partial, &hashes));
	memcpy(tail->tile, hashes, partial * HASH_BYTES);
	return E_OK;
}

/* Also after an aborted transaction: what memory ran ahead by is forgotten here and nowhere else. */
enum error hash_rows_load(struct hash_rows *rows, struct db_txn *txn, const struct merkle_frontier *frontier)
{
	rows->frontier = *frontier;
	rows->error = E_OK;
	for (uint32_t row = 0; row < HASH_ROWS_MAX; row++)
		TRY(load_tail(&rows->tails[row], txn, rows->table, row, frontier->size));
	return E_OK;
}

static void put_tile(struct hash_rows *rows, struct db_txn *txn, uint32_t row, uint64_t number, size_t width)
{
	uint8_t key[9];
	struct row_tail *tail = &rows->tails[row];
	db_put(txn, rows->table, hash_rows_key(row, number, key), bytes_of(tail->tile, width * HASH_BYTES));
	tail->dirty = false;
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
	if (tail->count % HASH_ROW_WIDTH == 0)
		put_tile(rows, rows->txn, row, index / HASH_ROW_WIDTH, HASH_ROW_WIDTH);
}

enum error hash_rows_append(
	struct hash_rows *rows, struct db_txn *txn, const struct hash *leaf, merkle_node_sink *sink, void *context)
{
	rows->txn = txn;
	rows->sink = sink;
	rows->context = context;
	merkle_frontier_append(&rows->frontier, leaf, take_node, rows);
	rows->txn = NULL;
	return rows->error != E_OK ? rows->error : txn->error;
}

/* Partial tiles are written whole each time: a row that is replaced costs a page, and one for every hash would cost
 * many. */
enum error hash_rows_flush(struct hash_rows *rows, struct db_txn *txn)
{
	for (uint32_t row = 0; row < HASH_ROWS_MAX; row++) {
		const struct row_tail *tail = &rows->tails[row];
		if (tail->dirty)
			put_tile(rows, txn, row, tail->count / HASH_ROW_WIDTH, tail->count % HASH_ROW_WIDTH);
	}
	return txn->error;
}

const struct merkle_frontier *hash_rows_frontier(const struct hash_rows *rows)
{
	return &rows->frontier;
}
