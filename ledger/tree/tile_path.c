/* An address is read strictly, because caches and mirrors keep a tile under it: a leading zero, a group of zeros in
 * front, a width of 0 or 256 and anything behind are refused, so that no tile has two addresses. What is no address is
 * not guessed at. */
#include "ledger/tree/tile_path.h"

#include "ledger/base/wrong.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_GROUPS_MAX 6 /* 18 digits */

/* A decimal number without leading zeros, at most `max`. */
static bool read_small(const char **at, uint32_t max, uint32_t *out)
{
	uint32_t value = 0;
	const char *start = *at;
	for (; **at >= '0' && **at <= '9' && *at - start < 4; (*at)++)
		value = value * 10 + (uint32_t)(**at - '0');
	bool good = !WRONG(*at == start) && !WRONG(*start == '0' && *at > start + 1) && !WRONG(value > max);
	*out = value;
	return good;
}

static bool read_group(const char **at, uint64_t *value)
{
	for (unsigned i = 0; i < 3; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (uint64_t)(**at - '0');
	}
	return true;
}

/* x001/x234/067 */
static bool read_number(const char **at, uint64_t *out)
{
	uint64_t value = 0;
	for (unsigned groups = 1; groups <= NUMBER_GROUPS_MAX; groups++) {
		bool more = **at == 'x';
		*at += more;
		if (!read_group(at, &value) || WRONG(more && value == 0)) /* nothing begins with a group of zeros */
			return false;
		if (!more) {
			*out = value;
			return true;
		}
		if (*(*at)++ != '/')
			return false;
	}
	return false;
}

bool tile_path_parse(const char *path, struct tile_path *out)
{
	struct tile_path tile = {.width = TILE_WIDTH};
	const char *at = path;
	if (strncmp(at, "/tile/", strlen("/tile/")) != 0)
		return false;
	at += strlen("/tile/");
	tile.entries = strncmp(at, "entries/", strlen("entries/")) == 0;
	if (tile.entries)
		at += strlen("entries/");
	else if (!read_small(&at, TILE_LEVEL_MAX, &tile.level) || *at++ != '/')
		return false;
	if (!read_number(&at, &tile.number))
		return false;
	if (strncmp(at, ".p/", strlen(".p/")) == 0) {
		at += strlen(".p/");
		if (!read_small(&at, TILE_WIDTH - 1, &tile.width) || WRONG(tile.width == 0))
			return false;
	}
	if (WRONG(*at != '\0'))
		return false;
	*out = tile;
	return true;
}

void tile_path_format(const struct tile_path *tile, char out[TILE_PATH_BYTES_MAX + 1])
{
	unsigned groups[NUMBER_GROUPS_MAX];
	unsigned count = 0;
	char level[16] = "entries";
	uint64_t number = tile->number;
	do {
		groups[count++] = (unsigned)(number % 1000);
		number /= 1000;
	} while (number > 0 && count < NUMBER_GROUPS_MAX);
	if (!tile->entries)
		snprintf(level, sizeof level, "%" PRIu32, tile->level);
	int len = snprintf(out, TILE_PATH_BYTES_MAX + 1, "/tile/%s", level);
	while (count-- > 0)
		len +=
			snprintf(out + len, TILE_PATH_BYTES_MAX + 1 - (size_t)len, "/%s%03u", count > 0 ? "x" : "", groups[count]);
	if (tile->width < TILE_WIDTH)
		snprintf(out + len, TILE_PATH_BYTES_MAX + 1 - (size_t)len, ".p/%" PRIu32, tile->width);
}
