#include "query/quality/sample.h"

uint32_t sample_level(uint64_t from, uint64_t end)
{
	uint32_t level = 0;
	while (end > from && ((end - 1) >> level) - (from >> level) >= SAMPLE_EVENTS_MAX)
		level++;
	return level;
}

/* A finalizer of 64 bits (MurmurHash3's): every bit of what goes in moves half of what comes out. */
static uint64_t mix(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdull;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ull;
	return value ^ value >> 33;
}

uint64_t sample_of(uint32_t sender, uint64_t block, uint32_t level)
{
	for (; level > 0; level--)
		block = 2 * block + (mix(mix(block + 1) + ((uint64_t)sender << 8 | level)) & 1);
	return block;
}
