/* A log in memory as a source of tiles, made the naive way: every hash is computed from the leaves below it. */
#pragma once

#include "ledger/follow/tile_reader.h"

struct tile_log {
	uint64_t size;         /* entries there are */
	uint64_t published;    /* the checkpoint's size: partial tiles are there for it alone */
	struct bytes *entries; /* owned */
	struct hash *leaves;   /* owned */
	bool partials_dropped; /* partial tiles whose full tile is there are gone */
	/* What a lying source does: flips a bit of one tile, or (extra > 0) puts that many zero bytes behind it. */
	struct tile_path spoiled;
	bool spoil;
	size_t spoil_at;
	size_t extra;
	struct tile_path missing;
	bool miss;
	uint64_t asked;
	uint8_t *content; /* owned: of the last answer */
};

void tile_log_add(struct tile_log *log, struct bytes entry);
/* Entries of 1 to 8 bytes. */
void tile_log_fill(struct tile_log *log, uint64_t size);
void tile_log_free(struct tile_log *log);
/* Over the first `size` entries; of no key. */
void tile_log_checkpoint(const struct tile_log *log, uint64_t size, struct checkpoint *out);
bool tile_same(const struct tile_path *a, const struct tile_path *b);
enum error tile_log_read(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault);
/* The log is borrowed. */
struct tile_source tile_log_source(struct tile_log *log);
