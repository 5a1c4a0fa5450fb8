#include "ledger/db/db_put.h"
#include "ledger/filed/map_put.h"
#include "ledger/filed/map_store.h"
#include "ledger/store/store_put.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <string.h>

#define LABELS 3000

static struct place place;
static struct db_env *store;
static struct subject_map *model;
static struct label labels[LABELS];

static void open_store(void)
{
	struct fault fault = {.text = ""};
	place_make(&place);
	ck_assert_msg(store_make(place.path, &store, &fault) == E_OK, "%s", fault.text);
	ck_ok(subject_map_new(&model));
	for (uint32_t i = 0; i < LABELS; i++) {
		uint8_t number[4];
		put_u32(number, i);
		struct bytes part = BYTES_ARRAY(number);
		struct hash hash;
		hash_sha256(&part, 1, &hash);
		memcpy(labels[i].b, hash.b, 32);
		/* Some that fall into one bucket, and some that differ in the last bits only. */
		if (i % 5 == 1)
			memcpy(labels[i].b, labels[i - 1].b, 3);
		if (i % 50 == 2)
			memcpy(labels[i].b, labels[i - 2].b, 31);
	}
}

static void close_store(void)
{
	db_close(store);
	subject_map_free(model);
	place_remove(&place);
}

static struct hash value_of(uint64_t salt)
{
	struct hash hash = {{0}};
	put_u64(hash.b, salt);
	return hash;
}

/* Writes changes on top of `generation` in slices of `rows` rows, or only `slices` of them. */
static void write_changes(
	struct map_change *changes, size_t count, uint64_t generation, size_t rows, unsigned slices, struct hash *root)
{
	struct map_update *update;
	bool finished = false;
	ck_ok(map_update_new(changes, count, generation, NULL, &update));
	for (unsigned done = 0; !finished && done < slices; done++) {
		struct db_txn txn;
		ck_ok(db_begin(store, true, &txn));
		ck_ok(map_update_slice(update, &txn, rows, &finished));
		ck_ok(db_commit(&txn));
	}
	if (finished)
		map_update_root(update, root);
	map_update_free(update);
}

static void assert_same_proof(struct db_txn *txn, uint64_t generation, const struct label *label)
{
	struct map_proof proof, wanted;
	struct hash value, wanted_value, root;
	bool present;
	subject_map_root(model, &root);
	bool wanted_present = subject_map_prove(model, label->b, &wanted_value, &wanted);
	ck_ok(map_store_prove(txn, generation, label, &present, &value, &proof));
	ck_assert_int_eq(present, wanted_present);
	ck_assert_mem_eq(proof.bytes, wanted.bytes, wanted.len);
	ck_assert_uint_eq(proof.len, wanted.len);
	if (present)
		ck_ok(map_verify_present(&root, label->b, &value, bytes_of(proof.bytes, proof.len)));
	else
		ck_ok(map_verify_absent(&root, label->b, bytes_of(proof.bytes, proof.len)));
}

static void assert_same(uint64_t generation)
{
	struct db_txn txn;
	struct hash root, wanted;
	ck_ok(db_begin(store, false, &txn));
	ck_ok(map_store_root(&txn, generation, &root));
	subject_map_root(model, &wanted);
	ck_assert_mem_eq(root.b, wanted.b, 32);
	for (uint32_t i = 0; i < LABELS; i += 7)
		assert_same_proof(&txn, generation, &labels[i]);
	db_abort(&txn);
}

/* STO-19: rounds of random changes, each cut off half-way once, as by a crash, with readers of the finished generation.
 */
