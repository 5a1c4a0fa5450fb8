#include "ledger/tree/merkle.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

#define LEAVES_MAX 5000
static struct hash leaves[LEAVES_MAX];

static void make_leaves(void)
{
	for (uint32_t i = 0; i < LEAVES_MAX; i++) {
		uint8_t entry[4];
		put_u32(entry, i);
		merkle_leaf_hash(BYTES_ARRAY(entry), &leaves[i]);
	}
}

/* ---- the model: RFC 6962 section 2.1, word for word, on the leaves [begin, begin + n) ---- */

static uint64_t split(uint64_t n)
{
	uint64_t k = 1;
	while (k * 2 < n)
		k *= 2;
	return k;
}

static void model_node(const struct hash *left, const struct hash *right, struct hash *out)
{
	struct bytes parts[] = {BYTES_LITERAL("\x01"), hash_bytes(left), hash_bytes(right)};
	hash_sha256(parts, 3, out);
}

static struct hash model_root(uint64_t begin, uint64_t n)
{
	struct hash out;
	if (n == 0) {
		hash_sha256(NULL, 0, &out);
		return out;
	}
	if (n == 1)
		return leaves[begin];
	uint64_t k = split(n);
	struct hash left = model_root(begin, k), right = model_root(begin + k, n - k);
	model_node(&left, &right, &out);
	return out;
}

static void model_path(uint64_t m, uint64_t begin, uint64_t n, struct merkle_proof *proof)
{
	if (n == 1)
		return;
	uint64_t k = split(n);
	if (m < k) {
		model_path(m, begin, k, proof);
		proof->hashes[proof->count++] = model_root(begin + k, n - k);
	} else {
		model_path(m - k, begin + k, n - k, proof);
		proof->hashes[proof->count++] = model_root(begin, k);
	}
}

static void model_subproof(uint64_t m, uint64_t begin, uint64_t n, bool known, struct merkle_proof *proof)
{
	if (m == n) {
		if (!known)
			proof->hashes[proof->count++] = model_root(begin, n);
		return;
	}
	uint64_t k = split(n);
	if (m <= k) {
		model_subproof(m, begin, k, known, proof);
		proof->hashes[proof->count++] = model_root(begin + k, n - k);
	} else {
		model_subproof(m - k, begin + k, n - k, false, proof);
		proof->hashes[proof->count++] = model_root(begin, k);
	}
}

/* The roots of the largest subtrees without a leaf of [first, end), from left to right. */
static void model_range(uint64_t first, uint64_t end, uint64_t begin, uint64_t n, struct merkle_range_proof *proof)
{
	if (begin + n <= first || begin >= end) {
		proof->hashes[proof->count++] = model_root(begin, n);
		return;
	}
	if (n == 1)
		return;
	uint64_t k = split(n);
	model_range(first, end, begin, k, proof);
	model_range(first, end, begin + k, n - k, proof);
}

/* ---- nodes in memory ---- */

struct memory {
	uint64_t size;
	struct hash levels[14][LEAVES_MAX];
	uint64_t counts[14];
	uint64_t asked_beyond;
};

static struct memory memory;

static void memory_sink(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct memory *m = context;
	ck_assert_uint_lt(level, 14);
	ck_assert_uint_eq(index, m->counts[level]); /* each level is written in order, without a hole */
	m->levels[level][index] = *hash;
	m->counts[level]++;
}

static enum error memory_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	const struct memory *m = context;
	if (level >= 14 || (index + 1) << level > m->size)
		return E_NOT_FOUND; /* not a complete node of a tree of this size */
	*out = m->levels[level][index];
	return E_OK;
}

static const struct merkle_nodes nodes = {memory_node, &memory};

static void fill_memory(void)
{
	struct merkle_frontier frontier;
	merkle_frontier_init(&frontier);
	make_leaves();
	for (uint64_t i = 0; i < LEAVES_MAX; i++)
		merkle_frontier_append(&frontier, &leaves[i], memory_sink, &memory);
	memory.size = LEAVES_MAX;
}

