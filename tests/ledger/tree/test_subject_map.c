#include "ledger/tree/subject_map.h"
#include "tests/lib/naive_map.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

#define ITEMS_MAX 300

static struct naive_item items[ITEMS_MAX], scratch[ITEMS_MAX];
static size_t item_count;

static bool in_items(const uint8_t key[32])
{
	for (size_t i = 0; i < item_count; i++)
		if (memcmp(items[i].key, key, 32) == 0)
			return true;
	return false;
}

static struct hash model_root(void)
{
	memcpy(scratch, items, item_count * sizeof items[0]);
	return naive_root(scratch, item_count);
}

static void assert_root(struct subject_map *map)
{
	struct hash root, wanted = model_root();
	subject_map_root(map, &root);
	ck_assert(hash_equal(&root, &wanted));
	ck_assert_uint_eq(subject_map_size(map), item_count);
}

/* ---- sets of keys ---- */

static void flip_bit(uint8_t key[32], unsigned bit)
{
	key[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
}

/* Three kinds: random; agreeing with one that is there up to some bit; of few bits only, so that sets are dense. */
static void random_key(uint8_t key[32])
{
	uint32_t kind = randombytes_uniform(3);
	randombytes_buf(key, 32);
	if (kind == 1 && item_count > 0) {
		unsigned bit = randombytes_uniform(256);
		const uint8_t *near = items[randombytes_uniform((uint32_t)item_count)].key;
		for (unsigned i = 0; i <= bit; i++)
			if (naive_bit(key, i) != naive_bit(near, i))
				flip_bit(key, i);
		flip_bit(key, bit);
	} else if (kind == 2) {
		uint8_t few = key[0];
		memset(key, few & 1 ? 0xFF : 0, 32);
		key[few >> 1 & 31] ^= (uint8_t)(1u << (few >> 6));
	}
}

static void add_random_item(void)
{
	struct naive_item *item = &items[item_count];
	do
		random_key(item->key);
	while (in_items(item->key));
	randombytes_buf(&item->value, sizeof item->value);
	item_count++;
}

static void random_items(size_t count)
{
	item_count = 0;
	while (item_count < count)
		add_random_item();
}

static struct subject_map *map_of_items(void)
{
	struct subject_map *map;
	ck_ok(subject_map_new(&map));
	for (size_t i = 0; i < item_count; i++)
		ck_ok(subject_map_set(map, items[i].key, &items[i].value));
	return map;
}

/* ---- properties ---- */

/* MAP-1, MAP-2, MAP-3 */
START_TEST(hashes_are_those_of_the_definition)
{
	struct hash hash;
	struct subject_map *map;
	char hex[65];
	const char *empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	map_empty_root(&hash);
	sodium_bin2hex(hex, sizeof hex, hash.b, sizeof hash.b);
	ck_assert_str_eq(hex, empty);
	ck_ok(subject_map_new(&map));
	subject_map_root(map, &hash);
	sodium_bin2hex(hex, sizeof hex, hash.b, sizeof hash.b);
	ck_assert_str_eq(hex, empty);
	ck_assert_uint_eq(subject_map_size(map), 0);
	subject_map_free(map);
	subject_map_free(NULL);

	uint8_t key[32] = {0x80, 0x01};
	ck_assert_uint_eq(map_bit(key, 0), 1);
	ck_assert_uint_eq(map_bit(key, 1), 0);
	ck_assert_uint_eq(map_bit(key, 15), 1);
	ck_assert_uint_eq(map_bit(key, 255), 0);
	for (unsigned bit = 0; bit < 256; bit++) {
		uint8_t a[32], b[32];
		randombytes_buf(a, 32);
		memcpy(b, a, 32);
		ck_assert_uint_eq(map_first_difference(a, b), 256);
		flip_bit(b, bit);
		b[31] ^= bit < 255 ? 1 : 0;
		ck_assert_uint_eq(map_first_difference(a, b), bit);
		ck_assert_uint_eq(map_first_difference(b, a), bit);
		ck_assert_uint_eq(map_bit(a, bit), naive_bit(a, bit));
	}
}
END_TEST

static void check_proofs(struct subject_map *map, const struct hash *root, const uint8_t key[32])
{
	struct map_proof proof;
	struct hash value = {{0}};
	uint8_t buffer[MAP_PROOF_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	bool present = subject_map_prove(map, key, &value, &proof);
	struct bytes bytes = bytes_of(proof.bytes, proof.len);
	ck_assert(present == in_items(key));
	if (item_count == 0) {
		ck_assert_uint_eq(proof.len, 0);
		ck_ok(map_verify_absent(root, key, bytes));
		return;
	}
	memcpy(scratch, items, item_count * sizeof items[0]);
	uint8_t *front = present ? NULL : writer_skip(&w, 64);
	struct naive_item end = naive_walk(scratch, item_count, key, &w);
	if (present) {
		ck_assert(hash_equal(&value, &end.value));
		ck_ok(map_verify_present(root, key, &value, bytes));
		ck_error(map_verify_absent(root, key, bytes), E_BAD_PROOF);
	} else {
		memcpy(front, end.key, 32);
		memcpy(front + 32, end.value.b, 32);
		ck_ok(map_verify_absent(root, key, bytes));
		ck_error(map_verify_present(root, key, &end.value, bytes), E_BAD_PROOF);
		ck_error(map_verify_present(root, key, &end.value, bytes_of(proof.bytes + 64, proof.len - 64)), E_BAD_PROOF);
	}
	ck_assert(bytes_equal(bytes, bytes_of(buffer, writer_len(&w))));
}

/* A key that differs from one of the map in one bit, or any. */
static void other_key(uint8_t key[32])
{
	random_key(key);
	if (item_count > 0 && randombytes_uniform(2)) {
		memcpy(key, items[randombytes_uniform((uint32_t)item_count)].key, 32);
		flip_bit(key, randombytes_uniform(256));
	}
}

/* MAP-4, MAP-5, MAP-8: thousands of sets; each has the root of the definition, whatever the order in which it came to
 * be, proves what is there and what is not, and its proofs are those of the definition. */
START_TEST(random_sets_agree_with_the_definition)
{
	for (int round = 0; round < 3000; round++) {
		random_items(randombytes_uniform(round % 100 == 0 ? 150 : 20));
		struct hash root = model_root(), again;
		struct subject_map *map = map_of_items();
		assert_root(map);
		for (size_t i = 0; i < item_count; i++)
			check_proofs(map, &root, items[i].key);
		for (int i = 0; i < 10; i++) {
			uint8_t key[32];
			other_key(key);
			check_proofs(map, &root, key);
		}
		subject_map_free(map);
		/* In another order, with the root asked for between. */
		for (size_t i = item_count; i > 1; i--) {
			struct naive_item item = items[i - 1];
			size_t other = randombytes_uniform((uint32_t)i);
			items[i - 1] = items[other];
			items[other] = item;
		}
		map = map_of_items();
		subject_map_root(map, &again);
		ck_assert(hash_equal(&root, &again));
		subject_map_free(map);
	}
}
END_TEST

/* MAP-3: insertions, other values, the same values, proofs and roots in any sequence. */
START_TEST(random_changes_agree_with_the_definition)
{
	for (int round = 0; round < 100; round++) {
		struct subject_map *map;
		item_count = 0;
		ck_ok(subject_map_new(&map));
		for (int step = 0; step < 100; step++) {
			size_t at = item_count;
			if (at == 0 || randombytes_uniform(3) > 0)
				add_random_item();
			else
				at = randombytes_uniform((uint32_t)at);
			if (randombytes_uniform(4) > 0)
				randombytes_buf(&items[at].value, sizeof items[at].value);
			ck_ok(subject_map_set(map, items[at].key, &items[at].value));
			if (randombytes_uniform(3) == 0)
				assert_root(map);
			if (randombytes_uniform(10) == 0) {
				struct hash root = model_root();
				check_proofs(map, &root, items[randombytes_uniform((uint32_t)item_count)].key);
			}
		}
		assert_root(map);
		subject_map_free(map);
	}
}
END_TEST

/* Keys that agree in as many bits as keys can: a node for each of the 256 bits. */
START_TEST(as_deep_as_can_be)
{
	struct map_proof proof;
	struct hash value, root;
	memset(items, 0, sizeof items);
	item_count = 257;
	for (unsigned i = 0; i < 256; i++)
		flip_bit(items[i + 1].key, i);
	struct subject_map *map = map_of_items();
	assert_root(map);
	subject_map_root(map, &root);
	ck_assert(subject_map_prove(map, items[0].key, &value, &proof));
	ck_assert_uint_eq(proof.len, 256 * MAP_STEP_BYTES);
	for (size_t i = 0; i < item_count; i++)
		check_proofs(map, &root, items[i].key);
	for (unsigned i = 0; i < 255; i++) {
		uint8_t key[32] = {0};
		flip_bit(key, i);
		flip_bit(key, i + 1);
		check_proofs(map, &root, key);
	}
	subject_map_free(map);
}
END_TEST

/* ---- refusals ---- */

/* MAP-5, MAP-6, MAP-7, MAP-9: every bit of root, key, value and proof counts, and every length. */
static void check_every_bit(
	bool present, struct hash *root, uint8_t key[32], struct hash *value, struct map_proof *proof)
{
	struct bytes parts[] = {bytes_of(root->b, 32), bytes_of(proof->bytes, proof->len), bytes_of(key, present ? 32 : 0),
		bytes_of(value->b, present ? 32 : 0)};
	struct bytes whole = bytes_of(proof->bytes, proof->len);
	for (size_t part = 0; part < 4; part++)
		for (size_t bit = 0; bit < 8 * parts[part].len; bit++) {
			uint8_t *byte = (uint8_t *)parts[part].data + bit / 8;
			*byte ^= (uint8_t)(1 << bit % 8);
			enum error error =
				present ? map_verify_present(root, key, value, whole) : map_verify_absent(root, key, whole);
			ck_error(error, E_BAD_PROOF);
			*byte ^= (uint8_t)(1 << bit % 8);
		}
	for (size_t len = 0; len < proof->len + 70; len++) {
		if (len == proof->len)
			continue;
		struct bytes cut = bytes_of(proof->bytes, len);
		ck_error(present ? map_verify_present(root, key, value, cut) : map_verify_absent(root, key, cut), E_BAD_PROOF);
	}
}

START_TEST(every_bit_counts)
{
	for (int round = 0; round < 20; round++) {
		static struct map_proof proof;
		struct hash root, value;
		uint8_t key[32];
		random_items(1 + randombytes_uniform(12));
		struct subject_map *map = map_of_items();
		subject_map_root(map, &root);
		memset(&proof, 0, sizeof proof);
		memcpy(key, items[0].key, 32);
		ck_assert(subject_map_prove(map, key, &value, &proof));
		check_every_bit(true, &root, key, &value, &proof);
		do
			other_key(key);
		while (in_items(key));
		ck_assert(!subject_map_prove(map, key, &value, &proof));
		check_every_bit(false, &root, key, &value, &proof);
		subject_map_free(map);
	}
}
END_TEST

/* A root that somebody made by hashing steps in any order. */
static struct hash made_root(const struct naive_item *item, const uint8_t *bits, size_t count, struct writer *proof)
{
	struct hash hash;
	map_leaf_hash(item->key, &item->value, &hash);
	for (size_t i = 0; i < count; i++) {
		struct hash sibling;
		randombytes_buf(&sibling, sizeof sibling);
		writer_u8(proof, bits[i]);
		writer_bytes(proof, hash_bytes(&sibling));
		if (naive_bit(item->key, bits[i]))
			map_node_hash(&sibling, &hash, bits[i], &hash);
		else
			map_node_hash(&hash, &sibling, bits[i], &hash);
	}
	return hash;
}

/* MAP-6: hashes that fit are not enough. */
START_TEST(bits_that_do_not_fall)
{
	static const struct {
		uint8_t bits[3];
		bool good;
	} cases[] = {{{9, 5, 0}, true}, {{255, 254, 253}, true}, {{9, 9, 0}, false}, {{9, 5, 5}, false}, {{5, 9, 0}, false},
		{{9, 0, 5}, false}, {{0, 0, 0}, false}, {{0, 255, 254}, false}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t buffer[64 + 3 * MAP_STEP_BYTES], key[32];
		struct naive_item item;
		randombytes_buf(&item, sizeof item);
		struct writer w = writer_of(buffer, sizeof buffer);
		writer_bytes(&w, BYTES_ARRAY(item.key));
		writer_bytes(&w, hash_bytes(&item.value));
		struct hash root = made_root(&item, cases[i].bits, 3, &w);
		memcpy(key, item.key, 32);
		flip_bit(key, 100);
		enum error wanted = cases[i].good ? E_OK : E_BAD_PROOF;
		ck_error(map_verify_present(&root, item.key, &item.value, bytes_of(buffer + 64, 3 * MAP_STEP_BYTES)), wanted);
		ck_error(map_verify_absent(&root, key, BYTES_ARRAY(buffer)), wanted);
	}
}
END_TEST

/* MAP-9: for one root and key only one of presence and absence can be shown, whoever made the root. */
START_TEST(presence_and_absence_exclude_each_other)
{
	uint8_t buffer[64 + 2 * MAP_STEP_BYTES], key[32];
	const uint8_t bits[] = {77, 3};
	struct naive_item item;
	struct hash empty, leaf;
	randombytes_buf(&item, sizeof item);
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, BYTES_ARRAY(item.key));
	writer_bytes(&w, hash_bytes(&item.value));
	struct hash root = made_root(&item, bits, 2, &w);
	/* The key itself; then keys whose walk ends there, or turns off at a bit of the path. */
	ck_error(map_verify_absent(&root, item.key, BYTES_ARRAY(buffer)), E_BAD_PROOF);
	for (unsigned bit = 0; bit < 256; bit++) {
		memcpy(key, item.key, 32);
		flip_bit(key, bit);
		ck_error(map_verify_absent(&root, key, BYTES_ARRAY(buffer)), bit == 77 || bit == 3 ? E_BAD_PROOF : E_OK);
	}
	/* MAP-8: the empty map has the empty proof only, and nothing else has it. */
	map_empty_root(&empty);
	ck_ok(map_verify_absent(&empty, key, BYTES_EMPTY));
	ck_error(map_verify_absent(&root, key, BYTES_EMPTY), E_BAD_PROOF);
	ck_error(map_verify_absent(&empty, key, BYTES_ARRAY(buffer)), E_BAD_PROOF);
	ck_error(map_verify_present(&empty, key, &empty, BYTES_EMPTY), E_BAD_PROOF);
	/* A map of one. */
	map_leaf_hash(item.key, &item.value, &leaf);
	memcpy(key, item.key, 32);
	ck_ok(map_verify_present(&leaf, item.key, &item.value, BYTES_EMPTY));
	ck_error(map_verify_absent(&leaf, key, bytes_of(buffer, 64)), E_BAD_PROOF);
	flip_bit(key, 255);
	ck_ok(map_verify_absent(&leaf, key, bytes_of(buffer, 64)));
	ck_error(map_verify_absent(&leaf, key, bytes_of(buffer, 63)), E_BAD_PROOF);
	ck_error(map_verify_absent(&leaf, key, bytes_of(buffer, 32)), E_BAD_PROOF);
}
END_TEST

/* MAP-5: whoever makes a map of zeros cannot leave them out of a proof. */
START_TEST(zeros_that_are_not_there)
{
	uint8_t proof[64 + MAP_STEP_BYTES] = {0}, key[32] = {0};
	struct hash zero = {{0}}, root;
	flip_bit(key, 9);
	map_leaf_hash(zero.b, &zero, &root);
	ck_ok(map_verify_absent(&root, key, bytes_of(proof, 64)));
	for (size_t len = 0; len < 64; len++)
		ck_error(map_verify_absent(&root, key, bytes_of(proof, len)), E_BAD_PROOF);
	map_node_hash(&root, &zero, 0, &root);
	ck_ok(map_verify_absent(&root, key, BYTES_ARRAY(proof)));
	ck_ok(map_verify_present(&root, zero.b, &zero, bytes_of(proof, MAP_STEP_BYTES)));
	for (size_t len = 0; len < MAP_STEP_BYTES; len++) {
		ck_error(map_verify_absent(&root, key, bytes_of(proof, 64 + len)), E_BAD_PROOF);
		ck_error(map_verify_present(&root, zero.b, &zero, bytes_of(proof, len)), E_BAD_PROOF);
	}
}
END_TEST

/* ---- vectors ---- */

static size_t unbase64(const json_t *text, uint8_t *out, size_t max)
{
	size_t len = 0;
	const char *value = json_string_value(text);
	ck_assert_ptr_nonnull(value);
	ck_assert_int_eq(
		sodium_base642bin(out, max, value, strlen(value), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
	return len;
}

static struct subject_map *map_of_leaves(const json_t *leaves)
{
	struct subject_map *map;
	ck_ok(subject_map_new(&map));
	for (size_t i = 0; i < json_array_size(leaves); i++) {
		const json_t *leaf = json_array_get(leaves, i);
		struct naive_item item;
		ck_assert_uint_eq(unbase64(json_object_get(leaf, "key"), item.key, 32), 32);
		ck_assert_uint_eq(unbase64(json_object_get(leaf, "value"), item.value.b, 32), 32);
		ck_ok(subject_map_set(map, item.key, &item.value));
	}
	return map;
}

/* Their proofs of presence begin with "mptproof", 1 and the value. */
static void check_outside_line(const json_t *vector)
{
	static const uint8_t front[] = {'m', 'p', 't', 'p', 'r', 'o', 'o', 'f', 1};
	const json_t *leaves = json_object_get(vector, "leaves");
	struct subject_map *map = map_of_leaves(leaves);
	struct hash root, wanted;
	ck_assert_uint_eq(unbase64(json_object_get(vector, "root"), wanted.b, 32), 32);
	subject_map_root(map, &root);
	ck_assert_msg(hash_equal(&root, &wanted), "%s", vector_text(vector, "label"));
	if (json_object_get(vector, "proof") != NULL) {
		uint8_t bytes[sizeof front + 32 + 256 * MAP_STEP_BYTES], key[32];
		struct map_proof proof;
		struct hash value;
		const json_t *leaf = json_array_get(leaves, vector_number(vector, "target_index"));
		size_t len = unbase64(json_object_get(vector, "proof"), bytes, sizeof bytes);
		ck_assert_uint_ge(len, sizeof front + 32);
		ck_assert_mem_eq(bytes, front, sizeof front);
		unbase64(json_object_get(leaf, "key"), key, 32);
		ck_assert(subject_map_prove(map, key, &value, &proof));
		ck_assert_mem_eq(value.b, bytes + sizeof front, 32);
		struct bytes path = bytes_of(bytes + sizeof front + 32, len - sizeof front - 32);
		ck_assert(bytes_equal(path, bytes_of(proof.bytes, proof.len)));
		ck_ok(map_verify_present(&wanted, key, &value, path));
	}
	subject_map_free(map);
}

static unsigned walk_lines(const char *name)
{
	char path[4096];
	static char line[65536];
	unsigned count = 0;
	if (!vector_path("INDSIGT_SHARED", name, path))
		return 0;
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof line, file) != NULL) {
		json_t *vector = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		ck_assert_ptr_nonnull(vector);
		check_outside_line(vector);
		json_decref(vector);
		count++;
	}
	fclose(file);
	return count;
}

START_TEST(outside_roots_and_presence)
{
	unsigned count = walk_lines("vectors/mpt/mpt_root_kats.jsonl");
	ck_assert(count == 0 || count > 20);
	count = walk_lines("vectors/mpt/mpt_inclusion_kats.jsonl");
	ck_assert(count == 0 || count > 10);
}
END_TEST

static void check_outside_proof(const struct hash *root, const json_t *vector)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	uint8_t key[32];
	struct hash value;
	struct bytes proof = vector_hex(vector, "proof", buffer);
	vector_fixed(vector, "key", key, sizeof key);
	if (!json_is_true(json_object_get(vector, "found"))) {
		ck_ok(map_verify_absent(root, key, proof));
		return;
	}
	vector_fixed(vector, "val", &value, sizeof value);
	ck_ok(map_verify_present(root, key, &value, proof));
	ck_error(map_verify_absent(root, key, proof), E_BAD_PROOF);
}