START_TEST(like_the_model)
{
	static struct map_change changes[LABELS];
	struct hash root, wanted;
	uint64_t generation = 0;
	srandom(7);
	open_store();
	assert_same(generation);
	for (unsigned round = 0; round < 12; round++) {
		size_t count = 0;
		uint32_t step = round == 11 ? LABELS : 1 + (uint32_t)random() % (round < 3 ? 400 : 20);
		for (uint32_t i = (uint32_t)random() % step; i < LABELS; i += step)
			changes[count++] = (struct map_change){labels[i], value_of((uint64_t)round * LABELS + i)};
		write_changes(changes, count / 2, generation, 5, 1 + (unsigned)random() % 40, &root);
		assert_same(generation);
		write_changes(changes, count, generation, 1 + (size_t)random() % 300, UINT32_MAX, &root);
		assert_same(generation);
		for (size_t i = 0; i < count; i++)
			ck_ok(subject_map_set(model, changes[i].label.b, &changes[i].value));
		generation++;
		subject_map_root(model, &wanted);
		ck_assert_mem_eq(root.b, wanted.b, 32);
		assert_same(generation);
	}
	write_changes(NULL, 0, generation, 10, UINT32_MAX, &root);
	ck_assert_mem_eq(root.b, wanted.b, 32);
	close_store();
}
END_TEST

struct visited {
	size_t count;
	struct label last;
};

static enum error count_label(void *context, const struct label *label, const struct hash *value)
{
	struct visited *visited = context;
	struct map_proof proof;
	struct hash wanted;
	ck_assert(visited->count == 0 || memcmp(visited->last.b, label->b, 32) < 0);
	ck_assert(subject_map_prove(model, label->b, &wanted, &proof));
	ck_assert_mem_eq(value->b, wanted.b, 32);
	visited->last = *label;
	visited->count++;
	return E_OK;
}

START_TEST(visits_every_label)
{
	static struct map_change changes[LABELS];
	struct hash root;
	struct db_txn txn;
	struct visited visited = {0};
	open_store();
	for (uint32_t i = 0; i < LABELS; i++) {
		changes[i] = (struct map_change){labels[i], value_of(i)};
		ck_ok(subject_map_set(model, labels[i].b, &changes[i].value));
	}
	write_changes(changes, LABELS, 0, 100, UINT32_MAX, &root);
	ck_ok(db_begin(store, false, &txn));
	ck_ok(map_store_visit(&txn, 1, count_label, &visited));
	ck_assert_uint_eq(visited.count, LABELS);
	visited.count = 0;
	ck_ok(map_store_visit(&txn, 0, count_label, &visited)); /* before that there was nothing */
	ck_assert_uint_eq(visited.count, 0);
	db_abort(&txn);
	close_store();
}
END_TEST

START_TEST(damaged_rows_are_noticed)
{
	struct map_change change = {labels[0], value_of(1)};
	struct hash root, value;
	struct map_proof proof;
	struct db_txn txn;
	bool present;
	open_store();
	change.label = labels[0];
	write_changes(&change, 1, 0, 100, UINT32_MAX, &root);
	ck_ok(db_begin(store, true, &txn));
	db_put(&txn, STORE_MAP, BYTES_LITERAL("\0\0\0\0"), BYTES_LITERAL("short"));
	ck_error(map_store_root(&txn, 1, &root), E_CORRUPT);
	db_put(&txn, STORE_MAP, BYTES_LITERAL("\0\0\0\0"), BYTES_LITERAL("\0\0\0\0\0\0\0\1\0\0\0\xFFxx"));
	ck_error(map_store_root(&txn, 1, &root), E_CORRUPT);
	db_put(&txn, STORE_MAP, BYTES_LITERAL("\0\0\0\0"), BYTES_LITERAL("\0\0\0\0\0\0\0\1\0\0\0\2\xFF\xFF\0\0\0\0"));
	ck_error(map_store_prove(&txn, 1, &labels[0], &present, &value, &proof), E_CORRUPT);
	db_put(&txn, STORE_MAP, BYTES_LITERAL("\0\0\0\0"), BYTES_LITERAL("\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0"));
	ck_error(map_store_root(&txn, 1, &root), E_CORRUPT); /* of a generation after the next */
	db_abort(&txn);
	close_store();
}
END_TEST

UNIT_MAIN("map_store", like_the_model, visits_every_label, damaged_rows_are_noticed)