static void assert_proof_eq(const struct merkle_proof *a, const struct merkle_proof *b)
{
	ck_assert_uint_eq(a->count, b->count);
	ck_assert_mem_eq(a->hashes, b->hashes, a->count * sizeof a->hashes[0]);
}

/* TREE-1, TREE-2, TREE-3 */
START_TEST(hashes_are_those_of_the_rfc)
{
	struct hash hash;
	char hex[65];
	merkle_empty_root(&hash);
	sodium_bin2hex(hex, sizeof hex, hash.b, sizeof hash.b);
	ck_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

	/* Any length of entry, around the place where the code goes from one call to the other. */
	uint8_t entry[300] = {0};
	for (size_t len = 0; len <= sizeof entry; len++) {
		struct hash wanted;
		struct bytes parts[] = {bytes_of("", 1), bytes_of(entry, len)};
		hash_sha256(parts, 2, &wanted);
		merkle_leaf_hash(bytes_of(entry, len), &hash);
		ck_assert(hash_equal(&hash, &wanted));
	}

	struct hash left = {{1}}, right = {{2}}, wanted;
	model_node(&left, &right, &wanted);
	merkle_node_hash(&left, &right, &left);
	ck_assert(hash_equal(&left, &wanted));
}
END_TEST

START_TEST(frontier_and_roots)
{
	fill_memory();
	struct merkle_frontier frontier;
	merkle_frontier_init(&frontier);
	for (uint64_t size = 0; size <= 600; size++) {
		struct hash wanted = model_root(0, size), root;
		merkle_frontier_root(&frontier, &root);
		ck_assert(hash_equal(&root, &wanted));
		merkle_root_of_leaves(leaves, size, &root);
		ck_assert(hash_equal(&root, &wanted));
		memory.size = size;
		ck_ok(merkle_root(&nodes, size, &root));
		ck_assert(hash_equal(&root, &wanted));
		ck_assert_uint_eq(frontier.count, (unsigned)__builtin_popcountll(size));
		merkle_frontier_append(&frontier, &leaves[size], NULL, NULL);
	}
}
END_TEST

static void check_inclusion(uint64_t index, uint64_t size, const struct hash *root)
{
	static struct merkle_edges edges; /* of whatever was asked before */
	struct merkle_proof proof, wanted = {0};
	memory.size = size;
	ck_ok(merkle_prove_inclusion(&nodes, index, size, &proof));
	model_path(index, 0, size, &wanted);
	assert_proof_eq(&proof, &wanted);
	for (int again = 0; again < 2; again++) {
		ck_ok(merkle_prove_among(&nodes, &edges, index, size, &proof));
		assert_proof_eq(&proof, &wanted);
	}
	ck_ok(merkle_verify_inclusion(&leaves[index], index, size, proof.hashes, proof.count, root));
	struct hash computed;
	ck_ok(merkle_root_of_inclusion(&leaves[index], index, size, proof.hashes, proof.count, &computed));
	ck_assert(hash_equal(&computed, root));
}

/* All nodes over some leaves at once are those that are asked for one by one. */
static void check_filled(size_t size)
{
	static struct hash filled[2 * LEAVES_MAX];
	memcpy(filled, leaves, size * sizeof *filled);
	merkle_fill(filled, size);
	for (uint32_t level = 0; level < 16; level++) {
		uint64_t count = size >> level;
		for (uint64_t index = 0; index < count; index++) {
			struct hash root = model_root(index << level, 1ull << level);
			ck_assert(hash_equal(merkle_filled(filled, size, level, index), &root));
		}
		ck_assert_ptr_null(merkle_filled(filled, size, level, count));
	}
}

static void check_consistency(uint64_t old_size, uint64_t size, const struct hash *root)
{
	struct merkle_proof proof, wanted = {0};
	memory.size = size;
	ck_ok(merkle_prove_consistency(&nodes, old_size, size, &proof));
	if (old_size > 0)
		model_subproof(old_size, 0, size, true, &wanted);
	assert_proof_eq(&proof, &wanted);
	struct hash old_root = model_root(0, old_size);
	ck_ok(merkle_verify_consistency(old_size, &old_root, size, root, proof.hashes, proof.count));
}