START_TEST(outside_presence_and_absence)
{
	char path[4096];
	if (!vector_path("INDSIGT_SHARED", "vectors/mpt/absence.json", path))
		return;
	json_t *file = json_load_file(path, 0, NULL);
	if (file == NULL)
		return;
	const json_t *trees = json_object_get(file, "trees");
	size_t count = 0;
	for (size_t i = 0; i < json_array_size(trees); i++) {
		const json_t *tree = json_array_get(trees, i), *proofs = json_object_get(tree, "proofs");
		struct hash root;
		vector_fixed(tree, "root", &root, sizeof root);
		for (size_t j = 0; j < json_array_size(proofs); j++, count++)
			check_outside_proof(&root, json_array_get(proofs, j));
	}
	ck_assert_uint_gt(count, 30);
	json_decref(file);
}
END_TEST

static enum error check_own_root(const json_t *vector, const struct hash *root)
{
	const json_t *list = json_object_get(vector, "items");
	struct subject_map *map;
	struct hash computed;
	ck_ok(subject_map_new(&map));
	for (size_t i = 0; i < json_array_size(list); i++) {
		uint8_t key[32];
		struct hash value;
		vector_fixed(json_array_get(list, i), "key", key, sizeof key);
		vector_fixed(json_array_get(list, i), "value", &value, sizeof value);
		ck_ok(subject_map_set(map, key, &value));
	}
	subject_map_root(map, &computed);
	subject_map_free(map);
	return hash_equal(&computed, root) ? E_OK : E_BAD_PROOF;
}

