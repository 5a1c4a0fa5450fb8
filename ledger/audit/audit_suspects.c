/* A guess grows the tree again, wrongly, from what it was before the epoch: that costs the epoch's leaves, not all. Its
 * value goes into the right map's proof of the label, whose siblings a fault in one tree leaves alone; a tree that
 * would be empty has no label in the map at all. Only a guess that gives the ledger's root is said, and then it is no
 * guess. */
#include "ledger/audit/audit_suspects.h"

/* The root of the map without the label: its neighbour takes the place of the node above them. */
static bool root_without(const struct hash *map_root, const struct suspect_tree *tree)
{
	struct reader r = reader_of(tree->proof);
	struct hash hash;
	if (tree->proof.len == 0) {
		map_empty_root(&hash);
		return hash_equal(&hash, map_root);
	}
	reader_u8(&r);
	reader_copy(&r, hash.b, sizeof hash.b);
	while (reader_left(&r) > 0) {
		struct hash sibling;
		uint8_t bit = reader_u8(&r);
		reader_copy(&r, sibling.b, sizeof sibling.b);
		map_step_hash(tree->label.b, bit, &sibling, &hash);
	}
	return hash_equal(&hash, map_root);
}

/* The tree that went wrong as `suspicion` says at leaf `at`. */
static void grow(const struct suspect_tree *tree, enum suspicion suspicion, size_t at, struct merkle_frontier *out)
{
	*out = *tree->before;
	for (size_t i = 0; i < tree->count; i++) {
		size_t leaf = i;
		if (i == at && suspicion == SUSPECT_LEFT_OUT)
			continue;
		if (i >= at && suspicion == SUSPECT_ALL_OUT)
			return;
		if (suspicion == SUSPECT_SWAPPED && (i == at || i == at + 1))
			leaf = i == at ? i + 1 : at;
		merkle_frontier_append(out, &tree->leaves[leaf], NULL, NULL);
		if (i == at && suspicion == SUSPECT_TWICE)
			merkle_frontier_append(out, &tree->leaves[leaf], NULL, NULL);
	}
}

static bool holds(const struct hash *map_root, const struct suspect_tree *tree, enum suspicion suspicion, size_t at)
{
	struct merkle_frontier frontier;
	struct hash root, value;
	grow(tree, suspicion, at, &frontier);
	if (frontier.size == 0)
		return root_without(map_root, tree);
	merkle_frontier_root(&frontier, &root);
	subject_value(frontier.size, &root, &value);
	return map_verify_present(map_root, tree->label.b, &value, tree->proof) == E_OK;
}

enum suspicion suspect_find(const struct hash *map_root, const struct suspect_tree *tree, size_t *at)
{
	if (tree->count > SUSPECTS_MAX)
		return SUSPECT_NONE;
	for (size_t i = 0; i < tree->count; i++)
		for (enum suspicion suspicion = SUSPECT_LEFT_OUT; suspicion <= SUSPECT_SWAPPED; suspicion++) {
			if (suspicion == SUSPECT_SWAPPED && i + 1 == tree->count)
				continue;
			if (holds(map_root, tree, suspicion, i)) {
				*at = i;
				return suspicion;
			}
		}
	return SUSPECT_NONE;
}