START_TEST(every_pair_to_130)
{
	fill_memory();
	for (uint64_t size = 1; size <= 130; size++) {
		struct hash root = model_root(0, size);
		for (uint64_t index = 0; index < size; index++)
			check_inclusion(index, size, &root);
		for (uint64_t old_size = 0; old_size <= size; old_size++)
			check_consistency(old_size, size, &root);
		check_filled(size);
	}
	check_filled(LEAVES_MAX);
}
END_TEST

START_TEST(random_pairs_to_5000)
{
	fill_memory();
	for (int round = 0; round < 60; round++) {
		uint64_t size = 1 + randombytes_uniform(LEAVES_MAX);
		struct hash root = model_root(0, size);
		check_inclusion(randombytes_uniform((uint32_t)size), size, &root);
		check_consistency(randombytes_uniform((uint32_t)size + 1), size, &root);
	}
}
END_TEST

/* TREE-5, TREE-6, TREE-7: any other length, any changed bit, another leaf, another root. */
START_TEST(inclusion_refuses_any_other_place)
{
	fill_memory();
	for (uint64_t size = 1; size <= 40; size++)
		for (uint64_t index = 0; index < size; index++) {
			struct hash root = model_root(0, size), other = {{1}};
			struct merkle_proof p;
			memory.size = size;
			ck_ok(merkle_prove_inclusion(&nodes, index, size, &p));
			const struct hash *leaf = &leaves[index];
			ck_error(merkle_verify_inclusion(leaf, index, size, p.hashes, p.count, &other), E_BAD_PROOF);
			ck_error(merkle_verify_inclusion(&other, index, size, p.hashes, p.count, &root), E_BAD_PROOF);
			ck_error(merkle_verify_inclusion(leaf, index ^ 1, size, p.hashes, p.count, &root), E_BAD_PROOF);
			ck_error(merkle_verify_inclusion(leaf, size, size, p.hashes, p.count, &root), E_BAD_PROOF);
			ck_error(merkle_verify_inclusion(leaf, index, size, p.hashes, p.count + 1, &root), E_BAD_PROOF);
			struct hash computed = other;
			ck_error(merkle_root_of_inclusion(leaf, size, size, p.hashes, p.count, &computed), E_BAD_PROOF);
			ck_error(merkle_root_of_inclusion(leaf, index, size, p.hashes, p.count + 1, &computed), E_BAD_PROOF);
			ck_assert(hash_equal(&computed, &other));
			if (p.count > 0)
				ck_error(merkle_verify_inclusion(leaf, index, size, p.hashes, p.count - 1, &root), E_BAD_PROOF);
			for (uint32_t i = 0; i < p.count; i++) {
				p.hashes[i].b[i % HASH_BYTES] ^= 0x10;
				ck_error(merkle_verify_inclusion(leaf, index, size, p.hashes, p.count, &root), E_BAD_PROOF);
				p.hashes[i].b[i % HASH_BYTES] ^= 0x10;
			}
		}
}
END_TEST

/* TREE-8, TREE-9, TREE-10 */
START_TEST(consistency_refuses_any_other_tree)
{
	fill_memory();
	struct hash empty = model_root(0, 0), other = {{1}};
	for (uint64_t size = 0; size <= 40; size++)
		for (uint64_t old = 0; old <= size; old++) {
			struct hash root = model_root(0, size), old_root = model_root(0, old);
			struct merkle_proof p;
			memory.size = size;
			ck_ok(merkle_prove_consistency(&nodes, old, size, &p));
			ck_error(merkle_verify_consistency(old, &other, size, &root, p.hashes, p.count), E_BAD_PROOF);
			ck_error(merkle_verify_consistency(old, &old_root, size, &root, p.hashes, p.count + 1), E_BAD_PROOF);
			if (old > 0)
				ck_error(merkle_verify_consistency(old, &old_root, size, &other, p.hashes, p.count), E_BAD_PROOF);
			if (p.count > 0)
				ck_error(merkle_verify_consistency(old, &old_root, size, &root, p.hashes, p.count - 1), E_BAD_PROOF);
			if (old < size)
				ck_error(merkle_verify_consistency(size, &root, old, &old_root, p.hashes, p.count), E_BAD_PROOF);
			for (uint32_t i = 0; i < p.count; i++) {
				p.hashes[i].b[i % HASH_BYTES] ^= 0x10;
				ck_error(merkle_verify_consistency(old, &old_root, size, &root, p.hashes, p.count), E_BAD_PROOF);
				p.hashes[i].b[i % HASH_BYTES] ^= 0x10;
			}
		}
	ck_error(merkle_verify_consistency(0, &other, 5, &other, NULL, 0), E_BAD_PROOF);
	ck_ok(merkle_verify_consistency(0, &empty, 5, &other, NULL, 0));
	ck_error(merkle_verify_consistency(0, &empty, 0, &other, NULL, 0), E_BAD_PROOF);
}
END_TEST

