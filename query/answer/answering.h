/* How long those waited who reported an access, of each organisation and calendar quarter, for everybody.
 * spec/numbers.md (Answers to reports)
 *
 *   reports:ORG ─► who reported in the quarter ─► their list, of ORG's senders alone ─► class ─► counts ─► rounded down
 *
 * It takes opening what is sealed: the reports themselves, and of each person's list what senders of that organisation
 * reported in the 30 days after. So it is counted from quarters that nothing can be added to, once for each, in steps:
 * whoever asks meanwhile moves it on by a bounded number of events and is told nothing yet. Log indexes never change,
 * so a count may go on in a newer snapshot. */
#pragma once

#include "query/answer/numbers.h"

#define ANSWERING_QUARTERS 2u  /* the last; by then nothing is erased that is kept for a year */
#define ANSWERING_CLASSES 3u   /* answered within 7 days, within 30, neither */
#define ANSWERING_OPENED 500u  /* events opened for one request, and at most one report's more */
#define ANSWERING_LOOKED 1000u /* opened for one report and class: those are the newest */

struct answering;

/* Of one ledger, for as long as it is asked about. Begins as ANSWERING_MEMORY; any thread. */
struct answering_memory {
	pthread_mutex_t mutex;
	uint64_t until_s;        /* end of the last quarter that `text` or `going` is about */
	struct answering *going; /* a count that is not at its end, while nobody is at it */
	bool counting;           /* somebody is */
	struct text text;        /* empty: nothing is remembered */
};

#define ANSWERING_MEMORY                    \
	(struct answering_memory)               \
	{                                       \
		.mutex = PTHREAD_MUTEX_INITIALIZER, \
	}
void answering_memory_release(struct answering_memory *memory);

/* An object, or null while it is being counted; with `memory` NULL it is counted to its end. The snapshot has keys. */
enum error answering_write(
	struct text *text, const char *name, struct snapshot *snapshot, struct answering_memory *memory) MUST_USE;
