/* Tiles, as C2SP has them, out of the store's bundles and rows. spec/tiles.md */
#include "ledger/read/archive_state.h"
#include "ledger/store/log.h"

/* The first `width` entries of a bundle. */
static enum error entries_of(struct snapshot *snapshot, const struct tile_path *tile, struct bytes *out)
{
	struct bytes bundle;
	TRY(log_bundle(snapshot_store(snapshot), tile->number, &bundle));
	struct reader r = reader_of(bundle);
	for (uint32_t i = 0; i < tile->width; i++) {
		if (r.error == E_OK && reader_left(&r) == 0)
			return E_NOT_FOUND;
		reader_range16(&r, ENTRY_BYTES_MAX);
	}
	if (r.error != E_OK)
		return E_CORRUPT;
	*out = bytes_of(bundle.data, bundle.len - reader_left(&r));
	return E_OK;
}

/* Every second row of the tree is a level of tiles. */
static enum error hashes_of(struct snapshot *snapshot, const struct tile_path *tile, struct bytes *out)
{
	struct hash *hashes = snapshot->tile;
	if (tile->level >= LOG_ROWS_MAX / 2 || tile->number > UINT64_MAX / TILE_WIDTH - 1)
		return E_NOT_FOUND;
	TRY(log_row(snapshot_store(snapshot), 2 * tile->level, tile->number * TILE_WIDTH, tile->width, hashes));
	*out = bytes_of(hashes, tile->width * sizeof *hashes);
	return E_OK;
}

enum error snapshot_tile(struct snapshot *snapshot, const struct tile_path *tile, struct bytes *out)
{
	return tile->entries ? entries_of(snapshot, tile, out) : hashes_of(snapshot, tile, out);
}
