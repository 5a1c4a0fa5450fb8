/* Room for the bodies of batches, by what came of them: INFLIGHT_BYTES_MAX for all connections together, and of it
 * SENDER_ROOM_BYTES_MAX for those of one sender, until each batch is answered. It counts: no memory, no socket, no
 * clock.
 *
 *   a body begins ─► room_claim(first step) ─► bytes come ─► its room is full ─► room_claim(as much again) ─► ...
 *                          │ no                                    │ no
 *                          └──────────► in the line, and TCP slows the sender ◄──────────┘
 *
 * What is announced costs nothing. A body that has begun keeps what it has while it waits for more, so bodies could
 * wait for each other for ever. They do not: the last BATCH_BYTES_MAX of each pool are for one of them alone, the
 * front-runner, which can always go on until it is whole, is answered, and gives back all that it has; then the next
 * one is it. Who is in front of all is in front of its sender's too. A front-runner that is slow while others wait is
 * ended (FRM-20). The line is in the order in which they began to wait; who waits for its own sender's share keeps
 * nobody waiting. */
#pragma once

#include "ingest/daemon/limits.h"
#include <stdbool.h>
#include <stddef.h>

struct claim;

/* Invariant: bytes <= limit; bytes > limit - BATCH_BYTES_MAX only by what the front-runner claimed. */
struct pool {
	size_t bytes;
	size_t limit;
	struct claim *front; /* NULL: nobody has needed the last part */
};

/* What one body has and wants. */
struct claim {
	struct pool *own; /* its sender's */
	size_t held;
	size_t wanted; /* more, while it waits; else 0 */
	struct claim *next;
};

/* Invariant: unless `freed`, there is room for nobody in the line. */
struct room {
	struct pool all;
	struct claim *first;
	struct claim **last;
	bool freed;
};

void room_init(struct room *room);
void pool_init(struct pool *pool, size_t limit);
/* Takes `more` for this claim: at most BATCH_BYTES_MAX in all. False: it is in the line now. */
bool room_claim(struct room *room, struct claim *claim, size_t more);
/* The next one in the line that there is room for: it has what it wanted, and waits no longer. NULL: nobody. */
struct claim *room_next(struct room *room);
/* What it holds goes with its batch, to be given back by room_return; it is nobody's claim any more. */
size_t room_hand_over(struct room *room, struct claim *claim);
void room_return(struct room *room, struct pool *own, size_t bytes);
/* Gives back all that it holds and leaves the line. */
void room_leave(struct room *room, struct claim *claim);
/* Does somebody wait for what all share; does somebody of this sender wait for its own share? */
bool room_all_wait(const struct room *room);
bool room_own_wait(const struct room *room, const struct pool *own);