/* MAP-10: which of the two a proof is for stands beside it. */
static void check_own(const json_t *vector, const char *path)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	const char *kind = vector_text(vector, "kind");
	uint8_t key[32];
	struct hash root, value;
	vector_fixed(vector, "root", &root, sizeof root);
	if (strcmp(kind, "root") == 0) {
		vector_expect(vector, path, check_own_root(vector, &root));
		return;
	}
	vector_fixed(vector, "key", key, sizeof key);
	struct bytes proof = vector_hex(vector, "proof", buffer);
	if (strcmp(kind, "present") == 0) {
		vector_fixed(vector, "value", &value, sizeof value);
		vector_expect(vector, path, map_verify_present(&root, key, &value, proof));
	} else {
		ck_assert_str_eq(kind, "absent");
		vector_expect(vector, path, map_verify_absent(&root, key, proof));
	}
}

START_TEST(our_map_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/map", dir));
	ck_assert_uint_ge(vector_walk(dir, check_own), 30);
}
END_TEST

UNIT_MAIN("subject_map", hashes_are_those_of_the_definition, random_sets_agree_with_the_definition,
	random_changes_agree_with_the_definition, as_deep_as_can_be, every_bit_counts, bits_that_do_not_fall,
	presence_and_absence_exclude_each_other, zeros_that_are_not_there, outside_roots_and_presence,
	outside_presence_and_absence, our_map_vectors_hold)
