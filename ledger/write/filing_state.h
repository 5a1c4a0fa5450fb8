/* Inside of an epoch: what filing.c (which drives it), filing_load.c and filing_steps.c (which do the work) share. Not
 * for others.
 *
 * Steps that only read are for whichever thread has the epoch, beside ticks: they look at the epoch, at snapshots of
 * the environments, and at what of the ledger never changes while it is open (secrets, name). What a tick may change
 * meanwhile the epoch has a copy of. All others are the writer's. */
#pragma once

#include "ledger/db/hash_rows_put.h"
#include "ledger/filed/aliases.h"
#include "ledger/filed/map_put.h"
#include "ledger/jobs/jobs.h"
#include "ledger/store/records.h"
#include "ledger/write/damage.h"
#include "ledger/write/filing_subject.h"
#include "ledger/write/limits.h"

#define FILING_BUCKETS 256

struct bucket {
	struct filing *filings;
	size_t count;
	size_t capacity;
};

/* Leaves of the filing tree, made ahead of the one that appends them. */
struct leaves {
	uint64_t first; /* log index */
	size_t count;   /* of log indexes */
	bool there[LEAVES_AHEAD];
	struct hash hashes[LEAVES_AHEAD]; /* of those that are there */
};

enum epoch_step {
	EPOCH_LOAD,
	EPOCH_MEND, /* the writer's, and then loading goes on */
	EPOCH_RUN,  /* the writer's */
	EPOCH_MERGE,
	EPOCH_LEAVES,
	EPOCH_MAP,
	EPOCH_SYNC,
	EPOCH_KEYS, /* the writer's from here on */
	EPOCH_TILES,
	EPOCH_FINISH,
};

/* Invariant: buckets before next_bucket are empty and freed; next_filing is never behind next_met, nor that behind the
 * end of its bucket; what lies between the two is in `groups`. Each filing and leaf is done once, in this order, so
 * where an epoch stands is these two and next_index. Nobody sees the run before the last step has committed its name.
 */
struct epoch {
	/* As they were when it began. */
	struct store_filing before;
	struct losses losses;
	struct hash map_root;
	bool map_root_signed; /* an epoch entry says that root; else nobody does */
	uint32_t events_max;

	enum epoch_step step;
	enum error failed; /* of a slice beside ticks: the writer is to give the epoch up */
	struct fault why;
	uint64_t target;   /* m: event entries from what is filed up to here are merged */
	uint64_t loaded;   /* load goes on here */
	size_t total;      /* event entries loaded */
	uint64_t keys_to;  /* key ids below are merged */
	uint64_t position; /* in the filing tree, of the next pack */
	uint64_t mended;   /* where a pack was made again last, in `loaded` + 1 */
	struct damage damage;
	struct bucket events[FILING_BUCKETS];
	struct bucket keys[FILING_BUCKETS];
	size_t next_bucket;
	size_t next_filing; /* in that bucket */
	size_t next_met;

	struct subject_secrets secrets;
	struct jobs *groups;         /* subjects that were met, worked out by several threads; NULL: none was met yet */
	struct subject_group *group; /* the oldest, while it is written; NULL: none is */

	/* The subjects met, and for the log indexes [base, base + span) which of them: UINT32_MAX for none. */
	struct map_change *subjects; /* room for as many as there are events */
	uint32_t subject_count;
	uint64_t base;
	uint64_t span;
	uint32_t *subject_of;
	uint64_t next_index; /* leaves of the filing tree go on here */
	uint64_t next_ahead; /* and are asked for from here on */
	const struct key *blinding;
	struct jobs *leaf_jobs;   /* NULL: none was asked for yet */
	struct hash_rows *leaves; /* the filing tree */

	struct runs runs;          /* what is filed so far */
	struct run_writer *writer; /* what this epoch makes of it */
	struct map_update *map;
	struct record_buffer record;
	struct alias_walk walk; /* large */
};

/* One slice of each step, for SLICE_US or so; moves `step` on when the step is complete. */
enum error epoch_load_slice(const struct ledger *ledger, struct epoch *epoch) MUST_USE;
enum error epoch_mend(struct ledger *ledger, struct epoch *epoch) MUST_USE;
enum error epoch_begin_run(const struct ledger *ledger, struct epoch *epoch) MUST_USE;
enum error epoch_merge_slice(const struct ledger *ledger, struct epoch *epoch, struct fault *fault) MUST_USE;
enum error epoch_leaves_slice(const struct ledger *ledger, struct epoch *epoch) MUST_USE;
enum error epoch_map_slice(struct epoch *epoch) MUST_USE;
enum error epoch_sync(struct epoch *epoch) MUST_USE;
enum error epoch_keys_slice(struct ledger *ledger, struct epoch *epoch) MUST_USE;
enum error epoch_tiles_slice(struct ledger *ledger, struct epoch *epoch) MUST_USE;
void epoch_jobs_free(struct epoch *epoch);
enum error epoch_bucket_add(struct bucket *buckets, const struct alias *alias, uint64_t number) MUST_USE;
void bucket_free(struct bucket *bucket);
/* E_CORRUPT of something derived gets a text that says what to do; other errors stay as they are. */
enum error epoch_refuse_damage(struct fault *fault, enum error error, const char *what) MUST_USE;
