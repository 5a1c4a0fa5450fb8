/* The tiles of a log from where they are published: a source for ledger/follow/tile_reader.h.
 *
 * Who reads a log in order waits for nothing but the first tile: bundles and the tiles right above them are asked for
 * ahead, over connections that are kept. What comes is not trusted: sizes are bounded here, everything else is the
 * reader's business. One thread. */
#pragma once

#include "ledger/follow/tile_reader.h"

#define TILE_FETCH_TRANSFERS 16u  /* under way or ready at once */
#define TILE_FETCH_CONNECTIONS 8L /* to one host */
#define TILE_FETCH_CONNECT_SECONDS 10L
#define TILE_FETCH_STALL_SECONDS 30L /* with fewer bytes a second than this: a server that only trickles ends, too */
#define TILE_FETCH_STALL_BYTES 64L
#define TILE_FETCH_TRIES 4u     /* of what cannot be had because of the network or the server */
#define TILE_FETCH_RETRY_MS 250 /* before the second try, and twice that before each one after it */

/* Read of what comes with a refusal, so that the connection can be used again; more ends it. */
#define TILE_FETCH_REFUSAL_BYTES_MAX (64u << 10)

struct tile_fetch;

/* Below `url`: http, https, file, or the path of a directory. A readable `wake_fd` (-1: none) ends whatever is being
 * waited for with E_CLOSED. E_USAGE for an address of another kind or none; E_NO_MEMORY. */
enum error tile_fetch_open(const char *url, int wake_fd, struct tile_fetch **out, struct fault *fault) MUST_USE;
void tile_fetch_close(struct tile_fetch *fetch);
OWN(tile_fetch, tile_fetch_close);

/* The newest signed checkpoint, as it is there, at most NOTE_BYTES_MAX; borrowed until the next call. E_NOT_FOUND; E_IO
 * with a fault. */
enum error tile_fetch_checkpoint(struct tile_fetch *fetch, struct bytes *out, struct fault *fault) MUST_USE;
/* Bundles from `first` on are going to be read in order, in a log of `size` entries. */
void tile_fetch_ahead(struct tile_fetch *fetch, uint64_t first, uint64_t size);
/* The source's read, with the tile_fetch as context; as tile_fetch_checkpoint. */
enum error tile_fetch_read(void *fetch, const struct tile_path *tile, struct bytes *out, struct fault *fault);
