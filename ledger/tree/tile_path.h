/* Addresses of tiles, as C2SP tlog-tiles writes them. Pure. spec/tiles.md
 *
 *   /tile/<L>/<N>[.p/<W>]        hashes N * 256 and on of level L
 *   /tile/entries/<N>[.p/<W>]    entries N * 256 and on
 *
 * N in groups of three digits, all but the last with an x before it: 1234067 is x001/x234/067. W is 1 to 255; a full
 * tile has none. Every tile has one address. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TILE_WIDTH 256u
#define TILE_LEVEL_MAX 63u
#define TILE_PATH_BYTES_MAX 63u /* "/tile/entries/", 25 digits and marks of a number, ".p/255" */

struct tile_path {
	bool entries;
	uint32_t level; /* of hashes */
	uint64_t number;
	uint32_t width; /* 1 to 256; 256 is a full tile */
};

/* False for anything that is not the one spelling of a tile's address. */
bool tile_path_parse(const char *path, struct tile_path *out);
/* The address of a tile whose number has at most 18 digits, with its 0 at the end. */
void tile_path_format(const struct tile_path *tile, char out[TILE_PATH_BYTES_MAX + 1]);
