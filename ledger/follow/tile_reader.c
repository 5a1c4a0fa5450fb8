/*   level 2        [edge]           checked together against the checkpoint's root, when the reader is opened
 *   level 1   [full] [edge]         a full tile: its root is a hash of the tile above it
 *   level 0   [full] [full] [edge]  an entry: its hash is one of the tile
 *
 * A tile is kept as loaded only once its hash was found above it, so nothing is given that does not hang together with
 * the checkpoint. What a source could not give is its error, and may be asked for again; what it gave and is wrong is
 * E_CORRUPT, and remembered once the reader is open (deceived), so that nobody blames the log for its carrier.
 *
 * Bundles that are read in order are hashed ahead by threads, which say of each only that it hangs together with its
 * tile. What does not, or could not be had, is asked for again and judged as if nobody had looked. */
#include "ledger/follow/tile_reader.h"

#include "ledger/base/grow.h"
#include "ledger/jobs/jobs.h"

#include <inttypes.h>

#define LEVEL_BITS 8u

struct tile {
	bool loaded;
	uint64_t number;
	struct hash hashes[TILE_WIDTH];
};

/* A full bundle and the tile right above it, hashed ahead of the reader. */
struct glance {
	uint64_t number;
	bool holds;                     /* the entries have the hashes of the tile, all of them */
	struct hash root;               /* of the tile */
	struct hash hashes[TILE_WIDTH]; /* of the tile */
	struct tile_bundle bundle;
	uint8_t *content; /* of the bundle, as it came */
	size_t len, capacity;
};

/* Glances are asked for in order; `at_hand` was taken last and is not dropped yet. */
struct ahead {
	struct jobs *jobs; /* NULL: nothing is done ahead */
	struct glance *glances;
	struct glance *at_hand;
	uint64_t next, end; /* numbers of bundles still to be asked for */
};

/* Invariant: a tile that is `loaded` belongs to the checkpoint's tree. */
struct tile_reader {
	struct tile_source source;
	struct checkpoint checkpoint;
	struct tile edges[TILE_LEVELS]; /* the partial tile of each level that has one */
	struct tile full[TILE_LEVELS];  /* the one read last */
	struct ahead ahead;
	struct log_finding finding;
	bool deceived;
};

const struct checkpoint *tile_reader_checkpoint(const struct tile_reader *reader)
{
	return &reader->checkpoint;
}

const struct log_finding *tile_reader_finding(const struct tile_reader *reader)
{
	return &reader->finding;
}

bool tile_reader_deceived(const struct tile_reader *reader)
{
	return reader->deceived;
}

static enum error deceived(struct tile_reader *reader, enum error error)
{
	reader->deceived = true;
	return error;
}

/* Hashes that the level has in all. */
static uint64_t level_size(const struct tile_reader *reader, uint32_t level)
{
	return reader->checkpoint.size >> (LEVEL_BITS * level);
}

uint32_t tile_reader_width(const struct tile_reader *reader, uint32_t level, uint64_t number)
{
	uint64_t hashes = level < TILE_LEVELS ? level_size(reader, level) : 0;
	if (number > hashes / TILE_WIDTH)
		return 0;
	uint64_t left = hashes - number * TILE_WIDTH;
	return left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH;
}

/* The first entry below a tile. The one tile of the uppermost level has number 0. */
static uint64_t first_entry(uint32_t level, uint64_t number)
{
	return level + 1 < TILE_LEVELS ? number << (LEVEL_BITS * (level + 1)) : 0;
}

/* ---- asking the source ---- */

static enum error ask(
	struct tile_reader *reader, const struct tile_path *tile, struct bytes *out, struct log_finding *finding)
{
	struct fault fault = {.text = ""};
	char path[TILE_PATH_BYTES_MAX + 1];
	uint64_t index = first_entry(tile->entries ? 0 : tile->level, tile->number);
	enum error error = reader->source.read(reader->source.context, tile, out, &fault);
	if (error == E_OK)
		return E_OK;
	tile_path_format(tile, path);
	if (error == E_NOT_FOUND)
		return log_finding_set(finding, error, index, "%s is not there", path);
	return log_finding_set(finding, error, index, "%s cannot be had: %s", path, fault.text);
}