/* ---- ranges ---- */

static void check_range(uint64_t first, uint64_t count, uint64_t size, const struct hash *root)
{
	struct merkle_range_proof proof, wanted = {0};
	memory.size = size;
	ck_ok(merkle_prove_range(&nodes, first, count, size, &proof));
	model_range(first, first + count, 0, size, &wanted);
	ck_assert_uint_eq(proof.count, wanted.count);
	ck_assert_mem_eq(proof.hashes, wanted.hashes, proof.count * sizeof proof.hashes[0]);
	ck_ok(merkle_verify_range(&leaves[first], first, count, size, proof.hashes, proof.count, root));
	struct hash computed;
	ck_ok(merkle_root_of_range(&leaves[first], first, count, size, proof.hashes, proof.count, &computed));
	ck_assert(hash_equal(&computed, root));
}

START_TEST(every_range_to_60)
{
	fill_memory();
	for (uint64_t size = 1; size <= 60; size++) {
		struct hash root = model_root(0, size);
		for (uint64_t first = 0; first < size; first++)
			for (uint64_t count = 1; count <= size - first; count++)
				check_range(first, count, size, &root);
	}
}
END_TEST

START_TEST(random_ranges_to_5000)
{
	fill_memory();
	for (int round = 0; round < 60; round++) {
		uint64_t size = 1 + randombytes_uniform(LEAVES_MAX);
		uint64_t first = randombytes_uniform((uint32_t)size);
		struct hash root = model_root(0, size);
		check_range(first, 1 + randombytes_uniform((uint32_t)(size - first)), size, &root);
		check_range(0, size, size, &root);
	}
}
END_TEST

/* A proof with room for a hash more. */
struct long_range_proof {
	struct merkle_range_proof p;
	struct hash room;
};

static void range_refuses_one(uint64_t first, uint64_t count, uint64_t size)
{
	struct long_range_proof range = {0};
	struct merkle_range_proof *p = &range.p;
	struct hash root = model_root(0, size), other = {{1}}, *leaf = &leaves[first];
	memory.size = size;
	ck_ok(merkle_prove_range(&nodes, first, count, size, p));
	ck_error(merkle_verify_range(leaf, first, count, size, p->hashes, p->count, &other), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf + 1, first, count, size, p->hashes, p->count, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, first + 1, count, size, p->hashes, p->count, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, first, count + 1, size, p->hashes, p->count, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, first, 0, size, p->hashes, p->count, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, first, count - 1, size, p->hashes, p->count, &root), E_BAD_PROOF);
	/* No leaf, or one behind the tree, and the root itself as the only hash. */
	ck_error(merkle_verify_range(leaf, 0, 0, size, &root, 1, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, size, 1, size, &root, 1, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, size + 1, 1, size, &root, 1, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, size, count, size, p->hashes, p->count, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, first, UINT64_MAX, size, p->hashes, p->count, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, first, UINT64_MAX - first + 1, size, p->hashes, p->count, &root), E_BAD_PROOF);
	ck_error(merkle_verify_range(leaf, first, count, size, p->hashes, p->count + 1, &root), E_BAD_PROOF);
	if (p->count > 0) {
		/* In memory of its own, where a sanitizer sees what is read behind it. */
		size_t bytes = (p->count - 1) * sizeof p->hashes[0];
		struct hash *cut = malloc(bytes ? bytes : 1);
		memcpy(cut, p->hashes, bytes);
		ck_error(merkle_verify_range(leaf, first, count, size, cut, p->count - 1, &root), E_BAD_PROOF);
		free(cut);
	}
	for (uint32_t i = 0; i < p->count; i++) {
		p->hashes[i].b[i % HASH_BYTES] ^= 0x10;
		ck_error(merkle_verify_range(leaf, first, count, size, p->hashes, p->count, &root), E_BAD_PROOF);
		p->hashes[i].b[i % HASH_BYTES] ^= 0x10;
	}
	for (uint64_t i = first; i < first + count; i++) {
		leaves[i].b[i % HASH_BYTES] ^= 0x10;
		ck_error(merkle_verify_range(leaf, first, count, size, p->hashes, p->count, &root), E_BAD_PROOF);
		leaves[i].b[i % HASH_BYTES] ^= 0x10;
	}
}

