/* A log in memory with its label stream, and its epochs' roots by their definitions: all leaves in arrays. What it says
 * of any event can be changed before an epoch is made or after. */
#pragma once

#include "ledger/entry/entry.h"
#include "ledger/tree/subject_tree.h"

#define FILED_ENTRIES_MAX 3000

struct filed_row {
	uint64_t index;
	struct label label;
	struct hash blind, filing_blind;
};

/* A leaf as the ledger files it. */
struct filed_leaf {
	struct filed_row row;
	struct hash subject_leaf, filing_leaf;
	bool not_in_tree, not_in_filing;
};

struct filed_log {
	struct entry entries[FILED_ENTRIES_MAX];
	struct hash leaves[FILED_ENTRIES_MAX];
	uint64_t size;
	struct filed_row rows[FILED_ENTRIES_MAX]; /* the label stream */
	size_t row_count;
	struct filed_leaf filed[FILED_ENTRIES_MAX]; /* what the trees are made of */
	size_t filed_count;
	uint64_t time_s;
	uint64_t sequence;
};

struct label filed_label(uint64_t subject);
/* All that add an entry give its index. */
uint64_t filed_add(struct filed_log *log, const struct entry *entry);
/* Empties the log and adds the genesis entry. */
void filed_begin(struct filed_log *log, uint32_t lag_s);
/* What a leaf is made of has changed. */
void filed_hash(struct filed_log *log, struct filed_leaf *leaf);
uint64_t filed_event(struct filed_log *log, uint64_t subject);
uint64_t filed_mass(struct filed_log *log);
/* Something that carries no time of its own. */
uint64_t filed_batch(struct filed_log *log);
/* The roots over what is filed below m. */
struct hash filed_map_root(const struct filed_log *log, uint64_t m);
struct hash filed_filing_root(const struct filed_log *log, uint64_t m);
/* An epoch entry over the entries below m. */
uint64_t filed_epoch(struct filed_log *log, uint64_t m);
