#include "ingest/daemon/room.h"
#include "ledger/base/limits.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

enum { SENDERS = 8, EACH = 24, COUNT = SENDERS * EACH, STORED = 64 };

/* Batches of many senders under way, as a naive server has them: each brings its bytes in steps, waits when it is told
 * to, is stored when it is whole, and is answered some time later. */
struct body {
	struct claim claim;
	size_t bytes;
	bool whole;
};

static struct room room;
static struct pool pools[SENDERS];
static struct body bodies[COUNT];

static struct {
	struct pool *own;
	size_t bytes;
} stored[STORED];
static unsigned stored_count;

static size_t held_by(const struct pool *pool)
{
	size_t held = 0;
	for (size_t i = 0; i < COUNT; i++)
		held += pool == NULL || bodies[i].claim.own == pool ? bodies[i].claim.held : 0;
	for (size_t i = 0; i < stored_count; i++)
		held += pool == NULL || stored[i].own == pool ? stored[i].bytes : 0;
	return held;
}

static void holds(void)
{
	ck_assert_uint_eq(room.all.bytes, held_by(NULL));
	ck_assert_uint_le(room.all.bytes, INFLIGHT_BYTES_MAX);
	for (size_t i = 0; i < SENDERS; i++) {
		ck_assert_uint_eq(pools[i].bytes, held_by(&pools[i]));
		ck_assert_uint_le(pools[i].bytes, SENDER_ROOM_BYTES_MAX);
	}
}

static void begin(size_t i, size_t bytes, size_t senders)
{
	bodies[i] = (struct body){.claim.own = &pools[i % senders], .bytes = bytes};
}

static void begin_all(void)
{
	room_init(&room);
	stored_count = 0;
	for (size_t i = 0; i < SENDERS; i++)
		pool_init(&pools[i], SENDER_ROOM_BYTES_MAX);
}

static void answer(void)
{
	if (stored_count == 0)
		return;
	size_t i = (size_t)rand() % stored_count;
	room_return(&room, stored[i].own, stored[i].bytes);
	stored[i] = stored[--stored_count];
}

/* Nobody is left in the line for whom there is room, also where the line was not gone through. */
static void let_in(void)
{
	while (room_next(&room) != NULL)
		continue;
	ck_assert(!room.freed);
	room.freed = true;
	ck_assert_ptr_null(room_next(&room));
}

/* Everything that this body has room for comes, and it asks for more. */
static void come(struct body *body)
{
	if (body->claim.own == NULL || body->claim.wanted > 0)
		return;
	if (body->claim.held == body->bytes) {
		if (stored_count == STORED)
			answer();
		struct pool *own = body->claim.own;
		stored[stored_count].own = own;
		stored[stored_count++].bytes = room_hand_over(&room, &body->claim);
		body->claim.own = NULL;
		body->whole = true;
		return;
	}
	size_t more = body->claim.held > 0 ? body->claim.held : ROOM_STEP_BYTES;
	size_t left = body->bytes - body->claim.held;
	(void)room_claim(&room, &body->claim, more < left ? more : left);
}

/* FRM-17: however they come, nobody holds more than there is, and all of them end. */
START_TEST(whatever_comes_everybody_ends)
{
	for (unsigned seed = 1; seed <= 40; seed++) {
		unsigned left = COUNT;
		srand(seed);
		begin_all();
		for (size_t i = 0; i < COUNT; i++)
			begin(i, seed % 2 == 0 ? BATCH_BYTES_MAX : 1 + (size_t)rand() % BATCH_BYTES_MAX,
				seed % 3 == 0 ? 5 : SENDERS); /* five fill what all share while their own is full, too */
		for (unsigned turn = 0; left > 0; turn++) {
			ck_assert_msg(turn < 200000, "seed %u: %u never end", seed, left);
			struct body *body = &bodies[(size_t)rand() % COUNT];
			bool was = body->whole;
			if (seed % 4 == 0 && rand() % 200 == 0 && body->claim.own != NULL) { /* it is cut, and begins anew */
				room_leave(&room, &body->claim);
				body->claim = (struct claim){.own = body->claim.own};
			} else {
				come(body);
			}
			left -= body->whole && !was;
			if (rand() % 8 == 0)
				answer();
			let_in();
			if (turn % 64 == 0)
				holds();
		}
		while (stored_count > 0)
			answer();
		holds();
		ck_assert_uint_eq(room.all.bytes, 0);
		ck_assert_ptr_null(room.first);
	}
}
END_TEST

