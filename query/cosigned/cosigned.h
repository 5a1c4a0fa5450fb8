/* What the witnesses have given: files of `indsigt cosign` in a ledger's directory, and how the reading side uses them.
 * spec/witness.md
 *
 *   DIR/witnesses            the policy, written by hand (ledger/witness/door.h); without it nothing is witnessed
 *   DIR/cosigned/checkpoint  the newest checkpoint that reached the quorum, with all its cosignatures
 *   DIR/cosigned/state       JSON: how each witness is doing
 *
 * Both files under cosigned/ may be lost at any time; the next round of asking writes them anew. Nothing in them is
 * believed: the checkpoint is verified against the log's key, the policy and the store whenever it is used. */
#pragma once

#include "ledger/read/archive.h"
#include "query/cosigned/cosigning.h"

#include <jansson.h>

#define COSIGNED_DIR "cosigned"

/* ---- writing: `indsigt cosign` ---- */

/* Replaces the state file. */
enum error cosigned_write_state(
	int cosigned_fd, const struct witness_policy *policy, struct cosigning *cosigning) MUST_USE;
/* What is remembered of each witness, from the state file; what does not fit is left as it is, asking brings it back.
 */
void cosigned_read_state(int cosigned_fd, const struct witness_policy *policy, struct cosigning *cosigning);

/* ---- reading ---- */

struct cosigned {
	bool wanted;  /* there is a policy that asks for cosignatures */
	bool reached; /* and a checkpoint that fulfils it */
	struct quorum quorum;
	struct checkpoint checkpoint;
	size_t note_len;
	uint8_t note[NOTE_BYTES_MAX];
};

/* For the ledger of this snapshot. A policy that cannot be read, or a checkpoint that does not verify, is `wanted` and
 * not `reached`. */
void cosigned_read(struct snapshot *snapshot, struct cosigned *out);
/* Puts the snapshot under the newest witnessed checkpoint, if there is one that the store extends and the newest epoch
 * (if `epoch`) lies under. True if it did. */
bool cosigned_rest(struct snapshot *snapshot, bool epoch);
/* Does the log go on without its witnesses: is no checkpoint witnessed, or has the log grown beyond it for longer than
 * an epoch may lag? `since_s`: since when, as far as is known. */
bool cosigned_late(struct snapshot *snapshot, uint64_t now_s, uint64_t *since_s);

/* Witnesses see an epoch a moment after everybody else, and what is made in that moment would rest on the log's
 * signature alone. So whoever makes a statement first waits for them: not longer than COSIGNED_WAIT_MS after an epoch
 * was first met, no more once that was in vain until they are back, and of all threads only one. */
#define COSIGNED_WAIT_MS 1500u

struct cosigned_patience {
	bool busy;      /* somebody waits; the rest is theirs */
	bool in_vain;   /* since the witnesses last kept up */
	uint64_t epoch; /* log index of the epoch that is waited for */
	uint64_t until_ms;
};

/* Holds no snapshot while it waits. Any thread; `patience` begins as zeros. */
void cosigned_await(struct archive *archive, struct cosigned_patience *patience);

/* For coverage: null without a policy; {"reached", "size", "time", "age_seconds", "witnesses": [...]}. A new reference,
 * or NULL when out of memory. */
json_t *cosigned_json(struct snapshot *snapshot, uint64_t now_s);
