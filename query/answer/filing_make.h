/* Making a filing proof: what shows a sender that the events of one of its batches are filed under the labels of the
 * subjects that they are about. spec/filing.md
 *
 * It holds no path in the map or in a subject's tree and no count: nothing of other events of those people. */
#pragma once

#include "query/cosigned/cosigned.h"
#include "query/http/text.h"

/* `sender` was judged by the signature of the request before: here it is only looked up. */
struct filing_query {
	uint32_t sender;
	uint64_t sequence; /* any of the batch */
	bool proofs;       /* the labels' VRF proofs as well (105 us for each subject) */
	uint64_t now_s;
	const struct cosigned *cosigned; /* what it rests on, where that covers the newest epoch; or NULL */
};

/* Into `out`, which has a room or none and is the caller's to release, also after an error. E_NOT_FOUND with the
 * reason: no such batch, a mass batch, or not filed yet. E_ERASED. E_TOO_MANY without room. */
enum error filing_make(
	struct snapshot *snapshot, const struct filing_query *query, struct text *out, struct fault *fault) MUST_USE;
