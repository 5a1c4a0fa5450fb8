/* The inside of a spool, shared by spool.c (what it does) and spool_open.c (how it is read, and rewritten). */
#pragma once

#include "ingest/spool/journal.h"
#include "ingest/spool/spool.h"

#define SPOOL_VERSION 5
#define SPOOL_VERSION_UNCOUNTED 4u             /* the same, where RECORD_REPLACED does not say how many there are */
#define SPOOL_VERSION_OTHER_COMMITMENTS 3u     /* the same as 4, with commitments that no ledger takes any more */
#define SPOOL_VERSION_SOURCELESS 2u            /* the same as 3, with terms that know nothing of a source */
#define SPOOL_VERSION_FIRST 1u                 /* whose waiting batches are read, and whose memory of messages is not */
#define SPOOL_SECRET_AT (4 + BATCH_HEAD_BYTES) /* in the body of a batch record */

/* Bodies of the journal's records. A batch record: body length (4) || body of the batch frame || input count (2) ||
 * names (range16 each) || message count (4) || times: input (2) || events (2) || number (8) || hash (8) || check (8;
 * version 1 has none). Terms: signer (32) || policy || source (range16;
 * version 2 has none). */
enum spool_record {
	RECORD_STATE = 1,    /* the first one: everything that is not a waiting batch */
	RECORD_BATCH = 2,    /* a batch waits */
	RECORD_KEPT = 3,     /* the same, copied from an older journal */
	RECORD_REPLACE = 4,  /* a batch that will wait when RECORD_REPLACED follows */
	RECORD_REPLACED = 5, /* first sequence (8) || how many (4; versions up to 4 have none) || terms, or nothing: waiting
						  * batches from there on are those of the records before */
	RECORD_ACKNOWLEDGED = 6, /* sequence (8) || note (range16) */
	RECORD_POLICY = 7,       /* encoded policy; version 1 */
	RECORD_START = 8,        /* sequence (8) */
	RECORD_TERMS = 9,        /* terms */
	RECORD_ASIDE = 10,       /* sequence (8): waiting batches below it are given up */
};

/* Invariants: acknowledged <= pending[0].head.first_sequence; pending batches follow each other without overlapping
 * and end at or before `next`; `bytes` is the sum of their bodies; `replacing` is empty but between RECORD_REPLACE
 * and RECORD_REPLACED; every secret in `wipes` belongs to a batch that waits no longer. A batch is sent only when
 * batches_end <= journal.synced. */
struct spool {
	int dir_fd;
	bool any; /* whosever it is, and none is made */
	uint32_t sender;
	char origin[ORIGIN_BYTES_MAX + 1];
	struct journal journal;
	struct remembered *remembered;
	struct key hash_key;
	bool piped_begun;       /* this run has read, or reads, from a pipe */
	bool piped_interrupted; /* under the salt of a run before, which did not come to its end */
	bool piped_noted;       /* the salt stands in the file */
	uint8_t piped[16];      /* the salt */
	uint64_t acknowledged;
	uint64_t next;
	uint16_t version; /* of the journal */
	bool was_old;
	bool damaged;
	bool has_terms;
	struct spool_terms terms;
	size_t note_len;
	uint8_t note[NOTE_BYTES_MAX];
	size_t state_bytes;     /* of the state record that the journal starts with */
	uint64_t rewrite_again; /* there was no room to rewrite the journal; not before it is so long */

	struct spool_pending pending[SPOOL_BATCHES_MAX]; /* a ring would save moves; receipts come in ticks, so */
	size_t count;                                    /* the front is dropped many at a time */
	size_t bytes;
	uint64_t batches_end; /* the journal's end after the newest batch */
	struct spool_pending replacing[SPOOL_BATCHES_MAX];
	size_t replacing_count;
	struct spool_pending moved[SPOOL_BATCHES_MAX]; /* while the journal is rewritten */
	/* records whose secrets must go once the acknowledgement is durable */
	uint64_t wipes[2 * SPOOL_BATCHES_MAX];
	size_t wipe_count;
	bool wiped; /* some were overwritten since the last sync */
};

/* spool_open.c: a fresh journal with the state and the waiting batches only. */
enum error spool_rewrite(struct spool *spool) MUST_USE;
/* spool.c: all below `sequence` is acknowledged: drops the waiting batches there, and remembers to wipe them; their
 * messages are kept, or forgotten.
 */
enum error spool_drop(struct spool *spool, uint64_t sequence, bool keep) MUST_USE;
/* spool.c: what stands behind the body in a batch record; one allocation, which `messages` starts. */
enum error spool_origin_decode(uint16_t version, struct bytes encoded, struct spool_batch *out) MUST_USE;
/* spool.c: appends the record of a batch, and says in `pending` where it is. */
enum error spool_put_record(struct journal *journal, enum spool_record type, const struct spool_batch *batch,
	struct spool_pending *pending) MUST_USE;
/* spool.c: the hashes of a batch's messages, for its pending entry. */
enum error spool_collect(const struct spool_batch *batch, struct spool_pending *pending) MUST_USE;
/* spool.c: puts the replacing batches in the place of the waiting ones from `i` on. */
enum error spool_swap(struct spool *spool, size_t i) MUST_USE;
/* spool.c: what a record does in memory, be it just appended or replayed. */
void spool_adopt_terms(struct spool *spool, const struct spool_terms *terms);
void spool_move_start(struct spool *spool, uint64_t sequence);
void spool_set_note(struct spool *spool, struct bytes note);
/* The batch waits behind all others. */
void spool_wait(struct spool *spool, const struct spool_pending *pending);
void spool_terms_encode(const struct spool_terms *terms, struct writer *out);
void spool_terms_decode(struct reader *in, uint16_t version, struct spool_terms *out);
