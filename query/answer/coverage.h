/* Coverage: who reports to this ledger, since when, and who has gone silent. spec/http.md
 *
 * It goes with every answer, because "nobody looked" means little without "and these would have told". But there may be
 * thousands of them and one answer is about one person, so it comes in three forms:
 *
 *   WHOLE    every sender, and all that follows
 *   COUNTED  how many senders there are and how many of them are silent, with the hash of who they are; losses,
 *            witnesses, and where the rest is
 *   NAMED    the hash alone: on the pages behind the first one
 *
 * What is said of senders and losses follows from the store alone, but for who is silent, and that changes at times
 * that are known beforehand. So it is remembered as text until the store has another commit or such a time comes; what
 * the witnesses have given comes in as cosigned.h remembers it. */
#pragma once

#include "query/cosigned/cosigned.h"
#include "query/http/text.h"

#define COVERAGE_PATH "/v1/coverage"
#define COVERAGE_SILENT_S_DEFAULT 86400u /* a day: systems that are in use are used every day */

struct coverage_counts {
	uint64_t senders, active, compromised, silent;
};

/* What holds for a commit of the store, and from `from_s` on, before `until_s`. */
struct coverage_known {
	bool known;
	uint64_t commit;
	uint32_t silent_after_s;
	uint64_t from_s;
	uint64_t until_s;
	struct coverage_counts counts;
	struct hash hash;
	struct text lost;
	struct text senders; /* of the whole form: empty until somebody asks for it */
};

/* Of one ledger, for as long as it is asked about. Begins as COVERAGE_MEMORY; any thread. */
struct coverage_memory {
	pthread_mutex_t mutex;
	struct coverage_known known;
};

#define COVERAGE_MEMORY                                    \
	(struct coverage_memory)                               \
	{                                                      \
		.mutex = PTHREAD_MUTEX_INITIALIZER, .known = { 0 } \
	}
void coverage_memory_release(struct coverage_memory *memory);

enum coverage_form { COVERAGE_NAMED, COVERAGE_COUNTED, COVERAGE_WHOLE };

struct coverage_query {
	enum coverage_form form;
	const struct cosigned *cosigned;
	struct coverage_memory *memory; /* or NULL */
	uint64_t now_s;
	uint32_t silent_after_s;
};

/* A sender is silent when nothing was received from it for longer than `silent_after_s` before `now_s`; one that never
 * sent counts from its registration. */
enum error coverage_write(
	struct text *text, const char *name, struct snapshot *snapshot, const struct coverage_query *query) MUST_USE;

/* ---- who they are ---- */

/* What the hash is over: of each sender, by id, its newest entry in the log, which says all else of it, and whether it
 * is silent. Rows of COVERAGE_ROW_BYTES. */
#define COVERAGE_ROW_BYTES 13
void coverage_row(uint32_t id, uint64_t entry, bool silent, uint8_t out[COVERAGE_ROW_BYTES]);
void coverage_hash(struct bytes rows, struct hash *out);
