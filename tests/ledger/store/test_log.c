#include "ledger/db/db_put.h"
#include "ledger/store/log.h"
#include "ledger/store/log_put.h"
#include "ledger/store/store_put.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

static struct place place;
static struct db_env *env;

static struct bytes entry_of(uint64_t i, uint8_t *buffer)
{
	put_u64(buffer, i * 0x9E3779B97F4A7C15ull);
	return bytes_of(buffer, 1 + i % 60);
}

static void append_to(struct log_appender *log, uint64_t to, uint64_t in_tick)
{
	uint8_t buffer[64] = {0};
	while (log_frontier(log)->size < to) {
		struct db_txn txn;
		ck_ok(db_begin(env, true, &txn));
		for (uint64_t i = 0; i < in_tick && log_frontier(log)->size < to; i++)
			ck_ok(log_append(log, &txn, entry_of(log_frontier(log)->size, buffer)));
		ck_ok(log_flush(log, &txn));
		ck_ok(db_commit(&txn));
	}
}

/* Every entry, every root at some sizes, and proofs, against the tree computed from the leaves. */
static void compare(uint64_t size)
{
	struct db_txn txn;
	uint8_t buffer[64] = {0};
	struct hash *leaves = malloc(size * sizeof *leaves);
	struct merkle_nodes nodes = {log_node, &txn};
	ck_ok(db_begin(env, false, &txn));
	for (uint64_t i = 0; i < size; i++) {
		struct bytes stored;
		struct bytes wanted = entry_of(i, buffer);
		ck_ok(log_entry(&txn, i, &stored));
		ck_assert(bytes_equal(stored, wanted));
		merkle_leaf_hash(wanted, &leaves[i]);
	}
	struct bytes none;
	ck_error(log_entry(&txn, size, &none), E_NOT_FOUND);
	for (uint64_t at = size; at > 0; at = at * 2 / 3) {
		struct hash wanted;
		struct hash root;
		merkle_root_of_leaves(leaves, at, &wanted);
		ck_ok(merkle_root(&nodes, at, &root));
		ck_assert(hash_equal(&root, &wanted));
		struct merkle_proof proof;
		ck_ok(merkle_prove_inclusion(&nodes, at / 2, at, &proof));
		ck_ok(merkle_verify_inclusion(&leaves[at / 2], at / 2, at, proof.hashes, proof.count, &root));
	}
	db_abort(&txn);
	free(leaves);
}

START_TEST(sizes_around_tiles)
{
	static const uint64_t sizes[] = {1, 15, 16, 17, 255, 256, 257, 4095, 4096, 4097, 65535, 65536, 65537, 70000};
	struct log_appender *log;
	place_make(&place);
	ck_ok(store_make(place.path, &env, NULL));
	ck_ok(log_appender_new(&log));
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		append_to(log, sizes[i], 1 + i * 700);
		compare(sizes[i]);
	}
	log_appender_free(log);
	db_close(env);
	place_remove(&place);
}
END_TEST

/* What LMDB keeps of a large value's first page for itself. */
#define PAGE_HEADER_BYTES 16

START_TEST(a_tile_takes_two_pages_and_is_read_whole)
{
	struct db_txn txn;
	struct log_appender *log;
	struct bytes row;
	struct hash all[LOG_WIDTH], some[LOG_WIDTH];
	uint8_t key[HASH_ROW_KEY_BYTES];
	place_make(&place);
	ck_ok(store_make(place.path, &env, NULL));
	ck_ok(log_appender_new(&log));
	append_to(log, 2 * LOG_WIDTH - 1, 100);
	ck_ok(db_begin(env, true, &txn));
	ck_ok(db_get(&txn, STORE_TILE, hash_rows_key(0, 0, key), &row));
	ck_assert_uint_le(row.len, 2 * 4096 - PAGE_HEADER_BYTES);
	ck_assert_uint_eq(row.len, HASH_ROW_FIRST * HASH_BYTES);
	ck_ok(log_row(&txn, 0, 0, LOG_WIDTH, all));
	for (size_t from = 0; from < LOG_WIDTH; from++) {
		ck_ok(log_row(&txn, 0, from, 1, some));
		ck_assert(hash_equal(some, all + from));
		ck_ok(log_row(&txn, 0, from, LOG_WIDTH - from, some));
		ck_assert_mem_eq(some, all + from, (LOG_WIDTH - from) * HASH_BYTES);
	}
	ck_error(log_row(&txn, 0, 1, LOG_WIDTH, some), E_CORRUPT);
	ck_ok(log_row(&txn, 0, LOG_WIDTH, LOG_WIDTH - 1, some));
	ck_error(log_row(&txn, 0, LOG_WIDTH, LOG_WIDTH, some), E_NOT_FOUND); /* it has 255 and no more */
	db_put(&txn, STORE_TILE, hash_rows_last_key(0, 0, key), bytes_of(all, 2 * HASH_BYTES));
	ck_error(log_row(&txn, 0, 0, LOG_WIDTH, some), E_CORRUPT);
	db_put(&txn, STORE_TILE, hash_rows_key(0, 0, key), bytes_of(all, sizeof all));
	ck_error(log_row(&txn, 0, 0, 1, some), E_CORRUPT);
	db_abort(&txn);
	log_appender_free(log);
	db_close(env);
	place_remove(&place);
}
END_TEST

/* A new appender takes up where the old one stopped, and an aborted tick leaves nothing behind, in the store or in the
 * memory of recent nodes. */
/* STO-3 */
START_TEST(load_and_abort)
{
	struct log_appender *log;
	struct db_txn txn;
	uint8_t junk[20] = {7};
	place_make(&place);
	ck_ok(store_make(place.path, &env, NULL));
	ck_ok(log_appender_new(&log));
	for (uint64_t size = 100; size < 1200; size += 97) {
		append_to(log, size, 50);
		struct merkle_frontier frontier = *log_frontier(log);
		ck_ok(db_begin(env, true, &txn));
		for (int i = 0; i < 300; i++)
			ck_ok(log_append(log, &txn, BYTES_ARRAY(junk)));
		db_abort(&txn);
		if (size % 2 == 0) {
			log_appender_free(log);
			ck_ok(log_appender_new(&log));
		}
		ck_ok(db_begin(env, false, &txn));
		ck_ok(log_load(log, &txn, &frontier));
		struct log_recent recent = {log, &txn};
		struct merkle_nodes nodes = {log_recent_node, &recent};
		struct hash root;
		struct hash wanted;
		merkle_frontier_root(&frontier, &wanted);
		ck_ok(merkle_root(&nodes, frontier.size, &root));
		ck_assert(hash_equal(&root, &wanted));
		db_abort(&txn);
	}
	compare(log_frontier(log)->size);
	log_appender_free(log);
	db_close(env);
	place_remove(&place);
}
END_TEST

UNIT_MAIN("log", sizes_around_tiles, a_tile_takes_two_pages_and_is_read_whole, load_and_abort)
