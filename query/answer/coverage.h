/* Coverage: who reports to this ledger, since when, and who has gone silent. spec/http.md
 *
 * It stands in every answer, because "nobody looked" means little without "and these would have told". So it is made
 * once and handed to whoever makes an answer: what is said of senders and losses follows from the store alone, but for
 * who is silent, and that changes at times that are known beforehand. It is remembered until the store has another
 * commit or such a time comes; what the witnesses have given comes in as cosigned.h remembers it. */
#pragma once

#include "query/cosigned/cosigned.h"

#define COVERAGE_SILENT_S_DEFAULT 86400u /* a day: systems that are in use are used every day */

/* What holds for a commit of the store, and from `from_s` on, before `until_s`. */
struct coverage_known {
	uint64_t commit;
	uint32_t silent_after_s;
	uint64_t from_s;
	uint64_t until_s;
	json_t *senders;
	json_t *lost;
};

/* Of one ledger, for as long as it is asked about. Begins as COVERAGE_MEMORY; any thread. */
struct coverage_memory {
	pthread_mutex_t mutex;
	struct coverage_known known; /* `senders` NULL: nothing yet */
};

#define COVERAGE_MEMORY                                    \
	(struct coverage_memory)                               \
	{                                                      \
		.mutex = PTHREAD_MUTEX_INITIALIZER, .known = { 0 } \
	}
void coverage_memory_release(struct coverage_memory *memory);

/* A new reference, whose parts are shared and not to be changed: {"as_of", "silent_after_seconds", "senders": [...],
 * "witnessing", "lost"}. A sender is silent when nothing was received from it for longer than `silent_after_s` before
 * `now_s`; one that never sent counts from its registration. `memory` may be NULL. */
enum error coverage_make(struct snapshot *snapshot, const struct cosigned *cosigned, struct coverage_memory *memory,
	uint64_t now_s, uint32_t silent_after_s, json_t **out) MUST_USE;
