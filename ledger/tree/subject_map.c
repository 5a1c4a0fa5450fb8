/* A walk for a key turns at each node by the one bit that the node names, and ends at some leaf, whatever the bits
 * between are. So the leaf may have another key: the first bit in which the two differ then says where a node for the
 * new key belongs. Proofs of absence rest on the same: the leaf at the end is shown, and that it is another key's.
 *
 *   set   walk ─► nearest leaf ─► first different bit ─► down again to it, marking nodes stale ─► a node put in between
 *   root  stale nodes alone are hashed anew, each once, however often something below was set
 *
 * Room is made before anything changes: without memory the map is as it was. Nothing is ever taken out. */
#include "ledger/tree/subject_map.h"

#include "ledger/base/wrong.h"

#include <assert.h>

#define KEY_BITS (8 * MAP_KEY_BYTES)

/* ---- hashing ---- */

void map_empty_root(struct hash *out)
{
	hash_sha256(NULL, 0, out);
}

void map_leaf_hash(const uint8_t key[32], const struct hash *value, struct hash *out)
{
	const struct bytes parts[] = {bytes_of(key, MAP_KEY_BYTES), hash_bytes(value)};
	hash_sha256(parts, 2, out);
}

void map_node_hash(const struct hash *left, const struct hash *right, uint8_t bit, struct hash *out)
{
	const struct bytes parts[] = {hash_bytes(left), hash_bytes(right), bytes_of(&bit, 1)};
	hash_sha256(parts, 3, out);
}

void map_step_hash(const uint8_t key[32], uint8_t bit, const struct hash *sibling, struct hash *hash)
{
	if (map_bit(key, bit))
		map_node_hash(sibling, hash, bit, hash);
	else
		map_node_hash(hash, sibling, bit, hash);
}

unsigned map_first_difference(const uint8_t a[32], const uint8_t b[32])
{
	for (unsigned i = 0; i < MAP_KEY_BYTES; i++)
		if (a[i] != b[i])
			return 8 * i + (unsigned)__builtin_clz((unsigned)(a[i] ^ b[i])) - 24;
	return KEY_BITS;
}

/* ---- verifying ---- */

/* The root that a leaf and its path give; false for a path of no right form. */
static bool path_root(const uint8_t key[32], const struct hash *value, struct bytes path, struct hash *out)
{
	struct hash hash;
	unsigned above = KEY_BITS;
	if (WRONG(path.len % MAP_STEP_BYTES != 0))
		return false;
	map_leaf_hash(key, value, &hash);
	struct reader r = reader_of(path);
	while (reader_left(&r) > 0) {
		struct hash sibling;
		uint8_t bit = reader_u8(&r);
		reader_copy(&r, sibling.b, sizeof sibling.b);
		if (WRONG(bit >= above))
			return false;
		above = bit;
		map_step_hash(key, bit, &sibling, &hash);
	}
	*out = hash;
	return true;
}

enum error map_verify_present(
	const struct hash *root, const uint8_t key[32], const struct hash *value, struct bytes proof)
{
	struct hash computed;
	return path_root(key, value, proof, &computed) && !WRONG(!hash_equal(&computed, root)) ? E_OK : E_BAD_PROOF;
}

/* A walk for `key` takes the way of the other key only if they agree in every bit that the way turns on. */
static bool same_way(const uint8_t key[32], const uint8_t other[32], struct bytes path)
{
	for (size_t at = 0; at < path.len; at += MAP_STEP_BYTES)
		if (map_bit(key, path.data[at]) != map_bit(other, path.data[at]))
			return false;
	return true;
}

enum error map_verify_absent(const struct hash *root, const uint8_t key[32], struct bytes proof)
{
	struct hash computed, value;
	uint8_t other[MAP_KEY_BYTES];
	if (proof.len == 0) {
		map_empty_root(&computed);
		return WRONG(!hash_equal(&computed, root)) ? E_BAD_PROOF : E_OK;
	}
	struct reader r = reader_of(proof);
	reader_copy(&r, other, sizeof other);
	reader_copy(&r, value.b, sizeof value.b);
	struct bytes path = reader_bytes(&r, reader_left(&r));
	if (WRONG(r.error != E_OK) || WRONG(memcmp(other, key, sizeof other) == 0))
		return E_BAD_PROOF;
	TRY(map_verify_present(root, other, &value, path));
	return WRONG(!same_way(key, other, path)) ? E_BAD_PROOF : E_OK;
}

/* ---- in memory ---- */

#define LEAF_BIT (1u << 31) /* of a reference: a leaf, not a node */
#define NOTHING UINT32_MAX

struct leaf {
	uint8_t key[MAP_KEY_BYTES];
	struct hash value;
};

/* Invariants: a node has a larger bit than the one above it; whatever is above a stale node is stale. */
struct node {
	struct hash hash;
	uint32_t sides[2]; /* references */
	uint8_t bit;
	bool stale; /* something below has changed since the hash was made */
};

/* Invariant: a map that is not empty has one node less than leaves, so one capacity does for both. */
struct subject_map {
	uint32_t root; /* a reference, or NOTHING */
	uint32_t leaf_count;
	uint32_t node_count;
	uint32_t capacity; /* of both */
	struct leaf *leaves;
	struct node *nodes;
};

