/* Whether a claim is granted is asked of both pools by the same rule, and all that is granted stays in both until it
 * is returned:
 *
 *   0 ─────────── anybody's ─────────── limit - BATCH_BYTES_MAX ─── the front-runner's ─── limit
 *
 * The line is gone through from its front. Who waits only for its own sender's share is stepped over; from the first
 * on that waits for what all share, only bodies that have begun pass, since they are what holds room. Nothing can
 * fail. */
#include "ingest/daemon/room.h"

#include "ledger/base/limits.h"

#include <assert.h>

void pool_init(struct pool *pool, size_t limit)
{
	*pool = (struct pool){.limit = limit};
}

void room_init(struct room *room)
{
	*room = (struct room){.first = NULL};
	room->last = &room->first;
	pool_init(&room->all, INFLIGHT_BYTES_MAX);
}

/* Whether the pool has `more` for this claim; `may_run`: also as its front-runner. Only a body that has begun may be
 * that: one that has not can wait without keeping anything. */
static bool has(const struct pool *pool, const struct claim *claim, size_t more, bool may_run)
{
	if (pool->bytes + more <= pool->limit - BATCH_BYTES_MAX)
		return true;
	bool runs = pool->front == claim || (pool->front == NULL && claim->held > 0 && may_run);
	return runs && pool->bytes + more <= pool->limit;
}

static bool own_has(const struct claim *claim, size_t more)
{
	return has(claim->own, claim, more, true);
}

/* Whoever runs in front of all is in front of its own as well, or the two would wait for each other. */
static bool all_has(const struct room *room, const struct claim *claim, size_t more)
{
	return has(&room->all, claim, more, claim->own->front == NULL || claim->own->front == claim);
}

static bool runs(const struct pool *pool, size_t more)
{
	return pool->bytes + more > pool->limit - BATCH_BYTES_MAX;
}

/* The only place where bytes are taken, so the two pools cannot drift apart. */
static void grant(struct room *room, struct claim *claim, size_t more)
{
	if (runs(&room->all, more))
		room->all.front = claim->own->front = claim;
	if (runs(claim->own, more))
		claim->own->front = claim;
	claim->own->bytes += more;
	room->all.bytes += more;
	claim->held += more;
	claim->wanted = 0;
	room->freed = true; /* who waited for all before it may wait for its own share now, and lets others pass */
	assert(claim->own->bytes <= claim->own->limit && room->all.bytes <= room->all.limit);
	assert(claim->held <= BATCH_BYTES_MAX);
}

bool room_all_wait(const struct room *room)
{
	for (const struct claim *claim = room->first; claim != NULL; claim = claim->next)
		if (own_has(claim, claim->wanted))
			return true;
	return false;
}

bool room_own_wait(const struct room *room, const struct pool *own)
{
	for (const struct claim *claim = room->first; claim != NULL; claim = claim->next)
		if (claim->own == own && !own_has(claim, claim->wanted))
			return true;
	return false;
}

/* A body that has begun passes those who wait for theirs to begin: the sooner it is whole. */
bool room_claim(struct room *room, struct claim *claim, size_t more)
{
	assert(claim->wanted == 0 && more > 0);
	bool passes = claim->held > 0 || !room_all_wait(room);
	if (passes && own_has(claim, more) && all_has(room, claim, more)) {
		grant(room, claim, more);
		return true;
	}
	claim->wanted = more;
	claim->next = NULL;
	*room->last = claim;
	room->last = &claim->next;
	return false;
}

static void unlink_claim(struct room *room, struct claim *claim)
{
	struct claim **link = &room->first;
	while (*link != claim)
		link = &(*link)->next;
	*link = claim->next;
	if (room->last == &claim->next)
		room->last = link;
	room->freed = true;
}

struct claim *room_next(struct room *room)
{
	bool behind = false; /* somebody who came first waits for what all share */
	if (!room->freed)
		return NULL;
	for (struct claim *claim = room->first; claim != NULL; claim = claim->next) {
		if (!own_has(claim, claim->wanted))
			continue;
		if (all_has(room, claim, claim->wanted) && (!behind || claim->held > 0)) {
			unlink_claim(room, claim);
			grant(room, claim, claim->wanted);
			return claim;
		}
		behind = true;
	}
	room->freed = false;
	return NULL;
}

static void forget(struct room *room, struct pool *pool, const struct claim *claim)
{
	if (pool->front != claim)
		return;
	pool->front = NULL;
	room->freed = true;
}

/* The bytes stay in both pools until the batch is answered; the claim may be used for the next one. */
size_t room_hand_over(struct room *room, struct claim *claim)
{
	size_t held = claim->held;
	assert(claim->wanted == 0);
	claim->held = 0;
	if (claim->own != NULL)
		forget(room, claim->own, claim);
	forget(room, &room->all, claim);
	return held;
}

void room_return(struct room *room, struct pool *own, size_t bytes)
{
	assert(own->bytes >= bytes && room->all.bytes >= bytes);
	own->bytes -= bytes;
	room->all.bytes -= bytes;
	room->freed |= bytes > 0;
}

void room_leave(struct room *room, struct claim *claim)
{
	if (claim->wanted > 0)
		unlink_claim(room, claim);
	claim->wanted = 0;
	if (claim->own != NULL)
		room_return(room, claim->own, room_hand_over(room, claim));
}