/* Whoever serves a log may drop a partial tile once the full one is there. */
static enum error ask_either(
	struct tile_reader *reader, struct tile_path tile, struct bytes *out, struct log_finding *finding)
{
	struct log_finding of_full;
	enum error error = ask(reader, &tile, out, finding);
	if (error != E_NOT_FOUND || tile.width == TILE_WIDTH)
		return error;
	tile.width = TILE_WIDTH;
	error = ask(reader, &tile, out, &of_full);
	if (error == E_NOT_FOUND)
		return error; /* with the finding of the partial tile */
	if (error != E_OK)
		*finding = of_full;
	return error;
}

static enum error ask_hashes(
	struct tile_reader *reader, uint32_t level, uint64_t number, struct tile *out, struct log_finding *finding)
{
	struct bytes content;
	uint32_t width = tile_reader_width(reader, level, number);
	struct tile_path path = {.level = level, .number = number, .width = width};
	out->loaded = false;
	TRY(ask_either(reader, path, &content, finding));
	if (content.len != width * HASH_BYTES && content.len != TILE_WIDTH * HASH_BYTES)
		return deceived(reader, log_finding_set(finding, E_CORRUPT, first_entry(level, number),
									"tile %" PRIu64 " of level %" PRIu32 " has %zu bytes and should have %" PRIu32,
									number, level, content.len, width * HASH_BYTES));
	memcpy(out->hashes, content.data, width * HASH_BYTES);
	out->number = number;
	return E_OK;
}

/* ---- the right edge ---- */

/* The complete subtrees that the tree is made of all lie in the partial tiles, and these hold nothing else. */
static enum error check_root(struct tile_reader *reader, struct log_finding *finding)
{
	struct merkle_frontier frontier = {.size = reader->checkpoint.size};
	struct hash root;
	for (int level = TILE_LEVELS - 1; level >= 0; level--) {
		uint32_t width = (uint32_t)(level_size(reader, (uint32_t)level) % TILE_WIDTH);
		uint32_t at = 0;
		for (uint32_t part = TILE_WIDTH / 2; part > 0; part /= 2) {
			if ((width & part) == 0)
				continue;
			merkle_root_of_leaves(&reader->edges[level].hashes[at], part, &frontier.hashes[frontier.count++]);
			at += part;
		}
	}
	merkle_frontier_root(&frontier, &root);
	if (hash_equal(&root, &reader->checkpoint.root))
		return E_OK;
	return log_finding_set(finding, E_CORRUPT, 0,
		"the tiles at the right edge of the tree do not give the root that the checkpoint of %" PRIu64
		" entries was signed for",
		reader->checkpoint.size);
}

static enum error read_edges(struct tile_reader *reader, struct log_finding *finding)
{
	for (uint32_t level = 0; level < TILE_LEVELS; level++) {
		uint64_t hashes = level_size(reader, level);
		if (hashes % TILE_WIDTH != 0)
			TRY(ask_hashes(reader, level, hashes / TILE_WIDTH, &reader->edges[level], finding));
	}
	TRY(check_root(reader, finding));
	for (uint32_t level = 0; level < TILE_LEVELS; level++)
		reader->edges[level].loaded = level_size(reader, level) % TILE_WIDTH != 0;
	return E_OK;
}

enum error tile_reader_open(const struct tile_source *source, const struct checkpoint *checkpoint,
	struct tile_reader **out, struct log_finding *finding)
{
	OWNED(tile_reader_release) struct tile_reader *reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return log_finding_set(finding, E_NO_MEMORY, 0, "%s", error_text(E_NO_MEMORY));
	reader->source = *source;
	reader->checkpoint = *checkpoint;
	TRY(read_edges(reader, finding));
	*out = OWN_TAKE(reader);
	return E_OK;
}

void tile_reader_close(struct tile_reader *reader)
{
	if (reader == NULL)
		return;
	jobs_close(reader->ahead.jobs);
	for (size_t i = 0; reader->ahead.glances != NULL && i < TILE_BUNDLES_AHEAD; i++)
		free(reader->ahead.glances[i].content);
	free(reader->ahead.glances);
	free(reader);
}

/* ---- ahead ---- */

static bool hash_entries(struct glance *glance)
{
	struct tile_bundle *bundle = &glance->bundle;
	struct reader r = reader_of(bytes_of(glance->content, glance->len));
	for (bundle->count = 0; bundle->count < TILE_WIDTH; bundle->count++) {
		struct bytes entry = reader_range16(&r, ENTRY_BYTES_MAX);
		struct hash leaf;
		if (r.error != E_OK)
			return false;
		merkle_leaf_hash(entry, &leaf);
		if (!hash_equal(&leaf, &glance->hashes[bundle->count]))
			return false;
		bundle->entries[bundle->count] = entry;
	}
	bundle->content = bytes_of(glance->content, glance->len);
	return reader_done(&r) == E_OK;
}

