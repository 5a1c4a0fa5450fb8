/* What the writer allows itself in time and memory. Nothing in the log or the store depends on these numbers: they may
 * change from version to version. Those that others rely on are in ledger/base/limits.h. */
#pragma once

#include "ledger/keystore/keystore_put.h"

/* ---- the guard ---- */

/* Each writing syncs; a guard that is a second behind is still far ahead of any copy of the store. */
#define GUARD_INTERVAL_MS 1000
/* How long one that cannot be written may lag before it is told of, and before nothing more is taken. */
#define GUARD_LAGS_MS (5 * GUARD_INTERVAL_MS)
#define GUARD_LATE_MS_MAX 60000

/* ---- looking after the files ---- */

/* A reader that keeps pages does so for seconds before it matters, and looking takes a lock of LMDB's. */
#define LOOK_MS 2000

/* ---- a slice of an epoch ---- */

/* A snapshot is taken for each, and keeps pages of the store from being used again; and a stop waits for it. */
#define SLICE_US 4000
#define LOAD_SLICE 16384   /* aliases opened */
#define LEAVES_SLICE 16384 /* hashed */
#define ROWS_SLICE 1024    /* of a run, between two looks at the clock */
/* What is worked out by several threads before the one that writes it needs it. */
#define GROUPS_AHEAD 8        /* of subjects (filing_subject.h) */
#define LEAVES_AHEAD 256      /* of the filing tree in one job, of as many */
#define FILING_WORKERS_MAX 4u /* the one that writes is one of them */
/* Ticks go between two of the writer's, each of which is a commit, so none may take much longer: a sender would wait.
 */
#define KEYS_SLICE 4096
#define TILES_SLICE 128 /* of 8 KB */
/* What an event adds to a run at most, mostly: it decides how many older runs are written anew with it. */
#define FILED_EVENT_BYTES 300

/* ---- memory ---- */

/* Sender entries stay far below, a genesis entry may hold a predecessor's checkpoint. */
#define ENTRY_BUFFER_BYTES 32768
/* Twice what one batch can need: the keys of a batch that failed after they were made go with the next. */
#define NEW_KEYS_BYTES_MAX (2 * BATCH_EVENTS_MAX * (NEW_SUBJECT_KEY_BYTES + NEW_PERIOD_KEY_BYTES))