/* TREE-11, TREE-12, TREE-13: any other place, any other number of leaves or hashes, any changed bit, another root. */
START_TEST(a_range_refuses_any_other_place)
{
	fill_memory();
	for (uint64_t size = 1; size <= 20; size++)
		for (uint64_t first = 0; first < size; first++)
			for (uint64_t count = 1; count <= size - first; count++)
				range_refuses_one(first, count, size);
	struct merkle_range_proof p = {.count = 9};
	memory.size = 20;
	ck_error(merkle_prove_range(&nodes, 3, 0, 20, &p), E_BAD_VALUE);
	ck_error(merkle_prove_range(&nodes, 20, 1, 20, &p), E_BAD_VALUE);
	ck_error(merkle_prove_range(&nodes, 19, 2, 20, &p), E_BAD_VALUE);
	ck_error(merkle_prove_range(&nodes, 19, UINT64_MAX, 20, &p), E_BAD_VALUE);
	ck_error(merkle_prove_range(&nodes, 0, 1, 0, &p), E_BAD_VALUE);
	ck_assert_uint_eq(p.count, 9);
}
END_TEST

/* ---- sizes that no memory holds: all leaves are equal, so a complete node depends on its level alone ---- */

static struct hash level_hash[64];

static enum error equal_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	const uint64_t *size = context;
	ck_assert_uint_le(level, 63);
	ck_assert(index < *size >> level);
	*out = level_hash[level];
	return E_OK;
}