static void look(void *context, unsigned worker, void *job)
{
	struct glance *glance = *(struct glance **)job;
	(void)context;
	(void)worker;
	merkle_root_of_leaves(glance->hashes, TILE_WIDTH, &glance->root);
	glance->holds = hash_entries(glance);
}

enum error tile_reader_ahead(struct tile_reader *reader, uint64_t first, unsigned workers)
{
	struct ahead *ahead = &reader->ahead;
	if (ahead->jobs != NULL)
		return E_EXISTS;
	ahead->next = first;
	ahead->end = reader->checkpoint.size / TILE_WIDTH;
	ahead->glances = calloc(TILE_BUNDLES_AHEAD, sizeof *ahead->glances);
	TRY(allocated(ahead->glances));
	return jobs_open(workers, look, NULL, TILE_BUNDLES_AHEAD, sizeof(struct glance *), &ahead->jobs);
}

static enum error keep_content(struct glance *glance, struct bytes content)
{
	TRY(GROW(glance->content, glance->capacity, content.len));
	memcpy(glance->content, content.data, content.len);
	glance->len = content.len;
	return E_OK;
}

/* As the source gives it: nobody is told what is wrong with it, and nothing is tried again. */
static enum error fetch_glance(struct tile_reader *reader, uint64_t number, struct glance *glance)
{
	const struct tile_source *source = &reader->source;
	struct fault fault = {.text = ""};
	struct bytes content;
	struct tile_path path = {.number = number, .width = TILE_WIDTH};
	glance->number = number;
	TRY(source->read(source->context, &path, &content, &fault));
	if (content.len != sizeof glance->hashes)
		return E_CORRUPT;
	memcpy(glance->hashes, content.data, content.len);
	path.entries = true;
	TRY(source->read(source->context, &path, &content, &fault));
	return keep_content(glance, content);
}

/* A few at a time, so that the first is taken before all are there. Where one cannot be had the reader goes on alone.
 */
static void look_ahead(struct tile_reader *reader)
{
	struct ahead *ahead = &reader->ahead;
	struct glance **place;
	for (unsigned i = 0; i < 4 && ahead->next < ahead->end && (place = jobs_next(ahead->jobs)) != NULL; i++) {
		*place = &ahead->glances[ahead->next % TILE_BUNDLES_AHEAD];
		if (fetch_glance(reader, ahead->next, *place) != E_OK)
			ahead->end = ahead->next;
		else
			jobs_give(ahead->jobs);
		ahead->next++;
	}
}

/* The glance at a bundle, as often as it is asked for; NULL: there is none, or it is no use. What was looked at for
 * bundles that nobody asked for is passed over. */
static const struct glance *glance_at(struct tile_reader *reader, uint64_t number)
{
	struct ahead *ahead = &reader->ahead;
	while (ahead->jobs != NULL && (ahead->at_hand == NULL || ahead->at_hand->number < number)) {
		if (ahead->at_hand != NULL)
			jobs_drop(ahead->jobs);
		ahead->at_hand = NULL;
		look_ahead(reader);
		struct glance **place = jobs_take(ahead->jobs);
		if (place == NULL)
			return NULL;
		ahead->at_hand = *place;
	}
	return ahead->at_hand != NULL && ahead->at_hand->number == number && ahead->at_hand->holds ? ahead->at_hand : NULL;
}

/* ---- tiles ---- */

static enum error load(
	struct tile_reader *reader, uint32_t level, uint64_t number, const struct tile **out, struct log_finding *finding);

/* The tile of a bundle that was looked at, if it is the one of the tree. */
static bool take_tile(struct tile_reader *reader, const struct glance *glance, const struct hash *above)
{
	struct tile *tile = &reader->full[0];
	if (glance == NULL || !hash_equal(&glance->root, above))
		return false;
	memcpy(tile->hashes, glance->hashes, sizeof tile->hashes);
	tile->number = glance->number;
	tile->loaded = true;
	return true;
}