enum error subject_map_new(struct subject_map **out)
{
	struct subject_map *map = calloc(1, sizeof *map);
	TRY(allocated(map));
	map->root = NOTHING;
	*out = map;
	return E_OK;
}

void subject_map_free(struct subject_map *map)
{
	if (map == NULL)
		return;
	free(map->leaves);
	free(map->nodes);
	free(map);
}

static enum error make_room(struct subject_map *map)
{
	if (map->leaf_count < map->capacity)
		return E_OK;
	if (map->capacity >= LEAF_BIT / 2)
		return E_NO_MEMORY;
	uint32_t capacity = map->capacity ? 2 * map->capacity : 16;
	struct leaf *leaves = realloc(map->leaves, capacity * sizeof *leaves);
	TRY(allocated(leaves));
	map->leaves = leaves;
	struct node *nodes = realloc(map->nodes, capacity * sizeof *nodes);
	TRY(allocated(nodes));
	map->nodes = nodes;
	map->capacity = capacity;
	return E_OK;
}

/* The leaf where a walk for `key` ends. The map is not empty. */
static struct leaf *walk(const struct subject_map *map, const uint8_t key[32])
{
	uint32_t at = map->root;
	while (!(at & LEAF_BIT))
		at = map->nodes[at].sides[map_bit(key, map->nodes[at].bit)];
	return &map->leaves[at & ~LEAF_BIT];
}

/* Goes down to where a node for `bit` belongs; everything on the way is about to change. */
static uint32_t *descend(struct subject_map *map, const uint8_t key[32], unsigned bit)
{
	uint32_t *link = &map->root;
	while (!(*link & LEAF_BIT) && map->nodes[*link].bit < bit) {
		struct node *node = &map->nodes[*link];
		node->stale = true;
		link = &node->sides[map_bit(key, node->bit)];
	}
	return link;
}

enum error subject_map_set(struct subject_map *map, const uint8_t key[32], const struct hash *value)
{
	TRY(make_room(map));
	struct leaf *leaf = &map->leaves[map->leaf_count];
	uint32_t reference = map->leaf_count | LEAF_BIT;
	memcpy(leaf->key, key, MAP_KEY_BYTES);
	leaf->value = *value;
	if (map->root == NOTHING) {
		map->root = reference;
		map->leaf_count++;
		return E_OK;
	}
	struct leaf *nearest = walk(map, key);
	unsigned bit = map_first_difference(key, nearest->key);
	uint32_t *link = descend(map, key, bit);
	if (bit == KEY_BITS) {
		nearest->value = *value;
		return E_OK;
	}
	struct node *node = &map->nodes[map->node_count];
	*node = (struct node){.bit = (uint8_t)bit, .stale = true};
	node->sides[map_bit(key, bit)] = reference;
	node->sides[1 - map_bit(key, bit)] = *link;
	*link = map->node_count++;
	map->leaf_count++;
	assert(map->node_count + 1 == map->leaf_count);
	return E_OK;
}

size_t subject_map_size(const struct subject_map *map)
{
	return map->leaf_count;
}

/* Depth is bounded by the bits of a key. */
static struct hash reference_hash(struct subject_map *map, uint32_t reference)
{
	struct hash hash;
	if (reference & LEAF_BIT) {
		const struct leaf *leaf = &map->leaves[reference & ~LEAF_BIT];
		map_leaf_hash(leaf->key, &leaf->value, &hash);
		return hash;
	}
	struct node *node = &map->nodes[reference];
	if (node->stale) {
		struct hash left = reference_hash(map, node->sides[0]);
		struct hash right = reference_hash(map, node->sides[1]);
		map_node_hash(&left, &right, node->bit, &node->hash);
		node->stale = false;
	}
	return node->hash;
}

void subject_map_root(struct subject_map *map, struct hash *out)
{
	if (map->root == NOTHING)
		map_empty_root(out);
	else
		*out = reference_hash(map, map->root);
}

bool subject_map_prove(struct subject_map *map, const uint8_t key[32], struct hash *value, struct map_proof *proof)
{
	uint32_t way[KEY_BITS];
	unsigned steps = 0;
	proof->len = 0;
	if (map->root == NOTHING)
		return false;
	uint32_t at = map->root;
	while (!(at & LEAF_BIT)) {
		way[steps++] = at;
		at = map->nodes[at].sides[map_bit(key, map->nodes[at].bit)];
	}
	const struct leaf *leaf = &map->leaves[at & ~LEAF_BIT];
	bool present = memcmp(leaf->key, key, MAP_KEY_BYTES) == 0;
	struct writer w = writer_of(proof->bytes, sizeof proof->bytes);
	if (present) {
		*value = leaf->value;
	} else {
		writer_bytes(&w, BYTES_ARRAY(leaf->key));
		writer_bytes(&w, hash_bytes(&leaf->value));
	}
	for (; steps > 0; steps--) {
		const struct node *node = &map->nodes[way[steps - 1]];
		struct hash sibling = reference_hash(map, node->sides[1 - map_bit(key, node->bit)]);
		writer_u8(&w, node->bit);
		writer_bytes(&w, hash_bytes(&sibling));
	}
	proof->len = writer_len(&w);
	return present;
}
