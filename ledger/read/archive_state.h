/* What archive.c (opening, snapshots, finding, records) and the other archive_*.c share. Not for others. */
#pragma once

#include "ledger/base/file.h"
#include "ledger/filed/runs.h"
#include "ledger/keys/secrets.h"
#include "ledger/read/archive.h"
#include "ledger/read/limits.h"
#include "ledger/read/tail.h"

#include <pthread.h>

struct known_node {
	uint64_t index;
	uint32_t level;
	bool known;
	struct hash hash;
};

/* What snapshots have found out and later ones need not compute again: complete nodes never change, and a note whose
 * signature was checked stays good. */
struct memory {
	pthread_mutex_t mutex;
	struct known_node nodes[NODE_SLOTS];
	uint8_t note[NOTE_BYTES_MAX];
	size_t note_len;
	struct checkpoint checkpoint; /* of that note */
};

struct archive {
	char dir[PATH_BYTES_MAX];
	struct vkey vkey;
	struct db_env *store;
	struct secrets *secrets; /* NULL without keys */
	struct keystore *keystore;
	struct memory memory;
	struct tail *tail;
	struct run_shelf *shelf;
};

/* Invariant: `keys` was taken after `txn`, so it has every key that a record in `txn` needs. */
struct snapshot {
	struct archive *archive;
	struct db_txn txn;
	struct key_snapshot keys;
	struct store_state state;
	struct store_filing filing;
	struct runs runs; /* those that `filing` names, from when the first is needed: snapshot_runs */
	bool runs_open;
	struct losses losses;
	struct checkpoint checkpoint;
	struct bytes note;
	uint8_t *rest_note; /* owned, where the note is not the store's */
	struct record_buffer record;
	struct merkle_edges edges;    /* of the tree under `checkpoint` */
	struct hash tile[TILE_WIDTH]; /* that snapshot_tile gave last */
};
