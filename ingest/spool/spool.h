/* The spool: what a sender must not forget, in a directory of its own (0700) that one process holds (E_BUSY).
 *
 *   message ─► batch signed ─► spool_append ─► spool_sync ─► sent ─► receipt checked ─► spool_acknowledge ─► forgotten
 *
 * It holds the signed batches (with their secrets) from before their first send until their receipt has been checked,
 * the note of the last receipt's checkpoint, the terms that what waits was made under (the sender's policy and the key
 * that signed it), and which messages wait or are acknowledged, so that they are recognised when they come again. What
 * was refused is not remembered. Everything is in a journal (journal.h); what was acknowledged moves to files beside it
 * (remembered.h).
 *
 * A crash at any byte leaves the state before or after the record being written. What is lost is never more than what
 * was appended after the last spool_sync, and that was not sent. An acknowledgement that is lost makes the batch be
 * sent again: the ledger then repeats its receipt. The secret of an acknowledged batch is overwritten once the
 * acknowledgement is durable; its body stays in the journal until that is written anew.
 *
 * A full disk (E_FULL) loses nothing: the call is made again once there is room. After any other error of the file
 * system the spool is spent: every call fails, close it and open it again. */
#pragma once

#include "ingest/spool/remembered.h"
#include "ledger/event/batch.h"
#include "ledger/mandate/source.h"
#include "ledger/note/note.h"

#define SPOOL_NO_INPUT UINT64_MAX

struct spool;

/* What a message is recognised by: the hash of its content; or the hash of its events' id, and one of id and content
 * together. */
struct spool_identity {
	uint64_t hash;  /* 0: it is not remembered */
	uint64_t check; /* 0: it has no id */
};

/* One message of a batch, in the order of the batch's events. */
struct spool_message {
	uint64_t number; /* in its input, from 0; SPOOL_NO_INPUT: it came from no input */
	struct spool_identity identity;
	uint32_t input;  /* index into the names given beside */
	uint32_t events; /* that it became */
};

/* What waiting batches were made under. */
struct spool_terms {
	uint8_t signer[32]; /* public key */
	struct policy policy;
	struct source source; /* no batch depends on it: a message does, before it becomes one */
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
	uint32_t hash_count;
	uint64_t *hashes; /* of its messages' identities; the spool's own */
};

/* Opens or makes the spool directory `path` of this sender of this log. E_BUSY; E_WRONG_ORIGIN when it belongs to
 * another log or sender; E_CORRUPT, E_IO, E_FULL, E_NO_MEMORY. */
enum error spool_open(
	const char *path, const char *origin, uint32_t sender, struct spool **out, struct fault *fault) MUST_USE;
/* The same of a spool that is there, whosever it is: for looking at it. E_NOT_FOUND. */
enum error spool_open_any(const char *path, struct spool **out, struct fault *fault) MUST_USE;
/* Whose it is. */
const char *spool_origin(const struct spool *spool);
uint32_t spool_sender(const struct spool *spool);
/* Makes everything durable that can be, destroys the secrets of acknowledged batches, lets go of the lock. */
void spool_close(struct spool *spool);

/* ---- what is known ---- */

/* Sequences below `acknowledged` have a receipt; `next` is the first that no batch uses. */
uint64_t spool_acknowledged(const struct spool *spool);
uint64_t spool_next(const struct spool *spool);
/* The note of the last receipt's checkpoint; empty at the start. Borrowed until the next acknowledgement. */
struct bytes spool_note(const struct spool *spool);
/* NULL until they were set. */
const struct spool_terms *spool_terms(const struct spool *spool);
/* These hold from now on; what waits was made under them, or is in the log as it is. */
enum error spool_set_terms(struct spool *spool, const struct spool_terms *terms) MUST_USE;
/* True if it was written by the first version, whose memory of messages is not read. */
bool spool_was_old(const struct spool *spool);
/* True if a part of it could not be read on opening, and with it messages that waited, or were acknowledged. */
bool spool_damaged(const struct spool *spool);
/* New batches start at `sequence`, at or after spool_next: the ledger holds what is below. */
enum error spool_start_at(struct spool *spool, uint64_t sequence) MUST_USE;

