/* A path is never asked which way it goes: place and size alone give its shape, and so how many hashes it must have.
 * One more or less is refused before anything is hashed.
 *
 *   inner   from the leaf up, below the tree's right edge: the bits of the index say on which side the sibling stands
 *   border  along that edge: left siblings alone, one for each bit set in what remains of the index
 *
 * A consistency proof is one path read twice: with all siblings it gives the new root, with the left ones alone the old
 * one. Range proofs are made and read by the same recursion, so that both split the tree alike. When a node cannot be
 * had while something is proven, that error goes up and `out` is as it was. */
#include "ledger/tree/merkle.h"

#include "ledger/base/wrong.h"

#include <assert.h>

/* Beyond this a shift by the level of a node could reach the width of the integer. */
#define SIZE_MAX_LEAVES (1ull << TREE_LEVELS_MAX)

void merkle_empty_root(struct hash *out)
{
	hash_sha256(NULL, 0, out);
}

void merkle_leaf_hash(struct bytes entry, struct hash *out)
{
	static const uint8_t prefix = 0x00;
	const struct bytes parts[] = {{&prefix, 1}, entry};
	hash_sha256(parts, 2, out);
}

void merkle_node_hash(const struct hash *left, const struct hash *right, struct hash *out)
{
	uint8_t node[1 + 2 * HASH_BYTES];
	node[0] = 0x01;
	memcpy(node + 1, left->b, HASH_BYTES);
	memcpy(node + 1 + HASH_BYTES, right->b, HASH_BYTES);
	const struct bytes whole = bytes_of(node, sizeof node);
	hash_sha256(&whole, 1, out);
}

/* ---- appending ---- */

void merkle_frontier_init(struct merkle_frontier *frontier)
{
	frontier->size = 0;
	frontier->count = 0;
}

void merkle_frontier_append_node(
	struct merkle_frontier *frontier, uint32_t level, const struct hash *root, merkle_node_sink *sink, void *context)
{
	struct hash hash = *root;
	uint64_t leaves = 1ull << level;
	assert(frontier->size % leaves == 0);
	if (sink != NULL)
		sink(context, level, frontier->size >> level, &hash);
	/* Each bit set in the size from here on is a complete subtree that the new one makes twice as large. */
	while (frontier->size >> level & 1) {
		merkle_node_hash(&frontier->hashes[--frontier->count], &hash, &hash);
		level++;
		if (sink != NULL)
			sink(context, level, frontier->size >> level, &hash);
	}
	frontier->hashes[frontier->count++] = hash;
	frontier->size += leaves;
}

void merkle_frontier_append(
	struct merkle_frontier *frontier, const struct hash *leaf, merkle_node_sink *sink, void *context)
{
	merkle_frontier_append_node(frontier, 0, leaf, sink, context);
}

void merkle_frontier_read(struct reader *r, struct merkle_frontier *out)
{
	out->size = reader_u64(r);
	out->count = (uint32_t)__builtin_popcountll(out->size);
	for (uint32_t i = 0; i < out->count; i++)
		reader_copy(r, out->hashes[i].b, HASH_BYTES);
}

void merkle_frontier_write(struct writer *w, const struct merkle_frontier *frontier)
{
	writer_u64(w, frontier->size);
	for (uint32_t i = 0; i < frontier->count; i++)
		writer_bytes(w, hash_bytes(&frontier->hashes[i]));
}

void merkle_frontier_root(const struct merkle_frontier *frontier, struct hash *out)
{
	assert(frontier->count == (uint32_t)__builtin_popcountll(frontier->size));
	if (frontier->count == 0) {
		merkle_empty_root(out);
		return;
	}
	struct hash root = frontier->hashes[frontier->count - 1];
	for (uint32_t i = frontier->count - 1; i > 0; i--)
		merkle_node_hash(&frontier->hashes[i - 1], &root, &root);
	*out = root;
}

void merkle_root_of_leaves(const struct hash *leaves, size_t count, struct hash *out)
{
	struct merkle_frontier frontier;
	merkle_frontier_init(&frontier);
	for (size_t i = 0; i < count; i++)
		merkle_frontier_append(&frontier, &leaves[i], NULL, NULL);
	merkle_frontier_root(&frontier, out);
}