START_TEST(sizes_to_2_63)
{
	for (uint32_t i = 1; i < 64; i++)
		merkle_node_hash(&level_hash[i - 1], &level_hash[i - 1], &level_hash[i]);
	const uint64_t top = 1ull << 63;
	const uint64_t sizes[] = {top, top - 1, top - 2, (top >> 1) + 1, top >> 1, (top >> 1) - 1, 0x5555555555555555,
		0x2AAAAAAAAAAAAAAA, (1ull << 32) + 1, (1ull << 32) - 1};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		uint64_t size = sizes[i];
		const struct merkle_nodes equal = {equal_node, &size};
		struct hash root;
		struct merkle_proof p;
		ck_ok(merkle_root(&equal, size, &root));
		const uint64_t places[] = {0, 1, size / 3, size / 2, size - 2, size - 1};
		for (size_t j = 0; j < sizeof places / sizeof places[0]; j++) {
			ck_ok(merkle_prove_inclusion(&equal, places[j], size, &p));
			ck_assert_uint_le(p.count, PROOF_HASHES_MAX);
			ck_ok(merkle_verify_inclusion(&level_hash[0], places[j], size, p.hashes, p.count, &root));

			struct merkle_range_proof range;
			struct hash three[] = {level_hash[0], level_hash[0], level_hash[0]};
			uint64_t count = size - places[j] < 3 ? size - places[j] : 3;
			ck_ok(merkle_prove_range(&equal, places[j], count, size, &range));
			ck_assert_uint_le(range.count, MERKLE_RANGE_PROOF_MAX);
			ck_ok(merkle_verify_range(three, places[j], count, size, range.hashes, range.count, &root));

			uint64_t old_size = places[j] + 1;
			const struct merkle_nodes old = {equal_node, &old_size};
			struct hash old_root;
			ck_ok(merkle_root(&old, old_size, &old_root));
			ck_ok(merkle_prove_consistency(&equal, old_size, size, &p));
			ck_assert_uint_le(p.count, MERKLE_PROOF_MAX);
			ck_ok(merkle_verify_consistency(old_size, &old_root, size, &root, p.hashes, p.count));
		}
	}
	/* TREE-4 */
	struct hash hash;
	struct merkle_proof p;
	uint64_t beyond = top + 1;
	const struct merkle_nodes none = {equal_node, &beyond};
	ck_error(merkle_root(&none, beyond, &hash), E_BAD_VALUE);
	ck_error(merkle_prove_inclusion(&none, 0, beyond, &p), E_BAD_VALUE);
	ck_error(merkle_prove_consistency(&none, 1, beyond, &p), E_BAD_VALUE);
	struct merkle_range_proof range;
	ck_error(merkle_prove_range(&none, 0, 1, beyond, &range), E_BAD_VALUE);
	struct hash joined;
	merkle_node_hash(&level_hash[1], &level_hash[0], &joined);
	ck_error(merkle_verify_range(&level_hash[0], top, 1, beyond, &level_hash[1], 1, &joined), E_BAD_PROOF);
	ck_error(merkle_verify_range(&hash, UINT64_MAX - 1, 1, UINT64_MAX, range.hashes, 0, &hash), E_BAD_PROOF);
	ck_error(merkle_verify_inclusion(&hash, 0, UINT64_MAX, p.hashes, 0, &hash), E_BAD_PROOF);
	ck_error(merkle_verify_consistency(beyond, &hash, beyond, &hash, p.hashes, 0), E_BAD_PROOF);
	ck_error(merkle_prove_inclusion(&none, 7, 7, &p), E_BAD_VALUE);
	ck_error(merkle_prove_consistency(&none, 8, 7, &p), E_BAD_VALUE);
}
END_TEST

static enum error failing_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	(void)level, (void)index;
	memset(out, 0, sizeof *out);
	int *left = context;
	return (*left)-- > 0 ? E_OK : E_CORRUPT;
}

START_TEST(node_errors_come_through)
{
	for (int good = 0; good < 4; good++) {
		int left = good;
		const struct merkle_nodes failing = {failing_node, &left};
		struct hash hash = {{7}};
		struct merkle_proof p = {.count = 9};
		ck_error(merkle_root(&failing, 31, &hash), E_CORRUPT);
		left = good;
		ck_error(merkle_prove_inclusion(&failing, 2, 31, &p), E_CORRUPT);
		left = good;
		ck_error(merkle_prove_consistency(&failing, 3, 31, &p), E_CORRUPT);
		left = good;
		struct merkle_range_proof range = {.count = 9};
		ck_error(merkle_prove_range(&failing, 3, 5, 31, &range), E_CORRUPT);
		ck_assert_uint_eq(range.count, 9);
		ck_assert_uint_eq(hash.b[0], 7);
		ck_assert_uint_eq(p.count, 9);
	}
}
END_TEST

/* ---- vectors ---- */

