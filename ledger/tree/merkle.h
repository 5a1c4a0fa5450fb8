/* The Merkle tree of RFC 6962 section 2.1, over 32-byte leaf hashes: pure computation, no storage.
 *
 * Shapes. A tree of `size` leaves. A *node* (level, index) is the root of the complete subtree over the
 * leaves [index << level, (index + 1) << level): it never changes once all its leaves are there. Proofs
 * are arrays of hashes, from the leaf up.
 *
 * Proofs need nodes; where they come from is the caller's business (memory in a batch, tiles in the
 * store): `merkle_nodes` is asked for complete subtrees only.
 *
 * spec/tree.md; proofs and their verification as in RFC 9162 sections 2.1.3 and 2.1.4. */
#pragma once

#include "ledger/base/hash.h"
#include "ledger/base/limits.h"

/* A proof is at most this long: one hash for each level, and one more in a consistency proof. */
#define MERKLE_PROOF_MAX (PROOF_HASHES_MAX + 1)

struct merkle_proof {
	uint32_t count;
	struct hash hashes[MERKLE_PROOF_MAX];
};

/* A range has two edges. */
#define MERKLE_RANGE_PROOF_MAX (2 * PROOF_HASHES_MAX)

struct merkle_range_proof {
	uint32_t count;
	struct hash hashes[MERKLE_RANGE_PROOF_MAX];
};

/* ---- hashing ---- */

/* SHA-256("") */
void merkle_empty_root(struct hash *out);
/* SHA-256(0x00 || entry) */
void merkle_leaf_hash(struct bytes entry, struct hash *out);
/* SHA-256(0x01 || left || right); `out` may be one of the inputs. */
void merkle_node_hash(const struct hash *left, const struct hash *right, struct hash *out);

/* ---- appending ---- */

/* The roots of the complete subtrees that a tree of `size` leaves is made of, from large to small: one
 * for each bit set in `size`. This is all that appending needs.
 * Invariant: `count` is the number of bits set in `size`. */
struct merkle_frontier {
	uint64_t size;
	uint32_t count;
	struct hash hashes[64];
};

/* Told about every complete node that an append makes, leaf (level 0) first. */
typedef void merkle_node_sink(void *context, uint32_t level, uint64_t index, const struct hash *hash);

void merkle_frontier_init(struct merkle_frontier *frontier);
/* Appends one leaf; `sink` may be NULL. */
void merkle_frontier_append(
	struct merkle_frontier *frontier, const struct hash *leaf, merkle_node_sink *sink, void *context);
/* Appends the complete subtree of 2^level leaves with this root; the size is a multiple of that. `sink` is told about
 * its root and the nodes above, as after its last leaf. */
void merkle_frontier_append_node(
	struct merkle_frontier *frontier, uint32_t level, const struct hash *root, merkle_node_sink *sink, void *context);
/* As it is kept in rows: size (8) || a hash for each bit that is set in it, the largest subtree's first. */
void merkle_frontier_read(struct reader *r, struct merkle_frontier *out);
void merkle_frontier_write(struct writer *w, const struct merkle_frontier *frontier);
/* The root of the tree as it stands. */
void merkle_frontier_root(const struct merkle_frontier *frontier, struct hash *out);

/* ---- proving ---- */

/* Where nodes come from. `node` gives the hash of the complete node (level, index) or an error. */
struct merkle_nodes {
	enum error (*node)(void *context, uint32_t level, uint64_t index, struct hash *out);
	void *context;
};

/* The root of the first `size` leaves. */
enum error merkle_root(const struct merkle_nodes *nodes, uint64_t size, struct hash *out) MUST_USE;
/* For leaf `index` of the tree of `size` leaves. index >= size: E_BAD_VALUE. */
enum error merkle_prove_inclusion(
	const struct merkle_nodes *nodes, uint64_t index, uint64_t size, struct merkle_proof *out) MUST_USE;