void merkle_fill(struct hash *nodes, size_t count)
{
	for (struct hash *below = nodes; count > 1; below += count, count /= 2)
		for (size_t i = 0; i < count / 2; i++)
			merkle_node_hash(&below[2 * i], &below[2 * i + 1], &below[count + i]);
}

const struct hash *merkle_filled(const struct hash *nodes, size_t count, uint32_t level, uint64_t index)
{
	for (; level > 0 && count > 0; level--, count /= 2)
		nodes += count;
	return index < count ? &nodes[index] : NULL;
}

/* ---- proving ---- */

/* The root over the leaves [begin, end), where the subtree that begins at `begin` reaches `end` or beyond: it is made
 * of one complete subtree for each bit set in end - begin, joined from the smallest up. */
static enum error range_root(const struct merkle_nodes *nodes, uint64_t begin, uint64_t end, struct hash *out)
{
	struct hash root;
	bool first = true;
	for (uint64_t at = end; at > begin;) {
		uint32_t level = (uint32_t)__builtin_ctzll(at - begin);
		at -= 1ull << level;
		struct hash node;
		TRY(nodes->node(nodes->context, level, at >> level, &node));
		if (first)
			root = node;
		else
			merkle_node_hash(&node, &root, &root);
		first = false;
	}
	*out = root;
	return E_OK;
}

enum error merkle_root(const struct merkle_nodes *nodes, uint64_t size, struct hash *out)
{
	if (size > SIZE_MAX_LEAVES)
		return E_BAD_VALUE;
	if (size == 0) {
		merkle_empty_root(out);
		return E_OK;
	}
	return range_root(nodes, 0, size, out);
}

/* The last node at `level`, complete or not. */
static enum error edge_root(
	const struct merkle_nodes *nodes, struct merkle_edges *edges, uint32_t level, uint64_t size, struct hash *out)
{
	uint64_t begin = (size - 1) >> level << level;
	if (edges == NULL)
		return range_root(nodes, begin, size, out);
	if (edges->size != size)
		*edges = (struct merkle_edges){.size = size};
	if ((edges->known >> level & 1) == 0)
		TRY(range_root(nodes, begin, size, &edges->hashes[level]));
	edges->known |= 1ull << level;
	*out = edges->hashes[level];
	return E_OK;
}

/* Appends the siblings on the way from the complete node (level, index) to the root of the tree of `size` leaves. */
static enum error prove_path(const struct merkle_nodes *nodes, struct merkle_edges *edges, uint32_t level,
	uint64_t index, uint64_t size, struct merkle_proof *proof)
{
	for (; (size - 1) >> level > 0; level++, index >>= 1) {
		uint64_t sibling = index ^ 1;
		uint64_t last = (size - 1) >> level; /* the index of the last node at this level, complete or not */
		if (sibling > last)
			continue; /* the node is the right edge and rises as it is */
		struct hash *hash = &proof->hashes[proof->count];
		if (sibling < last)
			TRY(nodes->node(nodes->context, level, sibling, hash));
		else
			TRY(edge_root(nodes, edges, level, size, hash));
		proof->count++;
	}
	return E_OK;
}

enum error merkle_prove_among(const struct merkle_nodes *nodes, struct merkle_edges *edges, uint64_t index,
	uint64_t size, struct merkle_proof *out)
{
	if (index >= size || size > SIZE_MAX_LEAVES)
		return E_BAD_VALUE;
	struct merkle_proof proof;
	proof.count = 0;
	TRY(prove_path(nodes, edges, 0, index, size, &proof));
	out->count = proof.count;
	memcpy(out->hashes, proof.hashes, proof.count * sizeof proof.hashes[0]);
	return E_OK;
}

enum error merkle_prove_inclusion(
	const struct merkle_nodes *nodes, uint64_t index, uint64_t size, struct merkle_proof *out)
{
	return merkle_prove_among(nodes, NULL, index, size, out);
}

