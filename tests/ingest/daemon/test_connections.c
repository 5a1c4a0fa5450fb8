/* Connections among others, on a clock of their own and with chance that is known: who gives way, and when. */
#include "ingest/daemon/server_state.h"
#include "ledger/base/clock.h"
#include "ledger/base/limits.h"
#include "tests/lib/fixture.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct fixture f;
static struct server *server;
static struct server_options options;
static uint64_t now_ms = 1000000;
static uint32_t chance; /* what is drawn next */
static unsigned draws;

/* The clock that nobody sets is the test's, also for libevent. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock == CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, clock, out);
	*out = (struct timespec){(time_t)(now_ms / 1000), (long)(now_ms % 1000) * 1000000};
	return 0;
}

uint32_t randombytes_uniform(const uint32_t upper)
{
	draws++;
	return upper < 2 ? 0 : chance % upper;
}

static void begin(unsigned connections_max)
{
	fixture_make(&f);
	options = (struct server_options){
		.frame_timeout_ms = 30000, .write_timeout_ms = 60000, .connections_max = connections_max};
	server = calloc(1, sizeof *server);
	server->options = &options;
	server->ledger = f.ledger;
	server->base = event_base_new();
	room_init(&server->room);
}

static void end(void)
{
	while (server->connections != NULL)
		connection_close(server->connections);
	door_free(server);
	event_base_free(server->base);
	free(server);
	fixture_remove(&f);
}

/* A connection that has not said its hello, from an address of its own; `*peer`: its other end. */
static struct connection *come(uint8_t address, int *peer)
{
	int ends[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	struct connection *c = connection_open(server, ends[0]);
	ck_assert_ptr_nonnull(c);
	c->address[0] = address;
	if (peer != NULL)
		*peer = ends[1];
	else
		close(ends[1]);
	return c;
}

/* ---- at the door ---- */

/* Nobody is drawn while there is place for all. */
static void enters(uint8_t address)
{
	struct connection *gives_way;
	struct connection *c = come(address, NULL);
	draws = 0;
	door_enter(c, &gives_way);
	ck_assert_ptr_null(gives_way);
	ck_assert_uint_eq(draws, 0);
}

/* FRM-28: where one has to give way, each that has not said its hello is it by one draw, and nobody else is. */
START_TEST(one_draw_picks_any)
{
	struct connection *gives_way;
	bool picked[64] = {false};
	begin(64); /* 16 may be there without a hello, 8 of one address */
	for (uint8_t i = 0; i < 16; i++)
		enters(i < 7 ? 100 : i);
	server->connections->session.state = SESSION_LOOKING;
	struct connection *looking = server->connections;
	struct connection *newest = come(99, NULL);
	for (chance = 0; chance < 15; chance++) {
		draws = 0;
		door_enter(newest, &gives_way);
		ck_assert_uint_eq(draws, 1);
		ck_assert_ptr_nonnull(gives_way);
		ck_assert(gives_way != newest && gives_way != looking && !picked[gives_way->id]);
		picked[gives_way->id] = true;
	}
	struct connection *eighth = come(100, NULL);
	newest = come(100, NULL);
	for (chance = 0; chance < 8; chance++) {
		draws = 0;
		door_enter(newest, &gives_way);
		ck_assert_uint_eq(draws, 1);
		ck_assert(gives_way != newest && gives_way->address[0] == 100);
		ck_assert(gives_way == eighth || picked[gives_way->id]);
		picked[gives_way->id] = false;
	}
	end();
}
END_TEST

/* ---- in front of all ---- */

static struct pool pools[5];
static struct claim others[31];
static struct claim waiting;

/* All of what is anybody's, but 512 KiB. */
static void fill(void)
{
	for (size_t i = 0; i < 5; i++)
		pool_init(&pools[i], SENDER_ROOM_BYTES_MAX);
	for (size_t i = 0; i < 31; i++) {
		others[i] = (struct claim){.own = &pools[i % 5]};
		ck_assert(room_claim(&server->room, &others[i], i < 30 ? BATCH_BYTES_MAX : BATCH_BYTES_MAX / 2));
	}
	waiting = (struct claim){.own = &pools[4]};
}

static struct connection *prove(uint32_t sender, int *peer)
{
	struct connection *gives_way;
	struct connection *c = come(1, peer);
	c->session.state = SESSION_OPEN;
	c->session.sender = sender;
	ck_assert(door_prove(c, &gives_way));
	connection_set_reading(c, true);
	return c;
}

static void bring(int peer, struct bytes bytes)
{
	ck_assert_int_eq(write(peer, bytes.data, bytes.len), (ssize_t)bytes.len);
	event_base_loop(server->base, EVLOOP_NONBLOCK);
}

/* 8 KiB a second, until it is ended. */
static void bring_for(const struct connection *c, int peer, unsigned ms)
{
	static const uint8_t bytes[PACE_STEP_BYTES];
	for (unsigned at = 0; at < ms && !c->ending; at += BEAT_MS) {
		now_ms += BEAT_MS;
		bring(peer, BYTES_ARRAY(bytes));
		connections_evict(server);
	}
}

/* A narrow line that has brought half of 1 MiB, and gets room for the rest: the last that there is. */
static struct connection *run(int *peer)
{
	uint8_t head[FRAME_HEAD_BYTES];
	struct writer w = writer_of(head, sizeof head);
	fill();
	struct connection *c = prove(7, peer);
	frame_head_encode(FRAME_BATCH, BATCH_BYTES_MAX, &w);
	bring(*peer, BYTES_ARRAY(head));
	bring_for(c, *peer, 64000);
	ck_assert_ptr_eq(server->room.all.front, &c->claim);
	ck_assert_uint_eq(c->claim.held, BATCH_BYTES_MAX);
	return c;
}

static void is_ended_after_ten_seconds(struct connection *c, int peer)
{
	bring_for(c, peer, 10000);
	ck_assert(!c->ending);
	bring_for(c, peer, 2 * BEAT_MS);
	ck_assert(c->ending);
	ck_assert_uint_eq(c->claim.held, 0);
	room_leave(&server->room, &waiting);
	close(peer);
	end();
}

/* FRM-20: however long a narrow line has brought its batch, it has ten seconds in front of those that wait. */
START_TEST(a_narrow_line_may_run_in_front)
{
	int peer;
	begin(64);
	struct connection *c = run(&peer);
	ck_assert(!room_claim(&server->room, &waiting, ROOM_STEP_BYTES));
	is_ended_after_ten_seconds(c, peer);
}
END_TEST

/* FRM-20: in front while nobody waits it is in nobody's way. */
START_TEST(who_keeps_nobody_waiting_may_stay_in_front)
{
	int peer;
	begin(64);
	struct connection *c = run(&peer);
	bring_for(c, peer, 30000);
	ck_assert(!room_claim(&server->room, &waiting, ROOM_STEP_BYTES));
	is_ended_after_ten_seconds(c, peer);
}
END_TEST

/* ---- limits a second ---- */

static void ask(int peer)
{
	uint8_t frame[FRAME_HEAD_BYTES];
	struct writer w = writer_of(frame, sizeof frame);
	frame_head_encode(FRAME_PING, 0, &w);
	bring(peer, BYTES_ARRAY(frame));
}

static bool is_answered(int peer)
{
	uint8_t frame[FRAME_HEAD_BYTES];
	event_base_loop(server->base, EVLOOP_NONBLOCK);
	return read(peer, frame, sizeof frame) == sizeof frame;
}

static void skip_challenge(int peer)
{
	uint8_t challenge[1024];
	event_base_loop(server->base, EVLOOP_NONBLOCK);
	ck_assert_int_gt(read(peer, challenge, sizeof challenge), 0);
}

/* FRM-30: who is ahead of its limit is not read from, on none of its connections, also new ones, until it has paid by
 * time; others are. */
START_TEST(who_is_ahead_of_its_limit_waits)
{
	static uint8_t body[5000];
	const struct job batch = {.kind = JOB_BATCH, .body = body, .body_bytes = sizeof body};
	int peers[4];
	begin(64);
	struct connection *c = prove(7, &peers[0]);
	struct connection *second = prove(7, &peers[1]);
	(void)prove(8, &peers[2]);
	for (unsigned i = 0; i < 3; i++)
		skip_challenge(peers[i]);
	rate_set(&c->share->rate, 0, 1000, clock_us());
	door_took(c, &batch);
	for (unsigned i = 0; i < 3; i++) {
		ask(peers[i]);
		ck_assert(is_answered(peers[i]) == (i == 2));
	}
	connection_close(c);
	connection_close(second);
	door_beat(server);
	c = prove(7, &peers[3]);
	rate_set(&c->share->rate, 0, 1000, clock_us());
	skip_challenge(peers[3]);
	ask(peers[3]);
	now_ms += 3999;
	connections_go_on(server);
	ck_assert(!is_answered(peers[3]));
	now_ms += 1;
	connections_go_on(server);
	ck_assert(is_answered(peers[3]));
	connection_close(c);
	now_ms += 1;
	door_beat(server);
	ck_assert_ptr_null(door_share(server, 7));
	for (unsigned i = 0; i < 4; i++)
		close(peers[i]);
	end();
}
END_TEST

UNIT_MAIN("connections", one_draw_picks_any, a_narrow_line_may_run_in_front, who_keeps_nobody_waiting_may_stay_in_front,
	who_is_ahead_of_its_limit_waits)
