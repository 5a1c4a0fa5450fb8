/* Who may read in somebody's place, by the grants that stand in the ledger. spec/roles.md
 *
 *   principal's list of grants ─► each event, newest first ─► what was revoked, and the newest word on each grant ─► in
 *   force now?
 *
 * Looked at again for each question, in the snapshot that answers it: a grant that was revoked a moment ago gives
 * nothing any more. Where something cannot be seen (what is erased, or of a sender that may not say so any more) there
 * is no grant. */
#pragma once

#include "ledger/read/archive.h"

/* In somebody's list: as many as a statement can prove, far more than any register says of one person, and looked
 * through in about a second. */
#define GRANT_EVENTS_MAX STATEMENT_EVENTS_MAX

/* The id of a grant by which `to` may read for `principal` at `now_s`; "": there is none. E_UNSEALED, E_CORRUPT,
 * E_TOO_LONG for a longer list. */
enum error grants_find(struct snapshot *snapshot, struct bytes principal, struct bytes to, uint64_t now_s,
	char out[GRANT_ID_BYTES_MAX + 1], struct fault *fault) MUST_USE;
