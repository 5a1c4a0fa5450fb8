#include "ledger/filed/map_put.h"
#include "ledger/filed/map_store.h"
#include "tests/lib/filed.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <string.h>

#define LABELS 3000

static struct place place;
static struct filed filed;
static struct subject_map *model;
static struct label labels[LABELS];
static const struct label first; /* zeros */

static void open_map(void)
{
	place_make(&place);
	filed_make(&filed, place.path);
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

static void close_map(void)
{
	filed_close(&filed);
	subject_map_free(model);
	place_remove(&place);
}

static struct hash value_of(uint64_t salt)
{
	struct hash hash = {{0}};
	put_u64(hash.b, salt);
	return hash;
}

/* Writes changes in slices of `rows` rows, or only `slices` of them and gives the epoch up. */
static void write_changes(struct map_change *changes, size_t count, size_t rows, unsigned slices, struct hash *root)
{
	struct map_update *update;
	struct hash old;
	bool finished = false;
	subject_map_root(model, &old);
	filed_new_run(&filed, count * 200);
	filed_reach(&filed, RUN_LABEL, BYTES_ARRAY(first.b));
	ck_ok(map_update_new(changes, count, &filed.runs, &old, &update));
	for (unsigned done = 0; !finished && done < slices; done++)
		ck_ok(map_update_slice(update, filed.writer, rows, &finished));
	if (finished) {
		map_update_root(update, root);
		filed.table = RUN_MAP; /* where the update has gone on to */
		filed_finish(&filed);
	}
	map_update_free(update);
	filed_give_up(&filed);
}

static void assert_same_proof(const struct label *label)
{
	struct map_proof proof, wanted;
	struct hash value, wanted_value, root;
	bool present;
	subject_map_root(model, &root);
	bool wanted_present = subject_map_prove(model, label->b, &wanted_value, &wanted);
	ck_ok(map_store_prove(&filed.runs, label, &present, &value, &proof));
	ck_assert_int_eq(present, wanted_present);
	ck_assert_mem_eq(proof.bytes, wanted.bytes, wanted.len);
	ck_assert_uint_eq(proof.len, wanted.len);
	if (present)
		ck_ok(map_verify_present(&root, label->b, &value, bytes_of(proof.bytes, proof.len)));
	else
		ck_ok(map_verify_absent(&root, label->b, bytes_of(proof.bytes, proof.len)));
}

static void assert_same(void)
{
	struct hash root, wanted;
	ck_ok(map_store_root(&filed.runs, &root));
	subject_map_root(model, &wanted);
	ck_assert_mem_eq(root.b, wanted.b, 32);
	for (uint32_t i = 0; i < LABELS; i += 7)
		assert_same_proof(&labels[i]);
	ck_ok(map_store_check(&filed.runs, &wanted, NULL, NULL));
}

/* Who opened the runs before an epoch reads the map as it was, after it as well. */
static void assert_older(const struct runs *then, const struct hash *wanted)
{
	struct runs view = *then;
	struct hash root;
	ck_ok(map_store_root(&view, &root));
	ck_assert_mem_eq(root.b, wanted->b, 32);
	ck_ok(map_store_check(&view, wanted, NULL, NULL));
	runs_close(&view);
}

/* STO-19: rounds of random changes, each cut off half-way once, as by a crash, with readers of the finished map. */
START_TEST(like_the_model)
{
	static struct map_change changes[LABELS];
	struct hash root, wanted, before;
	srandom(7);
	open_map();
	assert_same();
	for (unsigned round = 0; round < 12; round++) {
		size_t count = 0;
		struct runs then;
		uint32_t step = round == 11 ? LABELS : 1 + (uint32_t)random() % (round < 3 ? 400 : 20);
		for (uint32_t i = (uint32_t)random() % step; i < LABELS; i += step)
			changes[count++] = (struct map_change){labels[i], value_of((uint64_t)round * LABELS + i)};
		write_changes(changes, count / 2, 5, 1 + (unsigned)random() % 3, &root);
		assert_same();
		ck_ok(runs_open(filed.shelf, &filed.filing, &then));
		subject_map_root(model, &before);
		write_changes(changes, count, 1 + (size_t)random() % 300, UINT32_MAX, &root);
		for (size_t i = 0; i < count; i++)
			ck_ok(subject_map_set(model, changes[i].label.b, &changes[i].value));
		subject_map_root(model, &wanted);
		ck_assert_mem_eq(root.b, wanted.b, 32);
		assert_same();
		assert_older(&then, &before);
	}
	write_changes(NULL, 0, 10, UINT32_MAX, &root);
	ck_assert_mem_eq(root.b, wanted.b, 32);
	close_map();
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
	struct visited visited = {0};
	open_map();
	ck_ok(map_store_visit(&filed.runs, count_label, &visited)); /* before the first there is nothing */
	ck_assert_uint_eq(visited.count, 0);
	for (uint32_t i = 0; i < LABELS; i++)
		changes[i] = (struct map_change){labels[i], value_of(i)};
	write_changes(changes, LABELS, 100, UINT32_MAX, &root);
	for (uint32_t i = 0; i < LABELS; i++)
		ck_ok(subject_map_set(model, changes[i].label.b, &changes[i].value));
	ck_ok(map_store_visit(&filed.runs, count_label, &visited));
	ck_assert_uint_eq(visited.count, LABELS);
	close_map();
}
END_TEST

/* The row of the root is this one, in a run whose checks are right. */
static void write_row(unsigned depth, uint32_t prefix, struct bytes content)
{
	uint8_t key[4];
	filed_new_run(&filed, 1);
	filed_row_put(&filed, RUN_MAP, map_row_key(depth, prefix, key), content);
	filed_finish(&filed);
}

/* `value`: instead of their own, if it is not empty. */
static void write_labels(const struct map_change *items, size_t count, struct bytes value)
{
	filed_new_run(&filed, 1);
	for (size_t i = 0; i < count; i++)
		filed_row_put(
			&filed, RUN_LABEL, BYTES_ARRAY(items[i].label.b), value.len > 0 ? value : hash_bytes(&items[i].value));
	filed_finish(&filed);
}

static enum error try_change(struct map_change *change, const struct hash *old)
{
	struct map_update *update;
	bool finished = false;
	filed_new_run(&filed, 200);
	filed_reach(&filed, RUN_LABEL, BYTES_ARRAY(first.b));
	ck_ok(map_update_new(change, 1, &filed.runs, old, &update));
	enum error error = E_OK;
	while (error == E_OK && !finished)
		error = map_update_slice(update, filed.writer, 100, &finished);
	map_update_free(update);
	filed_give_up(&filed);
	return error;
}

START_TEST(damaged_rows_are_noticed)
{
	struct map_change change, again;
	struct hash root, value;
	struct map_proof proof;
	bool present;
	open_map();
	change = (struct map_change){labels[0], value_of(1)};
	write_changes(&change, 1, 100, UINT32_MAX, &root);
	again = (struct map_change){labels[0], value_of(2)};
	ck_ok(try_change(&again, &root));
	value = value_of(3);
	ck_error(try_change(&again, &value), E_CORRUPT); /* not the root that was signed */
	write_row(0, 0, BYTES_LITERAL("x"));
	ck_error(map_store_root(&filed.runs, &root), E_CORRUPT);
	write_row(0, 0, BYTES_LITERAL("\xFF\xFF\0\0\0\0"));
	ck_error(map_store_root(&filed.runs, &root), E_CORRUPT);
	ck_error(map_store_prove(&filed.runs, &labels[0], &present, &value, &proof), E_CORRUPT);
	ck_error(try_change(&again, NULL), E_CORRUPT);
	write_row(0, 0, BYTES_LITERAL("\0\0")); /* nothing in it although there is a bucket */
	ck_error(map_store_check(&filed.runs, &root, NULL, NULL), E_CORRUPT);
	ck_error(try_change(&again, NULL), E_CORRUPT);
	close_map();
}
END_TEST

/* What is not changed is hashed once, for what it is and for what it was: damage of it is noticed all the same. */
START_TEST(damage_beside_a_change_is_noticed)
{
	struct map_change two[2], again;
	struct hash root, value;
	struct map_proof proof;
	bool present;
	open_map();
	two[0] = (struct map_change){labels[0], value_of(1)};
	two[1] = (struct map_change){labels[1], value_of(2)};
	ck_assert_uint_eq(map_label_prefix(&labels[1]), map_label_prefix(&labels[0]));
	write_changes(two, 2, 100, UINT32_MAX, &root); /* sorts them */
	const struct map_change pair[2] = {two[0], two[1]};
	for (unsigned changed = 0; changed < 3; changed++) {
		again = changed < 2 ? pair[changed] : (struct map_change){labels[0], value_of(9)};
		if (changed == 2)
			memset(again.label.b + 4, 0x5A, sizeof again.label.b - 4); /* somebody new between them, or beside */
		again.value = value_of(7);
		ck_ok(try_change(&again, &root));
		for (unsigned damaged = 0; damaged < 2; damaged++) {
			struct map_change bad[2] = {pair[0], pair[1]};
			bad[damaged].value.b[31] ^= 1;
			write_labels(bad, 2, BYTES_EMPTY);
			ck_error(try_change(&again, &root), E_CORRUPT);
			ck_error(try_change(&again, NULL), E_CORRUPT);
		}
		write_labels(pair, 2, BYTES_EMPTY);
		ck_ok(try_change(&again, &root));
	}
	/* One is too many, be it changed or not. */
	write_labels(&again, 1, BYTES_EMPTY);
	ck_error(try_change(&again, NULL), E_CORRUPT);
	ck_error(try_change(&two[0], NULL), E_CORRUPT);
	ck_error(map_store_check(&filed.runs, &root, NULL, NULL), E_CORRUPT);
	write_labels(pair, 1, BYTES_LITERAL("short"));
	ck_error(try_change(&two[0], NULL), E_CORRUPT);
	ck_error(map_store_check(&filed.runs, &root, NULL, NULL), E_CORRUPT);
	ck_error(map_store_prove(&filed.runs, &labels[0], &present, &value, &proof), E_CORRUPT);
	ck_error(map_store_visit(&filed.runs, count_label, &(struct visited){0}), E_CORRUPT);
	close_map();
}
END_TEST

/* The rows above it as they are, over one label less. */
START_TEST(a_label_that_is_gone_is_noticed)
{
	struct map_change two[2];
	struct map_proof proof;
	struct hash root, value;
	bool present;
	uint8_t key[4], rows[5][MAP_ROW_CONTENT_MAX];
	struct bytes row, content[5];
	open_map();
	for (unsigned i = 0; i < 2; i++)
		two[i] = (struct map_change){labels[i], value_of(i)};
	write_changes(two, 2, 100, UINT32_MAX, &root);
	uint32_t prefix = map_label_prefix(&labels[0]);
	for (unsigned i = 0; i < 5; i++) {
		ck_ok(map_row_get(&filed.runs, 4 * i, prefix >> (20 - 4 * i), &row));
		memcpy(rows[i], row.data, row.len);
		content[i] = bytes_of(rows[i], row.len);
	}
	for (unsigned left = 0; left <= 2; left++) {
		filed_close(&filed);
		filed_make(&filed, place.path); /* of nothing */
		filed_new_run(&filed, 1);
		for (unsigned i = 0; i < left; i++)
			filed_row_put(&filed, RUN_LABEL, BYTES_ARRAY(two[i].label.b), hash_bytes(&two[i].value));
		for (unsigned i = 5; i > 0; i--)
			filed_row_put(&filed, RUN_MAP, map_row_key(4 * (i - 1), prefix >> (24 - 4 * i), key), content[i - 1]);
		filed_finish(&filed);
		enum error wanted = left == 2 ? E_OK : E_CORRUPT;
		ck_error(map_store_check(&filed.runs, &root, NULL, NULL), wanted);
		ck_error(try_change(&two[0], &root), wanted);
		ck_error(try_change(&two[1], &root), wanted);
		if (left == 0)
			ck_error(map_store_prove(&filed.runs, &labels[0], &present, &value, &proof), E_CORRUPT);
	}
	close_map();
}
END_TEST

UNIT_MAIN("map_store", like_the_model, visits_every_label, damaged_rows_are_noticed, damage_beside_a_change_is_noticed,
	a_label_that_is_gone_is_noticed)
