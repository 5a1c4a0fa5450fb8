/* The inside of a spool, shared by spool.c (what it does) and spool_open.c (how it is read, and rewritten). */
#pragma once

#include "ingest/inputs.h"
#include "ingest/journal.h"
#include "ingest/spool.h"

#define SPOOL_VERSION 1
#define SPOOL_SECRET_AT (4 + BATCH_HEAD_BYTES) /* in the body of a batch record */

/* Bodies of the journal's records. A batch record: body length (4) || body of the batch frame || input count (2) ||
 * names (range16 each) || message count (4) || times: input (2) || events (2) || number (8) || hash (8). */
enum spool_record {
	RECORD_STATE = 1,        /* the first one: everything that is not a waiting batch */
	RECORD_BATCH = 2,        /* a batch waits, its messages are taken */
	RECORD_KEPT = 3,         /* a batch waits; the state knows its messages already */
	RECORD_REPLACE = 4,      /* a batch that will wait when RECORD_REPLACED follows */
	RECORD_REPLACED = 5,     /* first sequence (8): waiting batches from there on are the ones before this record */
	RECORD_ACKNOWLEDGED = 6, /* sequence (8) || note (range16) */
	RECORD_POLICY = 7,       /* encoded policy */
	RECORD_START = 8,        /* sequence (8) */
};

struct spool {
	int dir_fd;
	uint32_t sender;
	char origin[ORIGIN_BYTES_MAX + 1];
	struct journal journal;
	struct inputs *inputs;
	struct key hash_key;
	uint64_t acknowledged;
	uint64_t next;
	bool has_policy;
	struct policy policy;
	size_t note_len;
	uint8_t note[NOTE_BYTES_MAX];
	size_t state_bytes; /* of the state record that the journal starts with */

	struct spool_pending pending[SPOOL_BATCHES_MAX]; /* a ring would save moves; receipts come in ticks, so */
	size_t count;                                    /* the front is dropped many at a time */
	size_t bytes;
	uint64_t batches_end; /* the journal's end after the newest batch */
	struct spool_pending replacing[SPOOL_BATCHES_MAX];
	size_t replacing_count;
	/* records whose secrets must go once the acknowledgement is durable */
	uint64_t wipes[2 * SPOOL_BATCHES_MAX];
	size_t wipe_count;
	bool wiped; /* some were overwritten since the last sync */
};

/* spool_open.c: a fresh journal with the state and the waiting batches only. */
enum error spool_rewrite(struct spool *spool) MUST_USE;
/* spool.c: drops waiting batches below `sequence`, and remembers to wipe them. */
void spool_drop(struct spool *spool, uint64_t sequence);
/* spool.c: what stands behind the body in a batch record; one allocation, which `messages` starts. */
enum error spool_origin_decode(struct bytes encoded, struct spool_batch *out) MUST_USE;
/* spool.c: puts the messages of a batch on the lists of their inputs. */
enum error spool_remember(struct spool *spool, const struct spool_batch *batch) MUST_USE;
/* spool.c: puts the replacing batches in the place of the waiting ones from `i` on. */
void spool_swap(struct spool *spool, size_t i);
