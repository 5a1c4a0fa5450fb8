#include "ledger/audit/audit_suspects.h"
#include "tests/lib/naive_map.h"
#include "tests/lib/unit.h"

#include <string.h>

#define LEAVES_MAX (SUSPECTS_MAX + 10)
#define OTHERS_MAX 20

static struct hash leaves[2 * LEAVES_MAX];
static struct naive_item items[OTHERS_MAX + 1];

/* The root of a map of `others` other subjects and this one, whose tree has `count` leaves. */
static struct hash map_root(const struct label *label, size_t others, const struct hash *tree, size_t count)
{
	struct naive_item scratch[OTHERS_MAX + 1];
	struct hash root;
	memcpy(scratch, items, others * sizeof items[0]);
	if (count == 0)
		return naive_root(scratch, others);
	memcpy(scratch[others].key, label->b, LABEL_BYTES);
	merkle_root_of_leaves(tree, count, &root);
	subject_value(count, &root, &scratch[others].value);
	return naive_root(scratch, others + 1);
}

struct example {
	struct label label;
	struct merkle_frontier before;
	struct subject_map *map;
	struct map_proof proof;
	struct suspect_tree tree;
	size_t others, kept;
};

/* `kept` leaves before the epoch, `count` in it. */
static void example_make(struct example *example, size_t others, size_t kept, size_t count)
{
	struct hash root, value;
	example->others = others;
	example->kept = kept;
	randombytes_buf(&example->label, sizeof example->label);
	randombytes_buf(items, sizeof items);
	randombytes_buf(leaves, sizeof leaves);
	ck_ok(subject_map_new(&example->map));
	for (size_t i = 0; i < others; i++)
		ck_ok(subject_map_set(example->map, items[i].key, &items[i].value));
	merkle_root_of_leaves(leaves, kept + count, &root);
	subject_value(kept + count, &root, &value);
	ck_ok(subject_map_set(example->map, example->label.b, &value));
	ck_assert(subject_map_prove(example->map, example->label.b, &value, &example->proof));
	merkle_frontier_init(&example->before);
	for (size_t i = 0; i < kept; i++)
		merkle_frontier_append(&example->before, &leaves[i], NULL, NULL);
	example->tree = (struct suspect_tree){
		example->label, &example->before, leaves + kept, count, bytes_of(example->proof.bytes, example->proof.len)};
}

static void assert_found(
	const struct example *example, const struct hash *wrong, size_t count, enum suspicion wanted, size_t place)
{
	size_t at = 999;
	struct hash root = map_root(&example->label, example->others, wrong, count);
	ck_assert_int_eq((int)suspect_find(&root, &example->tree, &at), (int)wanted);
	ck_assert_uint_eq(at, wanted == SUSPECT_NONE ? 999 : place);
}

/* EPO-11: each fault, at each place of trees of many shapes, in maps of none and of many others. */
START_TEST(each_fault_has_its_suspects)
{
	struct hash wrong[2 * LEAVES_MAX];
	for (size_t round = 0; round < 60; round++) {
		struct example example;
		size_t kept = round % 6, count = 1 + round / 6;
		example_make(&example, round % 4 ? round * 7 % OTHERS_MAX : 0, kept, count);
		for (size_t i = 0; i < count; i++) {
			size_t place = kept + i, whole = kept + count;
			/* The last leaf alone, or all from it on, is the same. */
			memcpy(wrong, leaves, sizeof leaves);
			assert_found(&example, wrong, place, i + 1 == count ? SUSPECT_LEFT_OUT : SUSPECT_ALL_OUT, i);
			memmove(&wrong[place], &wrong[place + 1], (whole - place) * sizeof wrong[0]);
			assert_found(&example, wrong, whole - 1, SUSPECT_LEFT_OUT, i);
			memcpy(wrong, leaves, sizeof leaves);
			memmove(&wrong[place + 1], &wrong[place], (whole - place) * sizeof wrong[0]);
			assert_found(&example, wrong, whole + 1, SUSPECT_TWICE, i);
			memcpy(wrong, leaves, sizeof leaves);
			wrong[place] = leaves[place + 1];
			wrong[place + 1] = leaves[place];
			if (i + 1 < count)
				assert_found(&example, wrong, whole, SUSPECT_SWAPPED, i);
		}
		subject_map_free(example.map);
	}
}
END_TEST

/* What has another reason is not explained. */
START_TEST(no_fault_of_this_tree)
{
	struct hash wrong[2 * LEAVES_MAX];
	struct example example;
	example_make(&example, 5, 3, 4);
	memcpy(wrong, leaves, sizeof leaves);
	assert_found(&example, wrong, 7, SUSPECT_NONE, 0); /* right as it is */
	assert_found(&example, wrong, 2, SUSPECT_NONE, 0);
	assert_found(&example, wrong, 8, SUSPECT_NONE, 0);
	randombytes_buf(&wrong[5], sizeof wrong[5]);
	assert_found(&example, wrong, 7, SUSPECT_NONE, 0);
	memcpy(wrong, leaves, sizeof leaves);
	wrong[3] = leaves[5]; /* not neighbours */
	wrong[5] = leaves[3];
	assert_found(&example, wrong, 7, SUSPECT_NONE, 0);
	memcpy(wrong, leaves, sizeof leaves);
	items[2].value.b[0] ^= 1; /* somebody else's tree */
	assert_found(&example, wrong, 6, SUSPECT_NONE, 0);
	subject_map_free(example.map);
}
END_TEST

START_TEST(as_many_as_are_tried)
{
	struct example example;
	example_make(&example, 3, 2, SUSPECTS_MAX);
	assert_found(&example, leaves, 2 + SUSPECTS_MAX - 1, SUSPECT_LEFT_OUT, SUSPECTS_MAX - 1);
	subject_map_free(example.map);
	example_make(&example, 3, 2, SUSPECTS_MAX + 1);
	assert_found(&example, leaves, 2 + SUSPECTS_MAX, SUSPECT_NONE, 0);
	subject_map_free(example.map);
}
END_TEST

UNIT_MAIN("audit_suspects", each_fault_has_its_suspects, no_fault_of_this_tree, as_many_as_are_tried)
