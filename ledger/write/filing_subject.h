/* Subjects of an epoch, some at a time, as any thread works them out: what is cryptography in filing an event and needs
 * neither the store nor the runs.
 *
 *   who it is, or its head's row ─┐
 *   its events' leaf hashes ──────┴─► label, or head ─► leaves ─► subject tree ─► the head's new row, the map's value
 *
 * A subject whose events fill a chunk of postings gets other rows before its head, and one that has very many at once
 * has more leaves than there is room for. Of such only the head is found, as it was; the rest is for whoever writes. */
#pragma once

#include "ledger/filed/filed_put.h"
#include "ledger/tree/subject_tree.h"

#define GROUP_SUBJECTS 32
#define GROUP_LEAVES 1024

/* An event of a subject, or a key of one. */
struct filing {
	struct alias alias;
	uint64_t number; /* log index, or key id */
};

/* Whose they are is told by the ledger; they are the same as long as it is open. */
struct subject_secrets {
	const struct seal_keys *seal;
	const struct key *vrf;
	const struct key *blinding; /* of subject trees */
	const char *origin;
};

struct subject_work {
	/* Given. */
	const struct filing *filings; /* its events, in the order of the log; at least one */
	size_t count;
	bool known;                         /* who it is; else all of its events are damaged, and nothing is to be done */
	bool is_new;                        /* no epoch has met it */
	uint8_t subject[SUBJECT_BYTES_MAX]; /* of a new one; wiped when its label is made, or nobody will ask for it */
	size_t subject_len;
	const struct hash *leaves;       /* of the log, one for each event; NULL: there is no room for them */
	uint8_t row[HEAD_ROW_BYTES_MAX]; /* of its head, if it is not new */
	size_t row_len;
	/* Found. */
	enum error error;
	bool whole;        /* `head` is after its events, and `row` its row, which is all that is to be written */
	struct head head;  /* else it is as it was before them */
	struct hash value; /* of the map, if `whole` */
};

/* Invariant: `leaves` holds what its subjects point to. */
struct subject_group {
	size_t count;
	size_t filed; /* the first of them, by whoever writes */
	size_t leaf_count;
	struct subject_work subjects[GROUP_SUBJECTS];
	struct hash leaves[GROUP_LEAVES];
};

/* Adds the leaf of an event that is newer than all in the head, where its index stands already; nodes of the tree as
 * merkle_frontier_append tells them. */
void subject_add_leaf(const struct key *blinding, struct head *head, uint64_t index, const struct hash *entry_leaf,
	merkle_node_sink *sink, void *context);

/* Room for `count` leaves, which the caller fills in; NULL: there is none. */
struct hash *subject_group_leaves(struct subject_group *group, size_t count);
/* All that are in the group. An error is left with the subject that it is of: E_CORRUPT and E_UNSEALED of its head's
 * row, or what a label cannot be made for. */
void subject_group_work(const struct subject_secrets *secrets, struct subject_group *group);
