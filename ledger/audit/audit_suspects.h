/* Which event it is, when an epoch's map root does not hold: tries out what the root would be if one thing had gone
 * wrong in one subject's tree. A guess that gives the ledger's root is no guess any more.
 *
 * The proof of the subject's label in the right map is all that is needed of the map: a fault in one tree leaves its
 * siblings as they are. */
#pragma once

#include "ledger/tree/merkle.h"
#include "ledger/tree/subject_map.h"
#include "ledger/tree/subject_tree.h"

/* Trying out costs the square of this in hashes for each subject. */
#define SUSPECTS_MAX 64u

enum suspicion {
	SUSPECT_NONE,
	SUSPECT_LEFT_OUT, /* the leaf is not in the tree */
	SUSPECT_ALL_OUT,  /* it and all after it are not */
	SUSPECT_TWICE,    /* it is in the tree twice, one after the other */
	SUSPECT_SWAPPED,  /* it stands after the next one */
};

/* One subject's tree in an epoch. */
struct suspect_tree {
	struct label label;
	const struct merkle_frontier *before; /* of the tree as it was before the epoch */
	const struct hash *leaves;            /* those that the epoch adds */
	size_t count;                         /* at least 1; over SUSPECTS_MAX nothing is tried */
	struct bytes proof;                   /* presence of the label in the map as it should be */
};

/* What gives `map_root`, and at which leaf; `at` is set unless it is SUSPECT_NONE. */
enum suspicion suspect_find(const struct hash *map_root, const struct suspect_tree *tree, size_t *at);