/* What is announced costs nothing: a hundred that have sent nothing leave all the room to one that sends. */
START_TEST(what_is_announced_keeps_nobody_waiting)
{
	begin_all();
	for (size_t i = 0; i < COUNT; i++)
		begin(i, BATCH_BYTES_MAX, SENDERS);
	for (size_t i = 0; i < COUNT; i += SENDERS)
		ck_assert(room_claim(&room, &bodies[i].claim, ROOM_STEP_BYTES));
	ck_assert_uint_eq(room.all.bytes, EACH * ROOM_STEP_BYTES);
	while (!bodies[1].whole)
		come(&bodies[1]);
	ck_assert_uint_eq(stored[0].bytes, BATCH_BYTES_MAX);
}
END_TEST

/* Who waits for its own share keeps nobody waiting; of those who wait for what all share the first is first. */
START_TEST(the_line_is_in_order)
{
	begin_all();
	for (size_t i = 0; i < COUNT; i++)
		begin(i, BATCH_BYTES_MAX, SENDERS);
	for (size_t i = 0; i < 7; i++)
		ck_assert(room_claim(&room, &bodies[i * SENDERS].claim, BATCH_BYTES_MAX));
	ck_assert(!room_claim(&room, &bodies[7 * SENDERS].claim, ROOM_STEP_BYTES));
	ck_assert(room_own_wait(&room, &pools[0]));
	ck_assert(!room_all_wait(&room));
	for (size_t i = 0; i < 24; i++)
		ck_assert(room_claim(&room, &bodies[1 + i / 6 + i % 6 * SENDERS].claim, BATCH_BYTES_MAX));
	ck_assert_uint_eq(room.all.bytes, INFLIGHT_BYTES_MAX - BATCH_BYTES_MAX);
	ck_assert(!room_claim(&room, &bodies[5].claim, ROOM_STEP_BYTES));
	ck_assert(!room_claim(&room, &bodies[6].claim, ROOM_STEP_BYTES));
	ck_assert(room_all_wait(&room));
	ck_assert_ptr_null(room_next(&room));
	room_leave(&room, &bodies[1].claim);
	ck_assert_ptr_eq(room_next(&room), &bodies[5].claim);
	ck_assert_ptr_eq(room_next(&room), &bodies[6].claim);
	ck_assert_ptr_null(room_next(&room));
	room_leave(&room, &bodies[0].claim);
	ck_assert_ptr_eq(room_next(&room), &bodies[7 * SENDERS].claim);
}
END_TEST

/* FRM-17: who first waited for what all share, and now for its own sender's, since another of its sender's took that,
 * lets others pass: also a claim that is granted may make place in the line. */
START_TEST(who_comes_to_wait_for_its_own_lets_others_pass)
{
	enum { OTHERS = 32, MORE = 6 };
	struct claim others[OTHERS], first = {.own = &pools[0]}, second = {.own = &pools[5]};
	const size_t less[OTHERS] = {
		[5] = ROOM_STEP_BYTES, [MORE] = BATCH_BYTES_MAX - ROOM_STEP_BYTES, [OTHERS - 1] = 2 * ROOM_STEP_BYTES};
	begin_all();
	for (size_t i = 0; i < OTHERS; i++) {
		others[i] = (struct claim){.own = &pools[i <= MORE ? 0 : 1 + i % 4]};
		ck_assert(room_claim(&room, &others[i], BATCH_BYTES_MAX - less[i]));
	}
	ck_assert(!room_claim(&room, &first, BATCH_BYTES_MAX));
	ck_assert(!room_claim(&room, &second, ROOM_STEP_BYTES));
	ck_assert(room_all_wait(&room) && !room_own_wait(&room, &pools[0]));
	ck_assert_ptr_null(room_next(&room));
	ck_assert(room_claim(&room, &others[MORE], ROOM_STEP_BYTES));
	ck_assert(room_own_wait(&room, &pools[0]));
	ck_assert_ptr_eq(room_next(&room), &second);
}
END_TEST

UNIT_MAIN("room", whatever_comes_everybody_ends, what_is_announced_keeps_nobody_waiting, the_line_is_in_order,
	who_comes_to_wait_for_its_own_lets_others_pass)