enum error merkle_prove_consistency(
	const struct merkle_nodes *nodes, uint64_t old_size, uint64_t size, struct merkle_proof *out)
{
	if (old_size > size || size > SIZE_MAX_LEAVES)
		return E_BAD_VALUE;
	struct merkle_proof proof;
	proof.count = 0;
	if (old_size > 0 && old_size < size) {
		/* The last complete subtree of the old tree. It is the whole old tree when that is a power of two, and
		 * then the verifier has its root already. */
		uint32_t level = (uint32_t)__builtin_ctzll(old_size);
		uint64_t index = (old_size - 1) >> level;
		if (index > 0)
			TRY(nodes->node(nodes->context, level, index, &proof.hashes[proof.count++]));
		TRY(prove_path(nodes, NULL, level, index, size, &proof));
	}
	out->count = proof.count;
	memcpy(out->hashes, proof.hashes, proof.count * sizeof proof.hashes[0]);
	return E_OK;
}

/* A range of leaves in a tree, while it is proven. */
struct range {
	uint64_t first;
	uint64_t end;
};

static bool range_misses(const struct range *range, uint64_t begin, uint64_t end)
{
	return end <= range->first || range->end <= begin;
}

/* RFC 6962: the largest power of two below n, n >= 2. */
static uint64_t split(uint64_t n)
{
	return 1ull << (63 - (uint32_t)__builtin_clzll(n - 1));
}

/* Goes no further down than where a subtree lies whole in the range, or whole beside it. */
static enum error prove_range(const struct merkle_nodes *nodes, const struct range *range, uint64_t begin, uint64_t end,
	struct merkle_range_proof *proof)
{
	if (range_misses(range, begin, end))
		return range_root(nodes, begin, end, &proof->hashes[proof->count++]);
	if (range->first <= begin && end <= range->end)
		return E_OK;
	uint64_t middle = begin + split(end - begin);
	TRY(prove_range(nodes, range, begin, middle, proof));
	return prove_range(nodes, range, middle, end, proof);
}

enum error merkle_prove_range(
	const struct merkle_nodes *nodes, uint64_t first, uint64_t count, uint64_t size, struct merkle_range_proof *out)
{
	if (count == 0 || first >= size || count > size - first || size > SIZE_MAX_LEAVES)
		return E_BAD_VALUE;
	struct range range = {first, first + count};
	struct merkle_range_proof proof;
	proof.count = 0;
	TRY(prove_range(nodes, &range, 0, size, &proof));
	out->count = proof.count;
	memcpy(out->hashes, proof.hashes, proof.count * sizeof proof.hashes[0]);
	return E_OK;
}

/* ---- verifying ---- */

/* The shape of the path from a node to the root: for `inner` levels the sibling is to the left or right as the node's
 * index says; above them the path is the right edge of the tree, and only left siblings (`border` of them) are left. */
struct path {
	uint32_t inner;
	uint32_t border;
};

/* `last` is the index of the last node at the level where the path begins; index <= last < 2^63. */
static struct path path_shape(uint64_t index, uint64_t last)
{
	uint64_t differ = index ^ last;
	uint32_t inner = differ == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(differ);
	return (struct path){inner, (uint32_t)__builtin_popcountll(index >> inner)};
}

/* The root of the tree, or with `old` of the one that ends with the node where the path begins: from left siblings
 * alone.
 */
static void path_root(
	const struct hash *start, uint64_t index, struct path path, bool old, const struct hash *proof, struct hash *out)
{
	struct hash hash = *start;
	for (uint32_t i = 0; i < path.inner; i++) {
		if (index >> i & 1)
			merkle_node_hash(&proof[i], &hash, &hash);
		else if (!old)
			merkle_node_hash(&hash, &proof[i], &hash);
	}
	for (uint32_t i = 0; i < path.border; i++)
		merkle_node_hash(&proof[path.inner + i], &hash, &hash);
	*out = hash;
}

enum error merkle_root_of_inclusion(const struct hash *leaf, uint64_t index, uint64_t size, const struct hash *proof,
	size_t proof_count, struct hash *out)
{
	if (WRONG(index >= size) || WRONG(size > SIZE_MAX_LEAVES))
		return E_BAD_PROOF;
	struct path path = path_shape(index, size - 1);
	if (WRONG(proof_count != (size_t)path.inner + path.border))
		return E_BAD_PROOF;
	path_root(leaf, index, path, false, proof, out);
	return E_OK;
}

enum error merkle_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size, const struct hash *proof,
	size_t proof_count, const struct hash *root)
{
	struct hash computed;
	TRY(merkle_root_of_inclusion(leaf, index, size, proof, proof_count, &computed));
	return WRONG(!hash_equal(&computed, root)) ? E_BAD_PROOF : E_OK;
}

