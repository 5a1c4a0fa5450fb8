/* Proofs of the subject map: whatever is accepted against the root of a map is true of that map. */
#include "ledger/tree/subject_map.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEYS 20

static void made_hash(uint8_t number, struct bytes name, uint8_t out[32])
{
	struct hash hash;
	struct bytes parts[] = {bytes_of(&number, 1), name};
	hash_sha256(parts, 2, &hash);
	memcpy(out, hash.b, sizeof hash.b);
}

/* 20 keys, and three that agree with the first one in 200 bits and more. */
static struct subject_map *make_map(void)
{
	static const uint8_t deep[] = {200, 250, 255};
	struct subject_map *map;
	enum error error = subject_map_new(&map);
	for (uint8_t i = 0; i < KEYS + sizeof deep; i++) {
		uint8_t key[32];
		struct hash value;
		made_hash(i < KEYS ? i : 0, BYTES_LITERAL("key"), key);
		if (i >= KEYS)
			key[deep[i - KEYS] / 8] ^= (uint8_t)(0x80 >> deep[i - KEYS] % 8);
		made_hash(i, BYTES_LITERAL("value"), value.b);
		error |= subject_map_set(map, key, &value);
	}
	assert(error == E_OK);
	return map;
}

/* kind (1): 1 presence, else absence || key (32) || value (32) || proof */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct subject_map *map;
	static struct map_proof proof;
	struct hash root, value, held;
	uint8_t key[32];
	if (map == NULL)
		map = make_map();
	struct reader r = reader_of(bytes_of(data, size));
	bool present = reader_u8(&r) == 1;
	reader_copy(&r, key, sizeof key);
	reader_copy(&r, value.b, sizeof value.b);
	struct bytes given = reader_bytes(&r, reader_left(&r));
	if (r.error != E_OK)
		return 0;
	subject_map_root(map, &root);
	enum error error = present ? map_verify_present(&root, key, &value, given) : map_verify_absent(&root, key, given);
	if (error != E_OK)
		return 0;
	bool there = subject_map_prove(map, key, &held, &proof);
	assert(there == present && bytes_equal(given, bytes_of(proof.bytes, proof.len)));
	assert(!present || hash_equal(&held, &value));
	return 0;
}
