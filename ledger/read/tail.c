/* What is kept covers [base, base + count) of the log, one place for each entry; places of one alias hang in a chain,
 * newest first, that begins in `heads`.
 *
 *   question ─► catch up with its snapshot ─► chain ─► those in the snapshot's own part
 *                 │ packs behind the end: opened, and kept
 *                 └ filed beyond half of what is kept: the front is dropped
 *
 * Snapshots of different moments ask at the same time. One that is older than what is kept just skips what came later.
 * Where one reaches back before `base` (it is older than the epoch that filed that, or everything is being filed
 * again), or the tail has grown beyond PLACES_MAX, that part is searched pack by pack, as if nothing were kept. A pack
 * that does not open ends every question that would need it: nothing is said to be nobody's. What a snapshot knows to
 * be lost is not found in it, though its pack was kept before. */
#include "ledger/read/tail.h"

#include "ledger/base/grow.h"
#include "ledger/base/thread.h"
#include "ledger/read/limits.h"

#include <assert.h>

#define PREFIX_BYTES 16 /* of an alias, which is a keyed hash: nobody can make two agree in so many */

#define CHAIN_END UINT32_MAX
#define NO_EVENT (UINT32_MAX - 1) /* a batch's own entry, say */

struct tail_place {
	uint8_t alias[PREFIX_BYTES];
	uint32_t older; /* place, CHAIN_END or NO_EVENT */
};

/* Invariant: every place below `count` that holds an event hangs in the chain of its alias, behind all newer ones. */
struct tail {
	pthread_mutex_t mutex;
	uint64_t base;
	uint32_t count;
	size_t capacity;
	struct tail_place *places;
	uint32_t head_count; /* a power of two; 0 at first */
	uint32_t *heads;
	struct alias_walk walk;
};

struct tail *tail_new(void)
{
	struct tail *tail = calloc(1, sizeof *tail);
	if (tail)
		pthread_mutex_init(&tail->mutex, NULL);
	return tail;
}

void tail_free(struct tail *tail)
{
	if (tail == NULL)
		return;
	pthread_mutex_destroy(&tail->mutex);
	free(tail->places);
	free(tail->heads);
	free(tail);
}

/* ---- chains ---- */

static uint32_t *head_of(const struct tail *tail, const uint8_t *alias)
{
	uint32_t bits;
	memcpy(&bits, alias, sizeof bits);
	return &tail->heads[bits & (tail->head_count - 1)];
}

static void hang(struct tail *tail, uint32_t at)
{
	struct tail_place *place = &tail->places[at];
	uint32_t *head = head_of(tail, place->alias);
	place->older = *head;
	*head = at;
}

static void hang_all(struct tail *tail)
{
	memset(tail->heads, 0xFF, tail->head_count * sizeof *tail->heads);
	for (uint32_t at = 0; at < tail->count; at++)
		if (tail->places[at].older != NO_EVENT)
			hang(tail, at);
}

/* Room for `count` places, and a head for each of them. */
static enum error make_room(struct tail *tail, uint32_t count)
{
	TRY(GROW(tail->places, tail->capacity, count));
	if (count <= tail->head_count)
		return E_OK;
	uint32_t head_count = tail->head_count ? tail->head_count : HEADS_MIN;
	while (head_count < count)
		head_count *= 2;
	uint32_t *heads = malloc(head_count * sizeof *heads);
	TRY(allocated(heads));
	free(tail->heads);
	tail->heads = heads;
	tail->head_count = head_count;
	hang_all(tail);
	return E_OK;
}

/* ---- keeping up ---- */

/* With its last place its memory goes too: a flood that is over takes no room. */
static void drop_all(struct tail *tail, uint64_t filed)
{
	free(tail->places);
	free(tail->heads);
	tail->places = NULL;
	tail->heads = NULL;
	tail->capacity = 0;
	tail->head_count = 0;
	tail->count = 0;
	tail->base = filed;
}

static void drop_front(struct tail *tail, uint64_t filed)
{
	uint32_t gone = (uint32_t)(filed - tail->base);
	tail->count -= gone;
	tail->base = filed;
	memmove(tail->places, tail->places + gone, tail->count * sizeof *tail->places);
	hang_all(tail);
}

static void add_none(struct tail *tail, uint32_t end)
{
	for (; tail->count < end; tail->count++)
		tail->places[tail->count].older = NO_EVENT;
}

