/* The shelf keeps a run open for as long as somebody reads it or the state that was opened last names it: a snapshot
 * that is older finds what it names although the file is gone meanwhile, as it holds it since it was opened.
 *
 *   runs_open       each name: on the shelf? else open the file, without holding the shelf ─► close what nobody wants
 *   runs_get        from the newest run back, the first that has the key
 *   runs_seek       a walk on the cursors of runs_get
 *   runs_walk_next  the lowest key of all cursors; the newest run's row counts, the others step over theirs */
#include "ledger/filed/runs.h"

#include "ledger/base/thread.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>

/* Invariant: each run once; `wanted` those that the state that was opened last has named. */
struct shelf_place {
	struct run *run;
	unsigned readers;
	bool wanted;
};

#define SHELF_PLACES (4 * RUNS_MAX)

struct run_shelf {
	pthread_mutex_t mutex;
	int dir_fd; /* of the ledger */
	struct shelf_place places[SHELF_PLACES];
};

enum error run_shelf_new(const char *dir, struct run_shelf **out)
{
	struct run_shelf *shelf = calloc(1, sizeof *shelf);
	TRY(allocated(shelf));
	pthread_mutex_init(&shelf->mutex, NULL);
	shelf->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*out = shelf;
	return E_OK;
}

void run_shelf_free(struct run_shelf *shelf)
{
	if (shelf == NULL)
		return;
	for (size_t i = 0; i < SHELF_PLACES; i++)
		if (shelf->places[i].run != NULL)
			run_close(shelf->places[i].run);
	own_close(&shelf->dir_fd);
	pthread_mutex_destroy(&shelf->mutex);
	free(shelf);
}

/* ---- the shelf ---- */

static bool same_run(const struct run *run, const struct run_name *name)
{
	const struct run_name *own = run_name_of(run);
	return own->number == name->number && own->blocks == name->blocks && own->index == name->index &&
		   own->check == name->check;
}

/* Under the mutex. */
static const struct run *find_run(struct run_shelf *shelf, const struct run_name *name)
{
	for (size_t i = 0; i < SHELF_PLACES; i++) {
		struct shelf_place *place = &shelf->places[i];
		if (place->run != NULL && same_run(place->run, name)) {
			place->readers++;
			return place->run;
		}
	}
	return NULL;
}

/* Under the mutex: what nobody reads is closed if it is not wanted, or if there is no other place. */
static enum error put_run(struct run_shelf *shelf, struct run *run)
{
	struct shelf_place *free_place = NULL;
	for (size_t i = 0; i < SHELF_PLACES; i++) {
		struct shelf_place *place = &shelf->places[i];
		bool better = free_place == NULL || (free_place->run != NULL && place->run == NULL);
		if (place->readers == 0 && better)
			free_place = place;
	}
	if (free_place == NULL)
		return E_READERS;
	if (free_place->run != NULL)
		run_close(free_place->run);
	*free_place = (struct shelf_place){run, 1, false};
	return E_OK;
}

/* The file is read while the shelf is free for others: of two who open the same run the second takes the first one's.
 */
