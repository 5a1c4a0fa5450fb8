/* Inside of the audit: what its parts share.
 *
 *   audit.c          opens, drives, compares with checkpoint and guard at the end
 *   audit_log.c      public part: entries by their rules (log_rules.h), the tree and its tiles
 *   audit_tables.c   that a search finds every row; evidence
 *   audit_derived.c  filing tree, subject map and heads as stored
 *   audit_filing.c   every epoch, from the label stream
 *   audit_records.c  sealed part: records, aliases, postings
 *
 * A part that finds something calls audit_finding, or audit_judge where an error told it, and hands the error up; the
 * first finding is the result. Memory that is short and disks that cannot be read are no findings: they end the audit
 * without one. Memory is constant but for the senders, and with labels for the subjects too (audit_labels.h). */
#pragma once

#include "ledger/audit/audit.h"
#include "ledger/keys/secrets.h"
#include "ledger/log/log_rules.h"
#include "ledger/store/log.h"
#include "ledger/store/registry.h"

/* The row at hand of each level of the tree: hashes that the store has, to compare with those computed. */
struct audit_tile {
	struct bytes hashes;
	uint64_t number;
	bool loaded;
};

struct alias;
struct audit_filing;
struct audit_records;

struct audit {
	const struct vkey *vkey;
	const struct audit_options *options;
	struct archive *archive;
	struct snapshot *snapshot;
	struct db_txn *txn;
	struct checkpoint checkpoint;
	struct checkpoint guard;
	struct merkle_frontier frontier; /* over the entries that hold so far */
	enum error tile_error;           /* set while a leaf is appended */
	struct audit_tile tiles[LOG_ROWS_MAX];
	struct log_rules rules;
	struct losses lost;   /* what the store says is lost; in the end the log must say the same */
	struct {              /* so far, of what is lost */
		uint64_t records; /* event and mass entries */
		uint64_t events;
		uint64_t packs; /* batches of events */
	} missing;
	struct audit_records *records; /* NULL: without keys */
	struct audit_filing *filing;   /* NULL: without labels */
	bool found;
	struct fault why; /* without a finding: why nothing can be said */
	struct audit_result result;
};

/* Remembers the first finding and returns an error to hand up. The text is for people and holds no personal data. */
enum error audit_finding(struct audit *audit, uint64_t index, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same where reading gave `cause`: E_OK (it was read, and differs), E_NOT_FOUND (what should be there is not) and
 * errors that judge (error_judges) make a finding. Every other one says nothing about the ledger: it is handed up, with
 * the text in audit->why. */
enum error audit_judge(struct audit *audit, enum error cause, uint64_t index, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same about how the event at `index` is filed: names the epoch that covers it as well. */
enum error audit_finding_filed(struct audit *audit, enum error cause, uint64_t index, const char *text);

/* The error's text without its advice to run an audit. */
const char *audit_why(enum error error);

/* Tells that it goes on. */
void audit_progress(const struct audit *audit);

/* ---- audit_log.c ---- */

/* Checks bundle `number` (the entries from number * LOG_WIDTH on) and appends its entries to the frontier. */
enum error audit_bundle(struct audit *audit, uint64_t number) MUST_USE;
/* After the last bundle: no open run; the tables that follow from the entries are as they should be. */
enum error audit_tables(struct audit *audit) MUST_USE;

/* ---- audit_tables.c ---- */

/* Every row of every table is met by a walk and found by a search, and evidence is what it should be. */
enum error audit_rows(struct audit *audit) MUST_USE;

/* ---- audit_derived.c ---- */

/* The stored filing tree and subject map are those that the newest epoch commits to, and with keys the subjects' heads
 * are what the map holds. That the epochs themselves are right takes the label stream. */
enum error audit_derived(struct audit *audit) MUST_USE;

/* ---- audit_filing.c ---- */

enum error audit_filing_open(struct audit *audit) MUST_USE;
void audit_filing_close(struct audit *audit);
/* Before the entries [from, to) are taken: their rows of the label stream, as far as they are filed. */
enum error audit_filing_rows(struct audit *audit, uint64_t from, uint64_t to) MUST_USE;
enum error audit_filing_entry(struct audit *audit, const struct entry *entry, const struct hash *leaf) MUST_USE;
/* With an opened event: its subject's label is the one that it is filed under. */
enum error audit_filing_subject(
	struct audit *audit, uint64_t index, const struct alias *alias, struct bytes subject) MUST_USE;
/* After the last entry; fills in what the result says of filing. */
enum error audit_filing_end(struct audit *audit) MUST_USE;

/* ---- audit_records.c ---- */

enum error audit_records_open(struct audit *audit) MUST_USE;
void audit_records_close(struct audit *audit);
/* The event at `index`, the newest one of the open run. */
enum error audit_records_event(struct audit *audit, uint64_t index, const struct entry_event *event) MUST_USE;
/* The run is complete. */
enum error audit_records_batch(struct audit *audit) MUST_USE;
/* After the last entry: the postings hold exactly the events that are filed. */
enum error audit_records_filing(struct audit *audit) MUST_USE;
