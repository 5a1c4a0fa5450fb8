/* What a search finds: one page as a Bundle, from one snapshot; and one event alone. spec/fhir.md
 *
 *   person's indexes ─► each: withheld? erased? ─► said in an OperationOutcome ┐
 *                            else an AuditEvent ─► matches? ─► an entry         ├► Bundle, with the next page's link
 *                                                                              ┘
 *
 * Who sees which event is what answer/accesses.h says. A page that is not sorted by date is read as it is made; one
 * that is needs all that match first, so it is refused where these are among too many. */
#pragma once

#include "ledger/read/archive.h"
#include "query/http/text.h"
#include "query/searchset/continuation.h"

#define SEARCHSET_SCAN_MAX 4000u       /* events looked at for one page */
#define SEARCHSET_BYTES_MAX (1u << 20) /* of a page, about */

struct searchset_query {
	struct bytes subject; /* canonical */
	struct bytes org;     /* not empty: who asks is this organisation, and sees what it accessed or reported */
	const char *base;     /* "https://HOST/fhir" */
	const struct search *search;
	const struct continuation *from; /* NULL: the first page */
	const struct key *key;           /* of continuations */
	uint64_t now_s;
};

/* A Bundle into `out`, which has a room or none and is the caller's to release. E_TOO_LONG: more is asked for than is
 * looked at for one answer, the fault says what to do; what snapshots and texts give. */
enum error searchset_write(
	struct snapshot *snapshot, const struct searchset_query *query, struct text *out, struct fault *fault) MUST_USE;
/* The event at `index` alone, if it is this person's and may be seen. E_NOT_FOUND; E_ERASED; E_FORBIDDEN: it is
 * withheld, the fault says until when. */
enum error searchset_event(struct snapshot *snapshot, const struct searchset_query *query, uint64_t index,
	struct text *out, struct fault *fault) MUST_USE;