/* A full tile gives a hash of the tile above it. */
static enum error load_full(struct tile_reader *reader, uint32_t level, uint64_t number, struct log_finding *finding)
{
	const struct tile *above;
	struct tile *tile = &reader->full[level];
	struct hash root;
	TRY(load(reader, level + 1, number / TILE_WIDTH, &above, finding));
	if (level == 0 && take_tile(reader, glance_at(reader, number), &above->hashes[number % TILE_WIDTH]))
		return E_OK;
	TRY(ask_hashes(reader, level, number, tile, finding));
	merkle_root_of_leaves(tile->hashes, TILE_WIDTH, &root);
	if (!hash_equal(&root, &above->hashes[number % TILE_WIDTH]))
		return deceived(reader,
			log_finding_set(finding, E_CORRUPT, first_entry(level, number),
				"tile %" PRIu64 " of level %" PRIu32 " is not the one of the checkpoint's tree", number, level));
	tile->loaded = true;
	return E_OK;
}

static enum error load(
	struct tile_reader *reader, uint32_t level, uint64_t number, const struct tile **out, struct log_finding *finding)
{
	struct tile *edge = level < TILE_LEVELS ? &reader->edges[level] : NULL;
	if (tile_reader_width(reader, level, number) == 0)
		return log_finding_set(finding, E_BAD_VALUE, reader->checkpoint.size,
			"tile %" PRIu64 " of level %" PRIu32 " is none of this tree's", number, level);
	if (edge->loaded && edge->number == number) {
		*out = edge;
		return E_OK;
	}
	struct tile *full = &reader->full[level];
	if (!full->loaded || full->number != number)
		TRY(load_full(reader, level, number, finding));
	*out = full;
	return E_OK;
}

enum error tile_reader_tile(
	struct tile_reader *reader, uint32_t level, uint64_t number, struct bytes *out, struct log_finding *finding)
{
	const struct tile *tile = NULL;
	TRY(load(reader, level, number, &tile, finding));
	*out = bytes_of(tile->hashes, tile_reader_width(reader, level, number) * HASH_BYTES);
	return E_OK;
}

enum error tile_reader_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	struct tile_reader *reader = context;
	const struct tile *tile = NULL;
	uint32_t height = level % LEVEL_BITS;
	if (level >= 64 || index >= reader->checkpoint.size >> level)
		return log_finding_set(&reader->finding, E_BAD_VALUE, reader->checkpoint.size, "the tree has no such node");
	uint64_t first = index << height;
	TRY(load(reader, level / LEVEL_BITS, first / TILE_WIDTH, &tile, &reader->finding));
	merkle_root_of_leaves(&tile->hashes[first % TILE_WIDTH], (size_t)1 << height, out);
	return E_OK;
}

/* ---- entries ---- */

enum error tile_reader_bundle(
	struct tile_reader *reader, uint64_t number, struct tile_bundle *out, struct log_finding *finding)
{
	const struct tile *tile;
	struct tile_path path = {.entries = true, .number = number, .width = tile_reader_width(reader, 0, number)};
	TRY(load(reader, 0, number, &tile, finding));
	const struct glance *glance = glance_at(reader, number);
	if (glance != NULL && memcmp(tile->hashes, glance->hashes, sizeof glance->hashes) == 0) {
		*out = glance->bundle;
		return E_OK;
	}
	TRY(ask_either(reader, path, &out->content, finding));
	struct reader r = reader_of(out->content);
	for (out->count = 0; out->count < path.width; out->count++) {
		uint64_t index = number * TILE_WIDTH + out->count;
		struct bytes entry = reader_range16(&r, ENTRY_BYTES_MAX);
		struct hash leaf;
		if (r.error != E_OK)
			return deceived(reader, log_finding_set(finding, E_CORRUPT, index, "the entry is cut off"));
		merkle_leaf_hash(entry, &leaf);
		if (!hash_equal(&leaf, &tile->hashes[out->count]))
			return deceived(reader, log_finding_set(finding, E_CORRUPT, index,
										"the entry does not have the hash that the tree has for it"));
		out->entries[out->count] = entry;
	}
	/* More than the tree's own entries is in a full bundle that stands for a partial one only, and then all of it. */
	size_t beyond = reader_left(&r);
	out->content.len -= beyond;
	for (uint32_t at = path.width; beyond > 0 && at < TILE_WIDTH; at++)
		(void)reader_range16(&r, ENTRY_BYTES_MAX);
	if (reader_done(&r) != E_OK)
		return deceived(reader, log_finding_set(finding, E_CORRUPT, number * TILE_WIDTH + out->count - 1,
									"there are bytes after the entry that belong to none"));
	return E_OK;
}
