#include "tests/lib/naive_map.h"

#include <string.h>

unsigned naive_bit(const uint8_t key[32], unsigned bit)
{
	return key[bit / 8] & (0x80u >> bit % 8) ? 1 : 0;
}

/* The first bit in which not all keys agree; 256 when they do. */
static unsigned naive_first_bit(const struct naive_item *items, size_t count)
{
	for (unsigned bit = 0; bit < 256; bit++)
		for (size_t i = 1; i < count; i++)
			if (naive_bit(items[i].key, bit) != naive_bit(items[0].key, bit))
				return bit;
	return 256;
}

/* Moves the items with this bit unset to the front, in their order, and says how many there are. */
static size_t naive_part(struct naive_item *items, size_t count, unsigned bit)
{
	size_t zeros = 0;
	for (size_t i = 0; i < count; i++)
		if (naive_bit(items[i].key, bit) == 0) {
			struct naive_item item = items[i];
			memmove(&items[zeros + 1], &items[zeros], (i - zeros) * sizeof *items);
			items[zeros++] = item;
		}
	return zeros;
}

struct hash naive_root(struct naive_item *items, size_t count)
{
	struct hash out;
	if (count == 0) {
		hash_sha256(NULL, 0, &out);
		return out;
	}
	if (count == 1) {
		struct bytes parts[] = {BYTES_ARRAY(items[0].key), hash_bytes(&items[0].value)};
		hash_sha256(parts, 2, &out);
		return out;
	}
	unsigned bit = naive_first_bit(items, count);
	size_t zeros = naive_part(items, count, bit);
	struct hash left = naive_root(items, zeros), right = naive_root(items + zeros, count - zeros);
	uint8_t byte = (uint8_t)bit;
	struct bytes parts[] = {hash_bytes(&left), hash_bytes(&right), bytes_of(&byte, 1)};
	hash_sha256(parts, 3, &out);
	return out;
}

struct naive_item naive_walk(struct naive_item *items, size_t count, const uint8_t key[32], struct writer *out)
{
	if (count == 1)
		return items[0];
	unsigned bit = naive_first_bit(items, count);
	size_t zeros = naive_part(items, count, bit);
	bool right = naive_bit(key, bit) == 1;
	struct naive_item *own = right ? items + zeros : items, *other = right ? items : items + zeros;
	struct naive_item end = naive_walk(own, right ? count - zeros : zeros, key, out);
	struct hash sibling = naive_root(other, right ? zeros : count - zeros);
	writer_u8(out, (uint8_t)bit);
	writer_bytes(out, hash_bytes(&sibling));
	return end;
}
