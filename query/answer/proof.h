/* The proof beside each event of an answer: what its reader needs to find it in the log. spec/http.md
 *
 *   disclosed, c_r ─► c_d ─┐
 *                   header ─┴► commitment = the entry's ─► leaf hash ─► inclusion ─► root of the checkpoint
 *
 * An open event comes with its disclosed part and c_r; a withheld or erased one with c_d in their place, and never with
 * c_r. The restricted part and the event's secret, which gives c_r, are here for who may read all of it, and for nobody
 * else. In JSON, bytes are base64 (RFC 4648 section 4, with padding). */
#pragma once

#include "ledger/read/archive.h"
#include "query/http/text.h"

/* {"index", "entry", "inclusion"} under the snapshot's checkpoint; without the index for the first entry, where there
 * is nothing to say of it. */
enum error included_write(struct text *text, const char *name, struct snapshot *snapshot, uint64_t index) MUST_USE;
/* "entry" and "inclusion" alone, into an object that is open. */
enum error included_members(struct text *text, struct snapshot *snapshot, uint64_t index) MUST_USE;

/* The event entry at `index`, borrowed from the store, and its record (snapshot_open_record). */
enum error proof_open(struct snapshot *snapshot, uint64_t index, struct bytes *entry, struct opened *opened) MUST_USE;
/* How much of an event's content is shown. */
enum shown { SHOWN_NOTHING, SHOWN_DISCLOSED, SHOWN_WHOLE };

/* "proof" for the event at `index`, as opened from the same snapshot. What the text and the snapshot give. */
enum error proof_write(struct text *text, struct snapshot *snapshot, uint64_t index, struct bytes entry,
	const struct opened *opened, enum shown shown) MUST_USE;

/* What a proof has shown. */
struct proven {
	uint64_t index;
	struct entry_event entry;
	struct event_header header;
	bool open;
	struct bytes disclosed;  /* when open */
	struct bytes restricted; /* when shown; else empty */
	bool whole;              /* both parts are all there is of it */
	uint8_t *memory;         /* what they point into */
};

/* Recomputes commitment, leaf and root under `checkpoint`, which the caller has checked. On success the caller calls
 * proven_release. E_BAD_VALUE: malformed; E_COMMITMENT, E_BAD_PROOF: does not hold; the fault says what. */
enum error proof_check(
	const json_t *proof, const struct checkpoint *checkpoint, struct proven *out, struct fault *fault) MUST_USE;
void proven_release(struct proven *proven);