static enum error keep_pack(struct tail *tail)
{
	const struct alias_walk *walk = &tail->walk;
	uint64_t end = walk->first_index + walk->count - tail->base;
	assert(walk->first_index >= tail->base + tail->count);
	if (end > PLACES_MAX)
		return E_NO_ROOM;
	TRY(make_room(tail, (uint32_t)end));
	add_none(tail, (uint32_t)(walk->first_index - tail->base));
	for (uint32_t i = 0; i < walk->count; i++) {
		memcpy(tail->places[tail->count].alias, walk->aliases[i].b, PREFIX_BYTES);
		hang(tail, tail->count++);
	}
	return E_OK;
}

static enum error keep_packs(struct tail *tail, uint64_t size)
{
	enum error error;
	while ((error = alias_walk_next(&tail->walk)) == E_OK && tail->walk.first_index < size)
		TRY(keep_pack(tail));
	return error == E_NOT_FOUND ? E_OK : error;
}

static enum error catch_up(struct tail *tail, const struct tail_view *view)
{
	if (view->filed > tail->base && view->filed >= tail->base + tail->count)
		drop_all(tail, view->filed);
	else if (view->filed > tail->base + tail->count / 2)
		drop_front(tail, view->filed);
	if (view->size <= tail->base + tail->count)
		return E_OK;
	TRY(alias_walk_begin(view->txn, view->keys, tail->base + tail->count, &tail->walk));
	enum error error = keep_packs(tail, view->size);
	alias_walk_end(&tail->walk);
	return error == E_NO_ROOM ? E_OK : error;
}

/* ---- finding ---- */

/* What is asked for, and where it goes. */
struct search {
	const struct alias *alias;
	uint64_t before;
	uint64_t *indexes;
	size_t max;
	size_t count;
};

/* A chain is newest first, so it is left at the first place that is filed. */
static void find_kept(const struct tail *tail, const struct tail_view *view, struct search *search)
{
	if (tail->head_count == 0)
		return;
	for (uint32_t at = *head_of(tail, search->alias->b); at != CHAIN_END; at = tail->places[at].older) {
		uint64_t index = tail->base + at;
		if (index < view->filed || search->count == search->max)
			return;
		if (index < search->before && memcmp(tail->places[at].alias, search->alias->b, PREFIX_BYTES) == 0 &&
			!losses_cover(view->losses, index))
			search->indexes[search->count++] = index;
	}
}

struct found {
	uint64_t *indexes; /* ascending */
	size_t count;
	size_t capacity;
};

static enum error scan_packs(struct tail *tail, uint64_t to, const struct alias *alias, struct found *found)
{
	const struct alias_walk *walk = &tail->walk;
	enum error error;
	while ((error = alias_walk_next(&tail->walk)) == E_OK && walk->first_index < to)
		for (uint32_t i = 0; i < walk->count && walk->first_index + i < to; i++) {
			if (memcmp(walk->aliases[i].b, alias->b, sizeof alias->b) != 0)
				continue;
			TRY(GROW(found->indexes, found->capacity, found->count + 1));
			found->indexes[found->count++] = walk->first_index + i;
		}
	return error == E_NOT_FOUND ? E_OK : error;
}

/* Pack by pack, what is not kept. */
static enum error scan(
	struct tail *tail, const struct tail_view *view, uint64_t from, uint64_t to, struct search *search)
{
	struct found found = {0};
	to = to < search->before ? to : search->before;
	if (from >= to || search->count == search->max)
		return E_OK;
	TRY(alias_walk_begin(view->txn, view->keys, from, &tail->walk));
	enum error error = scan_packs(tail, to, search->alias, &found);
	alias_walk_end(&tail->walk);
	for (size_t i = found.count; error == E_OK && i > 0 && search->count < search->max; i--)
		if (!losses_cover(view->losses, found.indexes[i - 1]))
			search->indexes[search->count++] = found.indexes[i - 1];
	free(found.indexes);
	return error;
}

/* What is newer than what is kept, then what is kept, then what is older: that is the order of the answer. */
static enum error find(struct tail *tail, const struct tail_view *view, struct search *search)
{
	enum error error = catch_up(tail, view);
	uint64_t end = tail->base + tail->count;
	if (error != E_OK && search->before > end)
		return error;
	TRY(scan(tail, view, end > view->filed ? end : view->filed, view->size, search));
	find_kept(tail, view, search);
	return scan(tail, view, view->filed, tail->base, search);
}

enum error tail_find(struct tail *tail, const struct tail_view *view, const struct alias *alias, uint64_t before,
	uint64_t *indexes, size_t max, size_t *count)
{
	struct search search = {
		.alias = alias, .before = before < view->size ? before : view->size, .indexes = indexes, .max = max};
	*count = 0;
	if (view->filed >= view->size)
		return E_OK;
	LOCKED(&tail->mutex);
	TRY(find(tail, view, &search));
	*count = search.count;
	return E_OK;
}
