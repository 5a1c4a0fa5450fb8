/* What all parts of the audit stand on: what is looked at (the view, the same for all of them), and what was found (the
 * report, which they write). Nothing here knows a part; each has a struct of its own, and knows only parts below it:
 *
 *   audit.c          opens, drives, compares with checkpoint and guard at the end
 *   audit_derived.c  filing tree, subject map and heads as stored
 *   audit_tables.c   that a search finds every row; evidence
 *   audit_log.c      public part: entries by their rules (log_rules.h), the tree and its tiles
 *   audit_ahead.c    looks at bundles before it, on all cores, and says of what it need not look any more
 *   audit_records.c  sealed part: records, aliases, postings
 *   audit_filing.c   every epoch, from the label stream
 *   audit_subjects.c that a label is its subject's
 *   audit_tree.c     the tiles
 *
 * A part that finds something calls audit_finding, or audit_judge where an error told it, and hands the error up; the
 * first finding is the result. Memory that is short and disks that cannot be read are no findings: they end the audit
 * without one. */
#pragma once

#include "ledger/log/log_rules.h"
#include "ledger/read/archive.h"
#include "ledger/store/log.h"

struct audit_report {
	uint64_t done; /* entries that hold */
	bool found;
	uint64_t index;                  /* the first that does not hold */
	uint64_t epoch;                  /* of the epoch entry that is concerned; 0: none, or without a finding */
	char reason[FAULT_TEXT_MAX + 1]; /* for people; no personal data */
	struct fault why;                /* without a finding: why nothing can be said */
	bool unread;                     /* nobody reads the finding but for there being one (audit_ahead.h) */
};

/* Borrowed, all of it. */
struct audit_view {
	const struct vkey *vkey; /* whose log this must be */
	struct snapshot *snapshot;
	struct db_txn *txn;            /* the snapshot's */
	const struct secrets *secrets; /* NULL: without keys */
	struct checkpoint checkpoint;  /* the snapshot's */
	struct losses lost;            /* what the store says is lost; in the end the log must say the same */
	const struct log_rules *rules; /* what the entries that hold have come to */
	struct audit_report *report;
	void (*progress)(void *context, uint64_t done, uint64_t total); /* may be NULL */
	void *context;
};

/* A keyed checksum over things in any order: two of the same key that are equal were made of the same things. */
struct audit_sum {
	uint8_t key[16];
	uint64_t count;
	uint64_t sum;
};

void audit_sum_begin(struct audit_sum *sum);
/* A thing of two parts, at most 64 bytes in all, of the same length each time. */
void audit_sum_add(struct audit_sum *sum, struct bytes first, struct bytes second);
bool audit_sum_equal(const struct audit_sum *a, const struct audit_sum *b);

/* Remembers the first finding and returns E_CORRUPT, to hand up. */
enum error audit_finding(const struct audit_view *view, uint64_t index, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether `cause`, which reading gave, says something about the ledger: E_OK (it was read, and differs), E_NOT_FOUND
 * (what should be there is not), and errors that judge (error_judges). */
bool audit_judges(enum error cause);

/* audit_finding where `cause` says something about the ledger. Where it does not it is handed up, with the text in the
 * report's `why`. */
enum error audit_judge(const struct audit_view *view, enum error cause, uint64_t index, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same about how the event at `index` is filed: names the epoch that covers it as well. */
enum error audit_finding_filed(const struct audit_view *view, enum error cause, uint64_t index, const char *text);

/* The error's text without its advice to run an audit. */
const char *audit_why(enum error error);

/* Tells that it goes on. */
void audit_progress(const struct audit_view *view);
