/* What 'indsigt verify' says, in English and Danish. */
#pragma once

#include "ledger/entry/entry.h"
#include "ledger/log/finding.h"
#include "tools/show/words.h"

struct verify_words {
	const struct words *who; /* headings and cells */
	const char *reported;    /* heading of the ledger time */
	const char *about;       /* subject, log */
	const char *all_one;     /* time */
	const char *all;         /* how many, time */
	const char *nobody;      /* time */
	const char *window;      /* two times, or the next two */
	const char *beginning;
	const char *end;
	const char *window_none;  /* time, how many in all */
	const char *window_one;   /* the same */
	const char *window_all;   /* how many in the window, time, how many in all */
	const char *withheld_one; /* date */
	const char *withheld;     /* how many, date of the last one */
	const char *withheld_due;
	const char *withheld_cell; /* date, basis */
	const char *erased_one;
	const char *erased; /* how many */
	const char *later_one;
	const char *later; /* how many */
	const char *later_title;
	const char *lost_one;
	const char *lost; /* how many */
	const char *signed_by;
	const char *later_unsigned; /* behind signed_by, where later events are listed */
	const char *later_closed;   /* how many of the later ones are withheld or erased */
	const char *unsigned_by;
	const char *unendorsed;  /* name, organisation */
	const char *compromised; /* name, organisation */
	const char *sender;      /* id */
	const char *audited;     /* auditor, log index */
	const char *audit_no_key;
	const char *witnessed; /* how many witnesses, time */
	const char *no_policy;
	const char *scope;
	const char *predecessor; /* origin */
	const char *times;
	const char *filed; /* how many of how many events, sender, first and last sequence, log, time */
	const char *filed_subjects;
	const char *filed_labels;
	const char *filed_lost;        /* how many of how many events, sender, first and last sequence, log, log index */
	const char *filed_headings[3]; /* sequence, log index, subject */
	const char *forked;            /* log, the two sizes */
	const char *receipts;          /* how many receipts, events, log, largest size */
	const char *receipts_scope;
	const char *stands;               /* log index, log, size */
	const char *entries[ENTRY_KINDS]; /* what kinds of entries are: 1 name, organisation; 2, 3 sender, sequence, time; 4
									   * sender, first and last sequence; 5 size, time */
	const char *signer;               /* name, organisation, number */
	const char *unknown;
	const char *not_whole;      /* what it is */
	const char *not_whole_line; /* number of the receipt */
	const char *kinds[5];       /* statement, filing proof, evidence of a fork, proof file, receipts */
	const char *refused;        /* what does not hold */
	const char *refused_line;   /* number of the receipt, what does not hold */
	const char *refused_index;  /* log index */
	const char *other_log;      /* the log's name */
};

/* As words_for. */
const struct verify_words *verify_words_for(const char *lang);
/* The text of a finding in the language of `words`; with what is wrong with the form. At most FINDING_TEXT_MAX bytes.
 */
void verify_words_finding(
	const struct verify_words *words, const struct finding *finding, char out[FINDING_TEXT_MAX + 1]);
