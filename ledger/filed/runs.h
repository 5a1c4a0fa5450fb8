/* The runs that one state of the store names, read as if they were one table: of rows with the same key the newest
 * counts. spec/store.md */
#pragma once

#include "ledger/filed/run.h"

/* The open runs of a process, shared by all who read. Any thread. */
struct run_shelf;

/* `dir` holds the folder `filed`, which is opened when the first run is needed. */
enum error run_shelf_new(const char *dir, struct run_shelf **out) MUST_USE;
void run_shelf_free(struct run_shelf *shelf); /* when nobody reads any more */

/* All rows of a table, by key. Zeroed it is over nothing. */
struct runs_walk {
	size_t count;
	struct run_cursor cursors[RUNS_MAX];
	bool ended[RUNS_MAX];
	size_t at; /* the run whose row it is */
	struct bytes key;
	struct bytes value;
};

/* For one thread. Zeroed is a view of no run. */
struct runs {
	struct run_shelf *shelf;
	size_t count;
	const struct run *run[RUNS_MAX];     /* the oldest first */
	struct runs_walk tables[RUN_TABLES]; /* of runs_get and runs_seek */
};

/* All runs that `filing` names. E_CORRUPT: one is not there, or damaged. E_IO, E_NO_MEMORY. */
enum error runs_open(struct run_shelf *shelf, const struct store_filing *filing, struct runs *out) MUST_USE;
void runs_close(struct runs *runs);
/* E_NOT_FOUND; the value is borrowed until the next call for that table. Keys that ascend are found fastest. */
enum error runs_get(struct runs *runs, enum run_table table, struct bytes key, struct bytes *out) MUST_USE;
/* A walk from the first row at or after `key` on, faster than runs_walk_begin. Borrowed until the next call for that
 * table, and not to be ended. E_NOT_FOUND: there is none. */
enum error runs_seek(struct runs *runs, enum run_table table, struct bytes key, struct runs_walk **out) MUST_USE;

/* Beside runs_get, on cursors of its own: over the runs from number `first` of the view on (0: all), from the first row
 * at or after `key` (empty: all). E_NOT_FOUND: there is none. `out` is set whatever it returns. */
enum error runs_walk_begin(
	const struct runs *runs, enum run_table table, size_t first, struct bytes key, struct runs_walk *out) MUST_USE;
enum error runs_walk_next(struct runs_walk *walk) MUST_USE;
void runs_walk_end(struct runs_walk *walk);
#define OWNED_RUNS_WALK OWNED(runs_walk_end) struct runs_walk
