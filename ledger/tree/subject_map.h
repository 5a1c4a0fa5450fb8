/* The subject map: a Merkle Patricia map from 32-byte keys to 32-byte values, in memory, and its proofs. Pure.
 * spec/map.md
 *
 *   leaf = SHA-256(key || value);  inner node at the first bit b where its sides differ = SHA-256(left || right || b)
 *   empty map = SHA-256("");  bit 0 is the most significant bit of byte 0
 *
 * A proof is (b as one byte || sibling hash)*, from the leaf up, bits strictly decreasing. A proof of absence begins
 * with the other key || value that a walk for the key ends at; in the empty map it is empty. Presence or absence is
 * said outside the proof, never guessed from it. */
#pragma once

#include "ledger/base/hash.h"

#define MAP_KEY_BYTES 32
#define MAP_STEP_BYTES (1 + HASH_BYTES)
#define MAP_PROOF_MAX (2 * HASH_BYTES + 256 * MAP_STEP_BYTES)

struct map_proof {
	size_t len;
	uint8_t bytes[MAP_PROOF_MAX];
};

/* ---- hashing ---- */

void map_empty_root(struct hash *out);
void map_leaf_hash(const uint8_t key[32], const struct hash *value, struct hash *out);
void map_node_hash(const struct hash *left, const struct hash *right, uint8_t bit, struct hash *out);
/* The node above `hash`, on the way of `key` at this bit. */
void map_step_hash(const uint8_t key[32], uint8_t bit, const struct hash *sibling, struct hash *hash);
/* Bit `bit` of a key, 0 the most significant. */
static inline unsigned map_bit(const uint8_t key[32], unsigned bit)
{
	return key[bit / 8] >> (7 - bit % 8) & 1;
}
/* The first bit where two keys differ; 256 when they are equal. */
unsigned map_first_difference(const uint8_t a[32], const uint8_t b[32]);

/* ---- verifying ---- */

/* E_BAD_PROOF unless the map with this root holds `value` under `key`. */
enum error map_verify_present(
	const struct hash *root, const uint8_t key[32], const struct hash *value, struct bytes proof) MUST_USE;
/* E_BAD_PROOF unless the map with this root holds nothing under `key`. */
enum error map_verify_absent(const struct hash *root, const uint8_t key[32], struct bytes proof) MUST_USE;

/* ---- in memory ---- */

/* About 140 bytes for each key. Nodes whose hash is out of date are computed when the root is next asked for, so a
 * round of changes costs in proportion to the keys touched. */
struct subject_map;

enum error subject_map_new(struct subject_map **out) MUST_USE;
void subject_map_free(struct subject_map *map);
/* Inserts, or gives a key another value. */
enum error subject_map_set(struct subject_map *map, const uint8_t key[32], const struct hash *value) MUST_USE;
size_t subject_map_size(const struct subject_map *map);
void subject_map_root(struct subject_map *map, struct hash *out);
/* Presence (true, with the value) or absence, and its proof. */
bool subject_map_prove(struct subject_map *map, const uint8_t key[32], struct hash *value, struct map_proof *proof);
