/* The log's side of witnessing, without sockets, files and clocks: whom to ask for which checkpoint, what an answer
 * means, and when the quorum is reached. spec/witness.md
 *
 * All witnesses are asked for the same checkpoint, the *target*: cosignatures of different checkpoints do not add up.
 * It stays the target until the quorum is reached or nobody is left to wait for; then the newest checkpoint of the log
 * takes its place, at most every COSIGNING_INTERVAL_MS. When there is no newer one, the same is asked for again every
 * `refresh_s`, so that who reads it sees that it is still the newest.
 *
 * Each witness for itself:
 *
 *   IDLE ──due, target not yet cosigned──► BUSY ──200, good line─────────► IDLE, done with this target
 *    ▲                                      │ 409 below our size───────────► IDLE, asked again at once (a few times)
 *    │                                      │ 409 up to what the log has───► IDLE until that is the target
 *    └──────── back-off, doubled ◄──────────┘ everything else
 *
 * A size that one of these 409 names is remembered.
 *
 * What a witness says is believed as far as it is signed. An answer that cannot be right (a bad line, a time far from
 * ours, a size over all that the log has) marks the witness, is shown to the operator, and is asked again after the
 * back-off: a witness that was wrong heals as one that was away does.
 *
 * A cosignature whose time is far from ours counts for nothing, so that one witness whose clock is wrong neither makes
 * statements look stale nor hides that the others have not answered for long. */
#pragma once

#include "ledger/witness/witness_policy.h"
#include "ledger/witness/witness_request.h"

#define COSIGNING_INTERVAL_MS 1000u
#define COSIGNING_URGENT_MS 200u
#define COSIGNING_BACKOFF_MS_FIRST 500u
#define COSIGNING_BACKOFF_MS_MAX 30000u
/* A cosignature's time may be so far from ours: well below the lag that a log allows its epochs, so that no quorum that
 * is reached makes an honest epoch stale (STM-16). */
#define COSIGNING_CLOCK_S 60u
#define COSIGNING_CONFLICTS_MAX 4u /* answers 409 in a row for one target, each with a larger size */

/* clang-format off */
#define COSIGNER_STATES(X) \
	/* code       name           alarm  what it means */ \
	X(NEW,        "not-asked",   false, "was not asked yet") \
	X(GOOD,       "cosigns",     false, "cosigns") \
	X(AWAY,       "unreachable", false, "cannot be reached, or answers too slowly or with an error of its own") \
	X(REFUSES,    "refuses",     true,  "does not know this log or its key, or does not understand what it is asked") \
	X(WRONG,      "wrong",       true,  "gives answers that cannot be right") \
	X(NEWER,      "newer",       false, "has cosigned a newer checkpoint than it was offered, which the log has too") \
	X(AHEAD,      "ahead",       true,  "says that it has seen more of this log than the log holds") \
	X(FORK,       "fork",        true,  "says that this log does not extend what it has seen of it")
/* clang-format on */

enum cosigner_state {
#define X(code, name, alarm, text) COSIGNER_##code,
	COSIGNER_STATES(X)
#undef X
		COSIGNER_STATE_COUNT
};

const char *cosigner_state_name(enum cosigner_state state);
const char *cosigner_state_text(enum cosigner_state state);
bool cosigner_state_alarms(enum cosigner_state state);

/* What is known about a witness; all of it may be forgotten, asking brings it back. */
struct cosigner {
	enum cosigner_state state;
	uint64_t size;          /* of the checkpoint that it has; 0: not known, or none */
	uint64_t cosigned_s;    /* time of its newest good cosignature; 0: none yet */
	uint64_t cosigned_size; /* and what was cosigned */
	uint32_t failures;      /* in a row */
	int status;             /* of the last HTTP answer; 0: none came */
	int64_t clock_ahead_s;  /* of its last answer, if its time made it wrong: how far its clock is ahead of ours */

	/* while it runs */
	bool busy;
	bool done;          /* has cosigned the target */
	uint32_t conflicts; /* 409 for the target so far */
	uint64_t due_ms;    /* not to be asked before */
	uint64_t asked_old;
	uint64_t asked_size;
	uint64_t asked_target; /* number of the target that it was asked for */
	size_t asked_text_len;
	char asked_text[CHECKPOINT_TEXT_MAX];
	size_t line_len; /* done: its line */
	char line[512];
};

struct cosigning;

/* `policy` is borrowed. E_NO_MEMORY. */
enum error cosigning_new(const struct witness_policy *policy, uint32_t refresh_s, struct cosigning **out) MUST_USE;
void cosigning_free(struct cosigning *cosigning);
struct cosigner *cosigning_witness(struct cosigning *cosigning, uint32_t index);

/* Tells the newest checkpoint of the log, with its note: it becomes the target if the time for that has come, a little
 * sooner if it is `urgent` (statements wait for it). `now_ms` is a clock that only goes forward. E_BAD_NOTE. */
enum error cosigning_offer(struct cosigning *cosigning, const struct checkpoint *checkpoint, struct bytes note,
	bool urgent, uint64_t now_ms) MUST_USE;
/* How many entries the log has, also those that are not offered yet: a witness that has seen up to so many has seen
 * nothing that the log has not. */
void cosigning_known(struct cosigning *cosigning, uint64_t size);
/* A witness that is to be asked now, for the target, with a proof from `*old_size` to `*size`; it is busy from here on.
 * False: nobody. The checkpoint to send is cosigning_target's. */
bool cosigning_next(struct cosigning *cosigning, uint64_t now_ms, uint32_t *index, uint64_t *old_size, uint64_t *size);
/* The log's note of the target, borrowed until the next offer. */
struct bytes cosigning_target(const struct cosigning *cosigning);
uint64_t cosigning_target_size(const struct cosigning *cosigning);
/* Milliseconds until cosigning_next may have something again, at most `most`. */
uint64_t cosigning_wait_ms(const struct cosigning *cosigning, uint64_t now_ms, uint64_t most);

/* The answer to a busy witness's request; `status` 0: none came. `now_s` is the time of day. True if its state has
 * changed, which is worth a line to the operator. */
bool cosigning_answer(
	struct cosigning *cosigning, uint32_t index, int status, struct bytes body, uint64_t now_ms, uint64_t now_s);

/* True when the quorum is reached for the target and a cosignature came since this was last true: then `out` gets the
 * whole note with all lines. E_NO_ROOM cannot happen with NOTE_BYTES_MAX bytes. */
bool cosigning_take(struct cosigning *cosigning, struct writer *out, struct quorum *quorum);
