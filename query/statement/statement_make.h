/* Making a statement: everything that a citizen needs to prove, offline and to anybody, that the list of accesses is
 * complete up to the newest epoch. spec/statement.md
 *
 *   snapshot ─► newest epoch ─► label, VRF proof ─► map proof ─► subject tree ─► each event, opened ─► JSON
 *
 * Where a witnessed checkpoint covers the newest epoch the statement rests on it, and shows nothing later. The
 * verifying side is ledger/statement/statement.h; nothing here is trusted by it. */
#pragma once

#include "query/cosigned/cosigned.h"
#include "query/http/text.h"

struct statement_query {
	struct bytes subject;            /* canonical */
	uint64_t from_s;                 /* window over ledger time, half-open; 0: from the beginning */
	uint64_t to_s;                   /* UINT64_MAX: to the end */
	bool signatures;                 /* each event's way to its sender's signature as well */
	uint64_t now_s;                  /* time of day: events withheld until later stay closed */
	const struct cosigned *cosigned; /* what it rests on, where that covers the newest epoch; or NULL */
};

/* Its text, into `out`, which has a room or none and is the caller's to release, also after an error; `later`: how many
 * events in it are not covered yet. E_TOO_MANY: there is no room for it now; E_TOO_LONG: there never is. E_NOT_FOUND:
 * there is no epoch yet. E_TOO_LONG: more than STATEMENT_EVENTS_MAX events, a window is needed. E_ERASED: an erased
 * event that no erasure entry covers. E_CORRUPT: what is stored does not give what the epoch commits to. */
enum error statement_make(struct snapshot *snapshot, const struct statement_query *query, struct text *out,
	size_t *later, struct fault *fault) MUST_USE;