/* The incomplete nodes on the right edge of a tree of `size` leaves, as far as proofs under it have needed them: each
 * needs one, and mostly the same. Begins all zero, and anew where it is asked under another size. */
struct merkle_edges {
	uint64_t size;
	uint64_t known; /* bit n: that of level n is */
	struct hash hashes[64];
};

/* The same, for whoever proves many: `edges` belongs to these nodes, and may be NULL. */
enum error merkle_prove_among(const struct merkle_nodes *nodes, struct merkle_edges *edges, uint64_t index,
	uint64_t size, struct merkle_proof *out) MUST_USE;
/* From the tree of `old_size` leaves to the one of `size`. Empty when they are equal or old_size is 0.
 * old_size > size: E_BAD_VALUE. */
enum error merkle_prove_consistency(
	const struct merkle_nodes *nodes, uint64_t old_size, uint64_t size, struct merkle_proof *out) MUST_USE;
/* For the leaves [first, first + count) together: the hashes of the largest subtrees of the tree's own shape that hold
 * none of them, from left to right. count >= 1 and within the tree, or E_BAD_VALUE. */
enum error merkle_prove_range(const struct merkle_nodes *nodes, uint64_t first, uint64_t count, uint64_t size,
	struct merkle_range_proof *out) MUST_USE;
/* The root over `count` leaf hashes in memory; 0 gives the empty root. */
void merkle_root_of_leaves(const struct hash *leaves, size_t count, struct hash *out);
/* All complete nodes over `count` leaf hashes, for whoever proves many: `nodes` begins with the leaves and has room for
 * twice as many hashes; each level comes behind the one below it. */
void merkle_fill(struct hash *nodes, size_t count);
/* A node of those, borrowed; NULL where it is not complete. */
const struct hash *merkle_filled(const struct hash *nodes, size_t count, uint32_t level, uint64_t index);

/* ---- verifying ---- */

/* E_BAD_PROOF unless the leaf hash stands at `index` in the tree (size, root). */
enum error merkle_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size, const struct hash *proof,
	size_t proof_count, const struct hash *root) MUST_USE;
/* E_BAD_PROOF unless the tree (size, root) extends (old_size, old_root). Equal sizes want equal roots
 * and an empty proof; from size 0 anything follows with an empty proof, if old_root is the empty root. */
enum error merkle_verify_consistency(uint64_t old_size, const struct hash *old_root, uint64_t size,
	const struct hash *root, const struct hash *proof, size_t proof_count) MUST_USE;
/* Both roots that a consistency proof gives, for whoever wants to know what tree a proof that did not verify is of.
 * E_BAD_PROOF if it does not have the length for these sizes, and for an old size that is 0, a power of two or the new
 * size: then the proof does not hold the old root. */
enum error merkle_roots_of_consistency(uint64_t old_size, uint64_t size, const struct hash *proof, size_t proof_count,
	struct hash *old_root, struct hash *root) MUST_USE;
/* The root that a leaf hash and its inclusion proof give; E_BAD_PROOF if the proof does not have the length for this
 * place. For roots that are signed and not written down (batches). */
enum error merkle_root_of_inclusion(const struct hash *leaf, uint64_t index, uint64_t size, const struct hash *proof,
	size_t proof_count, struct hash *out) MUST_USE;
/* The root that the leaf hashes at [first, first + count) and their range proof give; E_BAD_PROOF if the proof does not
 * have the length for this place. For roots that are committed with something else (subject trees). */
enum error merkle_root_of_range(const struct hash *leaves, uint64_t first, uint64_t count, uint64_t size,
	const struct hash *proof, size_t proof_count, struct hash *out) MUST_USE;
/* E_BAD_PROOF unless the `count` leaf hashes stand at [first, first + count) in the tree (size, root). */
enum error merkle_verify_range(const struct hash *leaves, uint64_t first, uint64_t count, uint64_t size,
	const struct hash *proof, size_t proof_count, const struct hash *root) MUST_USE;