/* ---- batches ---- */

/* Appends one batch, which starts at spool_next (else E_SEQUENCE_HOLE); not durable before spool_sync. E_TOO_MANY when
 * SPOOL_BATCHES_MAX batches wait, E_IO behind a spool_replace that no spool_replaced followed. Its messages must have
 * been counted with spool_remember. */
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
/* The same into memory of its own, which its owner wipes: it holds the batch secret. E_NOT_FOUND, E_NO_MEMORY. */
enum error spool_body(struct spool *spool, size_t i, struct own_secret *out) MUST_USE;
/* The messages of waiting batch `i`; the memory, one allocation that `messages` starts, is the caller's to free(). */
enum error spool_messages(struct spool *spool, size_t i, struct spool_batch *out) MUST_USE;

/* The oldest waiting batches below `sequence` have their receipts; `note` is the newest one's checkpoint. Their
 * messages stay remembered. */
enum error spool_acknowledge(struct spool *spool, uint64_t sequence, struct bytes note) MUST_USE;
/* Acknowledgements become durable, the secrets behind them are destroyed, and a large journal is rewritten. To
 * be called when there is time: it syncs. */
enum error spool_settle(struct spool *spool) MUST_USE;
bool spool_settled(const struct spool *spool);

/* Keeps a receipt for the oldest waiting batch that did not hold, in a file "bad-receipt-<sequence>" beside the
 * journal: evidence against the log. The first one for a sequence stays. */
enum error spool_keep_evidence(struct spool *spool, struct bytes receipt) MUST_USE;

/* Replaces the waiting batches from `i` on: spool_replace for each new one, in order (the first starts anywhere behind
 * batch `i - 1`), then spool_replaced puts them in the place of the old ones, with new terms unless `terms` is NULL:
 * one record, all or nothing, durable with the next spool_sync. Messages that are in no new batch are forgotten. */
enum error spool_replace(struct spool *spool, size_t i, const struct spool_batch *batch) MUST_USE;
enum error spool_replaced(struct spool *spool, size_t i, const struct spool_terms *terms) MUST_USE;
/* Takes the oldest waiting batch out, without a receipt: its messages are forgotten. */
enum error spool_set_aside(struct spool *spool) MUST_USE;

/* ---- messages ---- */

/* What stands for some parts together: keyed, so that a hash says nothing about the message. Never 0. */
uint64_t spool_hash(const struct spool *spool, const struct bytes *parts, size_t count);
/* A pipe begins: what it brings is remembered until the run has come to its end (spool_piped.c). `fresh`: whatever was
 * before. `interrupted`: a run before did not come to its end, and what it brought is met again. E_CORRUPT, E_IO, ...:
 * whether there was one cannot be told. */
enum error spool_piped_begin(struct spool *spool, bool fresh, bool *interrupted) MUST_USE;
/* Before anything of it is taken: this run may be interrupted. E_FULL, E_IO: that cannot be written down; in this run
 * all is well, the next one could not go on. */
enum error spool_piped_note(struct spool *spool) MUST_USE;
/* All that pipes brought has its receipt or was refused: equal messages later are others. */
enum error spool_piped_end(struct spool *spool) MUST_USE;
/* spool_hash of a message of a pipe, in this run. */
uint64_t spool_piped_hash(const struct spool *spool, struct bytes message);
/* Which messages wait or were acknowledged; an input's are counted there. */
struct remembered *spool_remembered(const struct spool *spool);
/* The message will be in a batch. E_NO_MEMORY: it is not remembered. */
enum error spool_remember(struct spool *spool, const struct spool_identity *identity) MUST_USE;
/* It will not be after all. */
void spool_remember_undo(struct spool *spool, const struct spool_identity *identity);