/* Where a range proof is read. */
struct range_reader {
	struct range range;
	const struct hash *leaves;
	const struct hash *proof;
	size_t left; /* hashes of the proof that are not used yet */
};

/* Takes the hashes of the proof in the order in which prove_range gave them. */
static enum error read_range(struct range_reader *reader, uint64_t begin, uint64_t end, struct hash *out)
{
	struct hash left, right;
	if (range_misses(&reader->range, begin, end)) {
		if (WRONG(reader->left == 0))
			return E_BAD_PROOF;
		*out = *reader->proof++;
		reader->left--;
		return E_OK;
	}
	if (end - begin == 1) {
		*out = reader->leaves[begin - reader->range.first];
		return E_OK;
	}
	uint64_t middle = begin + split(end - begin);
	TRY(read_range(reader, begin, middle, &left));
	TRY(read_range(reader, middle, end, &right));
	merkle_node_hash(&left, &right, out);
	return E_OK;
}

enum error merkle_root_of_range(const struct hash *leaves, uint64_t first, uint64_t count, uint64_t size,
	const struct hash *proof, size_t proof_count, struct hash *out)
{
	struct hash root;
	if (WRONG(count == 0) || WRONG(first >= size) || WRONG(count > size - first) || WRONG(size > SIZE_MAX_LEAVES))
		return E_BAD_PROOF;
	struct range_reader reader = {{first, first + count}, leaves, proof, proof_count};
	TRY(read_range(&reader, 0, size, &root));
	if (WRONG(reader.left != 0))
		return E_BAD_PROOF;
	*out = root;
	return E_OK;
}

enum error merkle_verify_range(const struct hash *leaves, uint64_t first, uint64_t count, uint64_t size,
	const struct hash *proof, size_t proof_count, const struct hash *root)
{
	struct hash computed;
	TRY(merkle_root_of_range(leaves, first, count, size, proof, proof_count, &computed));
	return WRONG(!hash_equal(&computed, root)) ? E_BAD_PROOF : E_OK;
}

/* Where `start` is not in the proof (a power of two) it is the old root. 0 < old_size < size. */
static enum error consistency_roots(uint64_t old_size, const struct hash *old_root, uint64_t size,
	const struct hash *proof, size_t proof_count, struct hash *computed_old, struct hash *computed)
{
	uint32_t level = (uint32_t)__builtin_ctzll(old_size);
	uint64_t index = (old_size - 1) >> level;
	size_t given = index > 0 ? 1 : 0; /* the proof begins with the start of the path, or it is the old root */
	struct path path = path_shape(index, (size - 1) >> level);
	if (WRONG(proof_count != given + path.inner + path.border))
		return E_BAD_PROOF;
	const struct hash *start = given ? &proof[0] : old_root;
	path_root(start, index, path, true, proof + given, computed_old);
	path_root(start, index, path, false, proof + given, computed);
	return E_OK;
}

enum error merkle_verify_consistency(uint64_t old_size, const struct hash *old_root, uint64_t size,
	const struct hash *root, const struct hash *proof, size_t proof_count)
{
	if (WRONG(old_size > size) || WRONG(size > SIZE_MAX_LEAVES))
		return E_BAD_PROOF;
	if (old_size == 0 || old_size == size) {
		struct hash empty;
		merkle_empty_root(&empty);
		bool wrong = WRONG(proof_count != 0) || (old_size == 0 && WRONG(!hash_equal(old_root, &empty))) ||
					 (old_size == size && WRONG(!hash_equal(old_root, root)));
		return wrong ? E_BAD_PROOF : E_OK;
	}
	struct hash computed_old, computed;
	TRY(consistency_roots(old_size, old_root, size, proof, proof_count, &computed_old, &computed));
	return WRONG(!hash_equal(&computed_old, old_root)) || WRONG(!hash_equal(&computed, root)) ? E_BAD_PROOF : E_OK;
}

enum error merkle_roots_of_consistency(uint64_t old_size, uint64_t size, const struct hash *proof, size_t proof_count,
	struct hash *old_root, struct hash *root)
{
	if (old_size == 0 || old_size >= size || size > SIZE_MAX_LEAVES || (old_size & (old_size - 1)) == 0)
		return E_BAD_PROOF;
	return consistency_roots(old_size, NULL, size, proof, proof_count, old_root, root);
}