static void decode_base64(const json_t *text, struct hash *out, bool *whole)
{
	size_t len = 0;
	const char *value = json_is_string(text) ? json_string_value(text) : "";
	if (sodium_base642bin(
			out->b, sizeof out->b, value, strlen(value), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
		len != HASH_BYTES)
		*whole = false;
}

static void check_outside(const json_t *vector, const char *path)
{
	bool whole = true; /* hashes that are no hashes never reach the verifier */
	struct hash hashes[200], root, other;
	const json_t *proof = json_object_get(vector, "proof");
	size_t count = json_array_size(proof);
	ck_assert_uint_lt(count, 200);
	for (size_t i = 0; i < count; i++)
		decode_base64(json_array_get(proof, i), &hashes[i], &whole);
	enum error error;
	if (json_object_get(vector, "leafIdx") != NULL) {
		decode_base64(json_object_get(vector, "root"), &root, &whole);
		decode_base64(json_object_get(vector, "leafHash"), &other, &whole);
		error = merkle_verify_inclusion(
			&other, vector_number(vector, "leafIdx"), vector_number(vector, "treeSize"), hashes, count, &root);
	} else {
		decode_base64(json_object_get(vector, "root1"), &other, &whole);
		decode_base64(json_object_get(vector, "root2"), &root, &whole);
		error = merkle_verify_consistency(
			vector_number(vector, "size1"), &other, vector_number(vector, "size2"), &root, hashes, count);
	}
	bool refused = !whole || error != E_OK;
	ck_assert_msg(refused == json_is_true(json_object_get(vector, "wantErr")), "%s: %s", path, error_name(error));
}

START_TEST(the_outside_vectors_hold)
{
	char dir[4096];
	if (!vector_path("INDSIGT_SHARED", "vectors/merkle/inclusion", dir))
		return;
	unsigned count = vector_walk(dir, check_outside);
	ck_assert(count == 0 || count > 50);
	vector_path("INDSIGT_SHARED", "vectors/merkle/consistency", dir);
	count = vector_walk(dir, check_outside);
	ck_assert(count == 0 || count > 40);
}
END_TEST

static void check_own_range(
	const json_t *vector, const char *path, const struct hash *proof, size_t proof_count, const struct hash *root)
{
	struct hash shown[50];
	uint8_t buffer[VECTOR_BYTES_MAX];
	const json_t *list = json_object_get(vector, "leaves");
	size_t count = json_array_size(list);
	ck_assert_uint_le(count, 50);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(vector_unhex(json_string_value(json_array_get(list, i)), buffer).len, HASH_BYTES);
		memcpy(shown[i].b, buffer, HASH_BYTES);
	}
	vector_expect(vector, path,
		merkle_verify_range(
			shown, vector_number(vector, "first"), count, vector_number(vector, "size"), proof, proof_count, root));
}

static void check_own(const json_t *vector, const char *path)
{
	const char *kind = vector_text(vector, "kind");
	struct hash hashes[200], root, computed;
	vector_fixed(vector, "root", &root, sizeof root);
	const json_t *list = json_object_get(vector, strcmp(kind, "root") == 0 ? "entries" : "proof");
	size_t count = json_array_size(list);
	ck_assert_uint_lt(count, 200);
	uint8_t buffer[VECTOR_BYTES_MAX];
	if (strcmp(kind, "root") == 0) {
		for (size_t i = 0; i < count; i++)
			merkle_leaf_hash(vector_unhex(json_string_value(json_array_get(list, i)), buffer), &hashes[i]);
		merkle_root_of_leaves(hashes, count, &computed);
		vector_expect(vector, path, hash_equal(&computed, &root) ? E_OK : E_BAD_PROOF);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct bytes hash = vector_unhex(json_string_value(json_array_get(list, i)), buffer);
		ck_assert_uint_eq(hash.len, HASH_BYTES);
		memcpy(hashes[i].b, hash.data, HASH_BYTES);
	}
	if (strcmp(kind, "range") == 0) {
		check_own_range(vector, path, hashes, count, &root);
		return;
	}
	struct hash other;
	if (strcmp(kind, "inclusion") == 0) {
		vector_fixed(vector, "leaf", &other, sizeof other);
		vector_expect(vector, path,
			merkle_verify_inclusion(
				&other, vector_number(vector, "index"), vector_number(vector, "size"), hashes, count, &root));
	} else {
		ck_assert_str_eq(kind, "consistency");
		vector_fixed(vector, "old_root", &other, sizeof other);
		vector_expect(vector, path,
			merkle_verify_consistency(
				vector_number(vector, "old_size"), &other, vector_number(vector, "size"), &root, hashes, count));
	}
}

START_TEST(our_tree_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/tree", dir));
	ck_assert_uint_ge(vector_walk(dir, check_own), 20);
}
END_TEST

UNIT_MAIN("merkle", hashes_are_those_of_the_rfc, frontier_and_roots, every_pair_to_130, random_pairs_to_5000,
	inclusion_refuses_any_other_place, consistency_refuses_any_other_tree, every_range_to_60, random_ranges_to_5000,
	a_range_refuses_any_other_place, sizes_to_2_63, node_errors_come_through, the_outside_vectors_hold,
	our_tree_vectors_hold)
