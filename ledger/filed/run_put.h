/* Writing a run: what an epoch adds, and with it the rows of the newest runs, as many of them as are not much larger,
 * so that there are never many. A program that only reads does not have this file (tests/linkage.py). */
#pragma once

#include "ledger/filed/runs.h"

struct run_writer;

/* Makes a file with the next free number in DIR/filed, and the folder too if it is not there. `filing` names the runs
 * that `runs` holds (borrowed, both). `bytes`: about how many will be put. E_IO, E_FULL, E_READ_ONLY. */
enum error run_writer_new(int dir_fd, const struct runs *runs, const struct store_filing *filing, uint64_t bytes,
	struct run_writer **out) MUST_USE;
/* Takes away the file unless it was finished and run_writer_keep was called. */
void run_writer_free(struct run_writer *writer);
OWN(run_writer, run_writer_free);

/* Takes over at most *rows rows of older runs with lower keys than this one (empty: all), and counts them off it;
 * *reached: none is left. Tables are written one after the other, in their order. E_CORRUPT: an older row is damaged.
 */
enum error run_writer_reach(
	struct run_writer *writer, enum run_table table, struct bytes key, size_t *rows, bool *reached) MUST_USE;
/* A row in place of an older one, or a new one, behind all older rows with lower keys. Keys ascend. */
enum error run_writer_put(
	struct run_writer *writer, enum run_table table, struct bytes key, struct bytes value) MUST_USE;
/* After the last row of the last table. */
enum error run_writer_finish(struct run_writer *writer) MUST_USE;
/* Waits until the disk has all of it. E_IO, E_FULL: it does not take it. */
enum error run_writer_sync(struct run_writer *writer) MUST_USE;
/* When it is synced: the runs that there are then. */
void run_writer_names(const struct run_writer *writer, struct store_filing *out);
/* The commit that names it begins: whether it stands is not known before it is over. */
void run_writer_keep(struct run_writer *writer);

/* Takes files away that no state names any more: neither the newest, nor one that a snapshot may still be of. */
struct run_sweep {
	size_t count;
	struct {
		uint64_t number;
		uint64_t unnamed; /* the commit under which it was seen first */
	} files[4 * RUNS_MAX];
};

/* `commit`: the newest. `oldest`: that of the oldest snapshot of anybody, 0: all are of the newest. `writing`: may be
 * NULL. What cannot be taken away is tried again. */
void run_sweep_files(struct run_sweep *sweep, int dir_fd, const struct store_filing *filing,
	const struct run_writer *writing, uint64_t commit, uint64_t oldest);
