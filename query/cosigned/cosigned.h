/* What the witnesses have given: files of `indsigt cosign` in a ledger's directory, and how the reading side uses them.
 * spec/witness.md
 *
 *   DIR/witnesses            the policy, written by hand (ledger/witness/door.h); without it nothing is witnessed
 *   DIR/cosigned/checkpoint  the newest checkpoint that reached the quorum, with all its cosignatures
 *   DIR/cosigned/state       JSON: how each witness is doing
 *
 * Both files under cosigned/ may be lost at any time; the next round of asking writes them anew. Nothing in them is
 * believed: the checkpoint is verified against the log's key and the policy before anything rests on it, and against
 * the store when it does.
 *
 * They change without a commit of the store: a cosignature arrives, somebody edits the policy. So whoever answers many
 * remembers what was read and verified, and asks the file system each time whether the three are still the same files
 * (file_mark): an answer costs three calls of stat, no open and no signature check, and shows what is new at once. */
#pragma once

#include "ledger/base/file.h"
#include "ledger/read/archive.h"
#include "query/cosigned/cosigning.h"

#include <jansson.h>
#include <pthread.h>

#ifndef JANSSON_THREAD_SAFE_REFCOUNT
#error "answers of several threads share what they hold: jansson must count references atomically"
#endif

#define COSIGNED_DIR "cosigned"

/* ---- writing: `indsigt cosign` ---- */

/* Replaces the state file. */
enum error cosigned_write_state(
	int cosigned_fd, const struct witness_policy *policy, struct cosigning *cosigning) MUST_USE;
/* What is remembered of each witness, from the state file; what does not fit is left as it is, asking brings it back.
 */
void cosigned_read_state(int cosigned_fd, const struct witness_policy *policy, struct cosigning *cosigning);

/* ---- reading ---- */

#define COSIGNED_FILES 3 /* that it is read from */

/* What was read, verified; never changed after, so any number of threads may share it. Each function below takes NULL
 * (no memory) for "nothing is known". */
struct cosigned {
	bool wanted; /* there is a policy that asks for cosignatures, or one that cannot be read */
	struct quorum quorum;
	struct checkpoint checkpoint; /* this and the note: only where the quorum is reached */
	size_t note_len;
	uint8_t note[NOTE_BYTES_MAX];
	json_t *witnesses; /* the state file's; NULL: none */
	struct file_mark marks[COSIGNED_FILES];
	uint32_t users;
};

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

/* Of one ledger, for as long as it is asked about. Begins as COSIGNED_MEMORY; any thread. */
struct cosigned_memory {
	pthread_mutex_t mutex;
	struct cosigned *newest;
	struct cosigned_patience patience;
};

#define COSIGNED_MEMORY                                    \
	(struct cosigned_memory)                               \
	{                                                      \
		.mutex = PTHREAD_MUTEX_INITIALIZER, .newest = NULL \
	}
void cosigned_memory_release(struct cosigned_memory *memory);

/* For this ledger, to be let go with cosigned_release. `memory` NULL: read anew. NULL: no memory. */
struct cosigned *cosigned_look(const struct archive *archive, struct cosigned_memory *memory);
void cosigned_end(struct cosigned *cosigned);
OWN(cosigned, cosigned_end);
/* Is there a checkpoint that fulfils the policy? Not one of a time to come, from before witnesses were judged by this
 * clock: it would say that the newest epoch is long out of date. */
bool cosigned_reached(const struct cosigned *cosigned, uint64_t now_s);
/* Puts the snapshot under the newest witnessed checkpoint, if there is one that the store extends and the newest epoch
 * (if `epoch`) lies under. True if it did. */
bool cosigned_rest(struct snapshot *snapshot, const struct cosigned *cosigned, uint64_t now_s, bool epoch);
/* Does the log go on without its witnesses: is no checkpoint witnessed, or has the log grown beyond it for longer than
 * an epoch may lag? `since_s`: since when, as far as is known. */
bool cosigned_late(const struct snapshot *snapshot, const struct cosigned *cosigned, uint64_t now_s, uint64_t *since_s);
/* Holds no snapshot while it waits, and takes none where no witnesses are wanted. Any thread. */
void cosigned_await(struct archive *archive, struct cosigned_memory *memory);

/* For coverage: null without a policy; {"reached", "size", "time", "age_seconds", "witnesses": [...]}. A new reference,
 * or NULL when out of memory. What it holds is shared: not to be changed. */
json_t *cosigned_json(const struct cosigned *cosigned, uint64_t now_s);
