/*   bundle n ─► entries by the rules ─► its tiles to the hook ─► done ─► bundle n + 1 ... ─► partial tiles
 *
 * The rules come before the hook: of a bundle with an entry that breaks a rule no tile is given (follow_copy asks no
 * rules). A loss entry looks back at bundles that were read before, which takes the place of the one at hand, so that
 * is read again. What fails at the source leaves the rules between two entries, and they go on from there. */
#include "ledger/follow/follow.h"

#include <inttypes.h>

/* The log's bundles, for rules that look back. */
struct looking_back {
	struct tile_reader *reader;
	struct tile_bundle *bundle; /* the one at hand: gone when another was read */
	bool moved;
};

static enum error look_back(void *context, uint64_t number, struct bytes *out)
{
	struct looking_back *back = context;
	struct log_finding finding;
	back->moved = true;
	TRY(tile_reader_bundle(back->reader, number, back->bundle, &finding));
	*out = back->bundle->content;
	return E_OK;
}

static enum error take_entry(struct log_rules *rules, uint64_t index, struct bytes encoded, struct log_finding *finding)
{
	struct entry entry;
	enum error error = entry_decode(encoded, &entry);
	if (error == E_FORMAT) /* another version's log breaks no rule of this one */
		return log_finding_set(finding, error, index, "%s", error_text(error));
	if (error != E_OK)
		return log_finding_set(finding, E_CORRUPT, index, "the entry cannot be read: %s", error_text(error));
	error = log_rules_entry(rules, &entry, finding);
	return error == E_NO_MEMORY ? log_finding_set(finding, error, index, "%s", error_text(error)) : error;
}

/* Those of the bundle that the rules have not met; the one at `index` breaking a rule leaves the rules there. */
static enum error take_bundle(struct log_rules *rules, struct tile_reader *reader, uint64_t number,
	struct tile_bundle *bundle, struct log_finding *finding)
{
	struct looking_back back = {.reader = reader, .bundle = bundle};
	enum error error = E_OK;
	rules->state.bundles = (struct log_bundles){look_back, &back};
	for (uint64_t at = rules->state.size % TILE_WIDTH; error == E_OK && at < bundle->count; at++) {
		back.moved = false;
		error = take_entry(rules, number * TILE_WIDTH + at, bundle->entries[at], finding);
		if (error == E_OK && back.moved)
			error = tile_reader_bundle(reader, number, bundle, finding);
	}
	rules->state.bundles = (struct log_bundles){.read = NULL};
	return error;
}

/* ---- tiles for the hooks ---- */

static enum error give_tile(struct tile_reader *reader, const struct follow_hooks *hooks, uint32_t level,
	uint64_t number, struct log_finding *finding)
{
	struct bytes hashes;
	struct tile_path path = {.level = level, .number = number, .width = tile_reader_width(reader, level, number)};
	TRY(tile_reader_tile(reader, level, number, &hashes, finding));
	return hooks->tile(hooks->context, &path, hashes, finding);
}

/* The tile of the bundle, and above it those that it completes. */
static enum error give_tiles(
	struct tile_reader *reader, const struct follow_hooks *hooks, uint64_t number, struct log_finding *finding)
{
	TRY(give_tile(reader, hooks, 0, number, finding));
	for (uint32_t level = 1; level < TILE_LEVELS && (number + 1) % TILE_WIDTH == 0 &&
							 tile_reader_width(reader, level - 1, number) == TILE_WIDTH;
		 level++) {
		number /= TILE_WIDTH;
		TRY(give_tile(reader, hooks, level, number, finding));
	}
	return E_OK;
}

static enum error give_edges(struct tile_reader *reader, const struct follow_hooks *hooks, struct log_finding *finding)
{
	uint64_t size = tile_reader_checkpoint(reader)->size;
	for (uint32_t level = 1; level < TILE_LEVELS; level++) {
		uint64_t hashes = size >> (8 * level);
		if (hashes % TILE_WIDTH != 0)
			TRY(give_tile(reader, hooks, level, hashes / TILE_WIDTH, finding));
	}
	return E_OK;
}

static enum error give_bundle(struct tile_reader *reader, const struct follow_hooks *hooks, uint64_t number,
	const struct tile_bundle *bundle, struct log_finding *finding)
{
	struct tile_path path = {.entries = true, .number = number, .width = bundle->count};
	TRY(hooks->tile(hooks->context, &path, bundle->content, finding));
	return give_tiles(reader, hooks, number, finding);
}

enum error follow_copy(
	struct tile_reader *reader, uint64_t from, const struct follow_hooks *hooks, struct log_finding *finding)
{
	uint64_t size = tile_reader_checkpoint(reader)->size;
	for (uint64_t number = from / TILE_WIDTH; number * TILE_WIDTH < size; number++) {
		struct tile_bundle bundle;
		TRY(tile_reader_bundle(reader, number, &bundle, finding));
		TRY(give_bundle(reader, hooks, number, &bundle, finding));
	}
	return give_edges(reader, hooks, finding);
}

/* ---- following ---- */

static enum error follow_bundle(struct log_rules *rules, struct tile_reader *reader, const struct follow_hooks *hooks,
	uint64_t number, struct log_finding *finding)
{
	struct tile_bundle bundle;
	TRY(tile_reader_bundle(reader, number, &bundle, finding));
	TRY(take_bundle(rules, reader, number, &bundle, finding));
	if (hooks->tile != NULL)
		TRY(give_bundle(reader, hooks, number, &bundle, finding));
	return hooks->done != NULL ? hooks->done(hooks->context, rules, finding) : E_OK;
}

enum error follow(
	struct log_rules *rules, struct tile_reader *reader, const struct follow_hooks *hooks, struct log_finding *finding)
{
	uint64_t size = tile_reader_checkpoint(reader)->size;
	if (size == 0)
		return log_finding_set(finding, E_CORRUPT, 0, "the log is empty: it does not even have a genesis entry");
	while (rules->state.size < size)
		TRY(follow_bundle(rules, reader, hooks, rules->state.size / TILE_WIDTH, finding));
	TRY(log_rules_end(rules, finding));
	return hooks->tile != NULL ? give_edges(reader, hooks, finding) : E_OK;
}

enum error follow_extends(
	struct tile_reader *reader, const struct checkpoint *old, struct follow_fork *fork, struct log_finding *finding)
{
	const struct merkle_nodes nodes = {tile_reader_node, reader};
	uint64_t size = tile_reader_checkpoint(reader)->size;
	fork->found = false;
	enum error error = merkle_root(&nodes, old->size, &fork->old_root);
	if (error == E_OK && hash_equal(&fork->old_root, &old->root))
		return E_OK;
	if (error == E_OK)
		error = merkle_prove_consistency(&nodes, old->size, size, &fork->proof);
	if (error != E_OK) {
		*finding = *tile_reader_finding(reader);
		return error;
	}
	fork->found = true;
	return log_finding_set(finding, E_CORRUPT, 0,
		"the checkpoints of %" PRIu64 " and of %" PRIu64
		" entries do not fit together: both are signed, and the first %" PRIu64 " entries of the log are others now",
		old->size, size, old->size);
}
