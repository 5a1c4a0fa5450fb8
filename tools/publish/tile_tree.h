/* A log as static files, in the layout of its addresses: what any web server can serve. spec/tiles.md
 *
 *   DIR/checkpoint   DIR/tile/<L>/<N>[.p/<W>]   DIR/tile/entries/<N>[.p/<W>]
 *
 * At every moment, also after a power cut, the checkpoint is a whole one and all its tiles are there: tiles are written
 * first, then synced, then the checkpoint is replaced, and partial tiles are removed only after that and only where the
 * full tile is there. One writer (a lock); readers need nothing. */
#pragma once

#include "ledger/note/note.h"
#include "ledger/tree/tile_path.h"

struct tile_tree;

/* Makes DIR if it is not there (its parent must be). E_LOCKED, E_IO; E_BAD_CHECKPOINT for one that is malformed or not
 * this log's. */
enum error tile_tree_open(
	const char *dir, const struct vkey *vkey, struct tile_tree **out, struct fault *fault) MUST_USE;
void tile_tree_close(struct tile_tree *tree);
/* The checkpoint that is published; size 0 before the first. */
const struct checkpoint *tile_tree_published(const struct tile_tree *tree);

/* Writes a tile if it is not there. E_CORRUPT: it is, with other content, and belongs to the published checkpoint;
 * anything else of other content is what a crash left, and is replaced. E_IO, E_FULL. */
enum error tile_tree_write(
	struct tile_tree *tree, const struct tile_path *tile, struct bytes content, struct fault *fault) MUST_USE;
/* What was written survives a power cut from here on. E_IO. */
enum error tile_tree_sync(struct tile_tree *tree, struct fault *fault) MUST_USE;
/* Publishes a signed checkpoint all of whose tiles were written, and which is not smaller than the one before.
 * E_BAD_CHECKPOINT, E_IO, E_FULL. */
enum error tile_tree_publish(struct tile_tree *tree, struct bytes note, struct fault *fault) MUST_USE;

/* ---- readers ---- */

/* The tile's content, to free(), from the directory `dir_fd`; of a partial tile that is not there the beginning of the
 * full one. E_NOT_FOUND, E_CORRUPT for a file that is no tile, E_IO, E_NO_MEMORY. For whoever serves the tree while
 * another process writes it: a partial tile may be removed at the moment in which it is asked for, and then the full
 * one is there. */
enum error tile_tree_read(int dir_fd, const struct tile_path *tile, uint8_t **out, size_t *out_len) MUST_USE;
