/* The accredited audit of filing: recomputes every subject tree, the subject map and the filing tree from the entries
 * of the log and the label stream, and compares them with every epoch entry. spec/epoch.md
 *
 *   label stream ─► rows wait ─┐
 *   entries ─► event entries ──┴─► pending ─► epoch entry of size m ─► subject trees, filing tree of all below m
 *                                                                      └► map root, filing root ═ the epoch's?
 *
 * It knows neither store nor network: a caller feeds it with what it has read (audit_filing.c, from a directory), each
 * row of the label stream before the entry that it is about, and the entries in order from index 0. Events at or above
 * m, up to the epoch entry and beyond, belong to a later epoch and stay pending.
 *
 * It finds an event that is filed under nobody, under two, under another label than the label stream has for it, in the
 * wrong order, twice, or too late (EPO-9). What an entry alone must keep (spec/entry.md) is the public audit's part.
 *
 * Events that are lost (losses.h) have no row and stand in no tree. An epoch that may cover some of them, from before
 * the ledger knew, cannot be recomputed by anybody: it is counted, and the next one after the loss is checked in full.
 *
 * Where a root does not hold, the finding names the event if that can be told: from the ledger's own filing tree, or by
 * trying out what one fault in one subject's tree would give (audit_suspects.h).
 *
 * Memory: about 250 bytes for each subject (label, frontier of its tree, place in the map), 112 for each row that waits
 * for its entry, 96 for each event that waits for its epoch, queues up to twice that. 1,000,000 subjects: 260 MB. */
#pragma once

#include "ledger/label/label_row.h"
#include "ledger/log/losses.h"
#include "ledger/tree/merkle.h"
#include "ledger/tree/subject_tree.h"

#define NO_INDEX UINT64_MAX

struct audit_labels;

/* The first thing that does not hold. */
struct audit_labels_finding {
	uint64_t epoch; /* index of the epoch entry; NO_INDEX when it is not about one */
	uint64_t event; /* index of the first event concerned; NO_INDEX where that cannot be told */
	char text[FAULT_TEXT_MAX + 1];
};

/* What holds so far. */
struct audit_labels_result {
	uint64_t entries;
	uint64_t events;    /* covered by an epoch */
	uint64_t uncovered; /* event entries after that */
	uint64_t subjects;  /* under which the covered ones are filed */
	uint64_t epochs;
	uint64_t unverifiable; /* of these: epochs whose roots nobody can recompute any more */
	uint64_t epoch_index;  /* of the newest epoch entry whose roots hold; NO_INDEX before the first */
	struct entry_epoch epoch;
};

enum error audit_labels_new(struct audit_labels **out) MUST_USE;
void audit_labels_free(struct audit_labels *audit);
OWN(audit_labels, audit_labels_free);

/* The ledger's own filing tree, where the caller has it: only to name the event when a filing root does not hold. Every
 * complete node of the newest epoch's tree is asked for; errors are no finding. Borrowed until audit_labels_free. */
void audit_labels_compare_with(struct audit_labels *audit, const struct merkle_nodes *filing);

/* What will have been lost at the end of the log, told beforehand because the loss entries stand behind the events that
 * they are about. That the log says the same is the caller's to compare (log_rules.h). Borrowed until
 * audit_labels_free. */
void audit_labels_lost(struct audit_labels *audit, const struct losses *losses);

/* All functions below return E_CORRUPT from the first finding on; E_NO_MEMORY leaves nothing to go on with. */

/* The next rows of the label stream. E_TRUNCATED unless they are whole rows. */
enum error audit_labels_rows(struct audit_labels *audit, struct bytes rows) MUST_USE;
/* An event's row, with the leaves that it and its entry's leaf hash give. */
struct audit_leaf {
	uint64_t index;
	struct label label;
	struct hash subject;
	struct hash filing;
};

void audit_leaf_make(const struct label_row *row, const struct hash *entry_leaf, struct audit_leaf *out);
/* The next rows of the label stream, from somebody who knows the entries that they are about and has made their leaves
 * (which costs most of what a row costs). */
enum error audit_labels_leaves(struct audit_labels *audit, const struct audit_leaf *leaves, size_t count) MUST_USE;
/* The next entry and its leaf hash. */
enum error audit_labels_entry(struct audit_labels *audit, const struct entry *entry, const struct hash *leaf) MUST_USE;
/* After the last entry: no row is left over. */
enum error audit_labels_end(struct audit_labels *audit) MUST_USE;

/* NULL: none. Borrowed until audit_labels_free. */
const struct audit_labels_finding *audit_labels_finding(const struct audit_labels *audit);
void audit_labels_result(const struct audit_labels *audit, struct audit_labels_result *out);
