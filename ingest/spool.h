/* The spool: what a sender must not forget, in a directory of its own (0700) that one process holds (E_BUSY).
 *
 *   message ─► batch signed ─► spool_append ─► spool_sync ─► sent ─► receipt checked ─► spool_acknowledge ─► forgotten
 *
 * It holds the signed batches (with their secrets) from before their first send until their receipt has been checked,
 * the note of the last receipt's checkpoint, the sender's last known policy, and for each input which messages were
 * taken, so that a run on the same input goes on where the last one stopped. Everything is in a journal (journal.h);
 * lists of inputs that grow long move to files beside it (inputs.h).
 *
 * A crash at any byte leaves the state before or after the record being written. What is lost is never more than what
 * was appended after the last spool_sync, and that was not sent. An acknowledgement that is lost makes the batch be
 * sent again: the ledger then repeats its receipt. The secret of an acknowledged batch is overwritten once the
 * acknowledgement is durable.
 *
 * After an error of the file system the spool is spent: every call fails, close it and open it again. */
#pragma once

#include "ledger/batch.h"
#include "ledger/note.h"

#define SPOOL_BATCHES_MAX 4096u    /* that wait for their receipt */
#define SPOOL_BYTES_MAX 67108864u  /* their bodies: what piles up while the ledger cannot be reached */
#define SPOOL_NAME_BYTES_MAX 4096u /* of an input: a path */
#define SPOOL_NO_INPUT UINT64_MAX

struct spool;

/* One message of a batch, in the order of the batch's events. */
struct spool_message {
	uint64_t number; /* in its input, from 0; SPOOL_NO_INPUT: it came from no input and is not remembered */
	uint64_t hash;   /* spool_hash of its text */
	uint32_t input;  /* index into the names given beside */
	uint32_t events; /* that it became; 0: it was refused */
};

/* A batch and what it came from. */
struct spool_batch {
	struct bytes body; /* of a batch frame */
	const struct spool_message *messages;
	size_t message_count;
	const struct bytes *inputs; /* names */
	size_t input_count;
};

/* A waiting batch. */
struct spool_pending {
	struct batch_head head;
	uint32_t body_bytes;
	uint32_t record_bytes;
	uint64_t at; /* of its record */
	bool intact; /* its secret is there */
};

/* Opens or makes the spool directory `path` of this sender of this log. E_BUSY; E_WRONG_ORIGIN when it belongs to
 * another log or sender; E_CORRUPT, E_IO, E_FULL, E_NO_MEMORY. */
enum error spool_open(
	const char *path, const char *origin, uint32_t sender, struct spool **out, struct fault *fault) MUST_USE;
/* Makes everything durable that can be, destroys the secrets of acknowledged batches, lets go of the lock. */
void spool_close(struct spool *spool);

/* ---- what is known ---- */

/* Sequences below `acknowledged` have a receipt; `next` is the first that no batch uses. */
uint64_t spool_acknowledged(const struct spool *spool);
uint64_t spool_next(const struct spool *spool);
/* The note of the last receipt's checkpoint; empty at the start. Borrowed until the next acknowledgement. */
struct bytes spool_note(const struct spool *spool);
/* NULL until it was set. */
const struct policy *spool_policy(const struct spool *spool);
enum error spool_set_policy(struct spool *spool, const struct policy *policy) MUST_USE;
/* New batches start at `sequence`, at or after spool_next: the ledger holds what is below. */
enum error spool_start_at(struct spool *spool, uint64_t sequence) MUST_USE;

/* ---- batches ---- */

/* Appends one batch, which starts at spool_next (else E_SEQUENCE_HOLE); not durable before spool_sync. E_TOO_MANY when
 * SPOOL_BATCHES_MAX batches wait. A batch without events (body empty) only remembers its refused messages. */
enum error spool_append(struct spool *spool, const struct spool_batch *batch) MUST_USE;
enum error spool_sync(struct spool *spool) MUST_USE;
/* True if every waiting batch is durable: only then may it be sent. */
bool spool_synced(const struct spool *spool);

/* The waiting batches, oldest first. */
size_t spool_count(const struct spool *spool);
size_t spool_bytes(const struct spool *spool);
const struct spool_pending *spool_pending(const struct spool *spool, size_t i);
/* Reads the body of waiting batch `i`: body_bytes bytes. */
enum error spool_read(struct spool *spool, size_t i, uint8_t *out) MUST_USE;
/* The messages of waiting batch `i`; the memory, one allocation that `messages` starts, is the caller's to free(). */
enum error spool_messages(struct spool *spool, size_t i, struct spool_batch *out) MUST_USE;

/* The oldest waiting batches below `sequence` have their receipts; `note` is the newest one's checkpoint. */
enum error spool_acknowledge(struct spool *spool, uint64_t sequence, struct bytes note) MUST_USE;
/* Acknowledgements become durable, the secrets behind them are destroyed, and a large journal is rewritten. To
 * be called when there is time: it syncs. */
enum error spool_settle(struct spool *spool) MUST_USE;
bool spool_settled(const struct spool *spool);

/* Keeps a receipt for the oldest waiting batch that did not hold, in a file "bad-receipt-<sequence>" beside the
 * journal: evidence against the log. The first one for a sequence stays. */
enum error spool_keep_evidence(struct spool *spool, struct bytes receipt) MUST_USE;

/* Replaces the waiting batches from `i` on: spool_replace for each new one, in order (the first starts where batch
 * `i` did), then spool_replaced puts them in the place of the old ones, durable, all or nothing. A batch may have
 * no body when all its messages were refused. What the inputs remember stays. */
enum error spool_replace(struct spool *spool, size_t i, const struct spool_batch *batch) MUST_USE;
enum error spool_replaced(struct spool *spool, size_t i) MUST_USE;

/* ---- inputs ---- */

/* What stands for a text in a list: keyed, so that a list says nothing about the messages. */
uint64_t spool_hash(const struct spool *spool, struct bytes text);
/* True if message `number` of the input was taken before with this hash. */
enum error spool_taken(struct spool *spool, struct bytes input, uint64_t number, uint64_t hash, bool *out) MUST_USE;
/* Forgets what was taken from an input. */
void spool_forget(struct spool *spool, struct bytes input);
