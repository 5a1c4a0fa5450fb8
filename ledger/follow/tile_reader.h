/* Reading a log by its tiles, wherever they come from, so that nothing has to be believed but the signed checkpoint.
 *
 *   checkpoint ─► tiles at the tree's right edge give its root ─► every full tile gives a hash of the tile above it
 *                                                               ─► every entry gives a hash of its tile
 *
 * Pure: fetching is the source's business. Tiles are kept one per level, so reading in order asks for each once.
 * spec/tiles.md, C2SP tlog-tiles */
#pragma once

#include "ledger/log/log_finding.h"
#include "ledger/note/note.h"
#include "ledger/tree/merkle.h"
#include "ledger/tree/tile_path.h"

#define TILE_LEVELS 8u                                             /* levels of tiles: 2^63 entries */
#define TILE_BUNDLE_BYTES_MAX (TILE_WIDTH * (2 + ENTRY_BYTES_MAX)) /* one entry bundle */

struct tile_source {
	/* The content of exactly this tile, borrowed until the next call; entry bundles without compression. E_NOT_FOUND:
	 * it is not there; E_IO and others with a fault. */
	enum error (*read)(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault);
	void *context;
};

/* Entries number * 256 and on. */
struct tile_bundle {
	struct bytes content; /* borrowed until the next call of the reader */
	uint32_t count;
	struct bytes entries[TILE_WIDTH];
};

struct tile_reader;

/* Reads the tiles at the right edge. All functions: E_CORRUPT when what the source gives is not what the checkpoint
 * commits to; the source's errors; E_NO_MEMORY. The finding is set with each, `index` being the first entry concerned.
 * `source` is copied. */
enum error tile_reader_open(const struct tile_source *source, const struct checkpoint *checkpoint,
	struct tile_reader **out, struct log_finding *finding) MUST_USE;
void tile_reader_close(struct tile_reader *reader);
OWN(tile_reader, tile_reader_close);
/* Bundles from number `first` on are going to be read in order: they, and the tiles right above them, are asked for and
 * hashed ahead, by as many threads; the source is asked by this one alone. What is given, and what is found wrong, is
 * the same as without. Some 40 KB for each of at most TILE_BUNDLES_AHEAD. E_NO_MEMORY: it goes on without. */
#define TILE_BUNDLES_AHEAD 64u
enum error tile_reader_ahead(struct tile_reader *reader, uint64_t first, unsigned workers) MUST_USE;
const struct checkpoint *tile_reader_checkpoint(const struct tile_reader *reader);

/* Has the source given anything that is not what the checkpoint commits to? That is no fault of the log's: whoever
 * signed the checkpoint need not have given it. */
bool tile_reader_deceived(const struct tile_reader *reader);

/* How many hashes or entries the tile has in this tree: 0 if it is none of its tiles. */
uint32_t tile_reader_width(const struct tile_reader *reader, uint32_t level, uint64_t number);
/* The hashes of a tile, as many as tile_reader_width says, 32 bytes each; borrowed until the next call. */
enum error tile_reader_tile(struct tile_reader *reader, uint32_t level, uint64_t number, struct bytes *out,
	struct log_finding *finding) MUST_USE;
/* The entries of a bundle, each of which is the one that stands in the tree. */
enum error tile_reader_bundle(
	struct tile_reader *reader, uint64_t number, struct tile_bundle *out, struct log_finding *finding) MUST_USE;

/* For merkle_nodes, with the reader as context; E_BAD_VALUE for a node that is not complete in this tree. What went
 * wrong last is in tile_reader_finding. */
enum error tile_reader_node(void *reader, uint32_t level, uint64_t index, struct hash *out);
const struct log_finding *tile_reader_finding(const struct tile_reader *reader);