static enum error take_run(struct run_shelf *shelf, const struct run_name *name, const struct run **out)
{
	pthread_mutex_lock(&shelf->mutex);
	*out = find_run(shelf, name);
	pthread_mutex_unlock(&shelf->mutex);
	if (*out != NULL)
		return E_OK;
	OWNED(run_release) struct run *run = NULL;
	OWNED_FD folder = openat(shelf->dir_fd, RUN_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT ? E_CORRUPT : error_of_system(errno);
	TRY(run_open(folder, name, &run));
	LOCKED(&shelf->mutex);
	*out = find_run(shelf, name);
	if (*out != NULL)
		return E_OK;
	TRY(put_run(shelf, run));
	*out = OWN_TAKE(run);
	return E_OK;
}

static bool is_named(const struct store_filing *filing, const struct run *run)
{
	for (uint32_t i = 0; i < filing->run_count; i++)
		if (same_run(run, &filing->runs[i]))
			return true;
	return false;
}

/* By the state that was opened last, and not by the newest: numbers do not tell which that is, since they begin anew
 * when all is filed again. Where an older snapshot comes late the next one opens once more what it took away. */
static void tidy_shelf(struct run_shelf *shelf, const struct store_filing *filing)
{
	LOCKED(&shelf->mutex);
	for (size_t i = 0; i < SHELF_PLACES; i++) {
		struct shelf_place *place = &shelf->places[i];
		place->wanted = place->run != NULL && is_named(filing, place->run);
		if (place->run != NULL && !place->wanted && place->readers == 0) {
			run_close(place->run);
			place->run = NULL;
		}
	}
}

static void give_back(struct run_shelf *shelf, const struct run *run)
{
	LOCKED(&shelf->mutex);
	for (size_t i = 0; i < SHELF_PLACES; i++) {
		struct shelf_place *place = &shelf->places[i];
		if (place->run != run)
			continue;
		assert(place->readers > 0);
		if (--place->readers == 0 && !place->wanted) {
			run_close(place->run);
			place->run = NULL;
		}
		return;
	}
}

/* ---- a view ---- */

enum error runs_open(struct run_shelf *shelf, const struct store_filing *filing, struct runs *out)
{
	enum error error = E_OK;
	*out = (struct runs){.shelf = shelf};
	for (uint32_t i = 0; i < filing->run_count && error == E_OK; i++) {
		error = take_run(shelf, &filing->runs[i], &out->run[i]);
		out->count += error == E_OK;
	}
	if (error != E_OK) {
		runs_close(out);
		return error;
	}
	tidy_shelf(shelf, filing);
	for (size_t i = 0; i < out->count; i++)
		for (enum run_table table = 0; table < RUN_TABLES; table++)
			out->tables[table].cursors[i] = (struct run_cursor){.run = out->run[i], .table = table};
	for (enum run_table table = 0; table < RUN_TABLES; table++)
		out->tables[table].count = out->count;
	return E_OK;
}

void runs_close(struct runs *runs)
{
	for (enum run_table table = 0; table < RUN_TABLES; table++)
		runs_walk_end(&runs->tables[table]);
	for (size_t i = 0; i < runs->count; i++)
		give_back(runs->shelf, runs->run[i]);
	runs->count = 0;
}

static int order(struct bytes a, struct bytes b)
{
	return front_order(a.data, b.data, a.len);
}

enum error runs_get(struct runs *runs, enum run_table table, struct bytes key, struct bytes *out)
{
	for (size_t i = runs->count; i > 0; i--) {
		struct run_cursor *cursor = &runs->tables[table].cursors[i - 1];
		enum error error = run_seek(cursor, key);
		if (error == E_NOT_FOUND || (error == E_OK && order(cursor->key, key) != 0))
			continue;
		*out = cursor->value;
		return error;
	}
	return E_NOT_FOUND;
}

/* ---- a walk ---- */

/* Onto the lowest key; of several the newest run's. */
static enum error choose(struct runs_walk *walk)
{
	size_t best = walk->count;
	for (size_t i = walk->count; i > 0; i--)
		if (!walk->ended[i - 1] &&
			(best == walk->count || order(walk->cursors[i - 1].key, walk->cursors[best].key) < 0))
			best = i - 1;
	if (best == walk->count)
		return E_NOT_FOUND;
	walk->at = best;
	walk->key = walk->cursors[best].key;
	walk->value = walk->cursors[best].value;
	return E_OK;
}

static enum error note_end(struct runs_walk *walk, size_t i, enum error error)
{
	walk->ended[i] = error == E_NOT_FOUND;
	return error == E_NOT_FOUND ? E_OK : error;
}

static enum error seek(struct runs_walk *walk, struct bytes key)
{
	for (size_t i = 0; i < walk->count; i++)
		TRY(note_end(walk, i, run_seek(&walk->cursors[i], key)));
	return choose(walk);
}

enum error runs_walk_begin(
	const struct runs *runs, enum run_table table, size_t first, struct bytes key, struct runs_walk *out)
{
	*out = (struct runs_walk){.count = runs->count - first};
	for (size_t i = 0; i < out->count; i++)
		out->cursors[i] = (struct run_cursor){.run = runs->run[first + i], .table = table};
	return seek(out, key);
}

enum error runs_seek(struct runs *runs, enum run_table table, struct bytes key, struct runs_walk **out)
{
	*out = &runs->tables[table];
	return seek(*out, key);
}

/* The chosen row's own cursor goes last: its key is compared with the others'. */
enum error runs_walk_next(struct runs_walk *walk)
{
	size_t at = walk->at;
	for (size_t i = 0; i < walk->count; i++)
		if (i != at && !walk->ended[i] && order(walk->cursors[i].key, walk->key) == 0)
			TRY(note_end(walk, i, run_next(&walk->cursors[i])));
	TRY(note_end(walk, at, run_next(&walk->cursors[at])));
	return choose(walk);
}

void runs_walk_end(struct runs_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		run_cursor_end(&walk->cursors[i]);
	walk->count = 0;
}
