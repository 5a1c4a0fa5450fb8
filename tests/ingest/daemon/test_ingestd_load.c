/* Senders that are slow, many, deaf or greedy, a store that was put back, and a daemon that is told to end. A steady
 * sender is acknowledged all the while. */
#include "ingest/wire/control_client.h"
#include "ledger/base/clock.h"
#include "ledger/read/status.h"
#include "tests/lib/ingestd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void head(struct peer *peer, size_t body_bytes, enum frame_type type)
{
	uint8_t bytes[FRAME_HEAD_BYTES];
	struct writer w = writer_of(bytes, sizeof bytes);
	frame_head_encode(type, body_bytes, &w);
	peer_put(peer, BYTES_ARRAY(bytes));
}

static struct bytes hostile_batch(uint64_t sequence, uint32_t count)
{
	static uint32_t subjects[BATCH_EVENTS_MAX];
	return fixture_batch(&hostile, sequence, subjects, count, 9);
}

/* FRM-19: one byte and then nothing, at every place of a frame; many at once. */
START_TEST(a_silent_frame_is_ended)
{
	static struct peer peers[120];
	size_t count = sizeof peers / sizeof peers[0];
	ingestd_begin((const char *[]){"--frame-timeout-ms", "200", NULL});
	for (size_t i = 0; i < count; i++) {
		if (i % 4 == 0) {
			peer_connect(&peers[i]); /* not even a byte */
		} else if (i % 4 == 1) {
			peer_connect(&peers[i]);
			peer_put(&peers[i], BYTES_LITERAL("\0"));
		} else {
			peer_open(&peers[i], HOSTILE, BYTES_EMPTY);
			if (i % 4 == 2)
				peer_put(&peers[i], BYTES_LITERAL("\0"));
			else
				head(&peers[i], 5000, FRAME_BATCH);
		}
	}
	for (size_t i = 0; i < count; i++) {
		peer_error(&peers[i], E_TIMEOUT, "200 ms");
		if (i % 10 == 0)
			steady_goes_on();
	}
	/* Between frames there is no hurry: a byte after the timeout of the steady one's last frame is still welcome. */
	struct peer idle;
	peer_open(&idle, HOSTILE, BYTES_EMPTY);
	struct peer late;
	peer_connect(&late);
	peer_error(&late, E_TIMEOUT, "200 ms");
	struct bytes batch = hostile_batch(idle.next, 1);
	peer_frame(&idle, FRAME_BATCH, batch);
	peer_receipt(&idle, batch);
	free_bytes(batch);
	peer_close(&idle);
	ingestd_end();
}
END_TEST

/* FRM-19: a byte now and then does not help. */
START_TEST(a_byte_now_and_then_does_not_help)
{
	struct peer peer;
	ingestd_begin((const char *[]){"--frame-timeout-ms", "300", NULL});
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	head(&peer, 5000, FRAME_BATCH);
	struct pollfd ended = {.fd = peer.fd, .events = POLLIN};
	unsigned sent = 0;
	for (; sent < 4000 && poll(&ended, 1, 20) == 0; sent++)
		peer_put(&peer, BYTES_LITERAL("x"));
	ck_assert_uint_lt(sent, 4000);
	peer_error(&peer, E_TIMEOUT, "300 ms");
	ingestd_end();
}
END_TEST

/* Sends a ninth of a frame now and then, so that the whole takes about `over_ms`. */
static void put_slowly(struct peer *peer, struct bytes batch, unsigned over_ms)
{
	size_t part = batch.len / 9 + 1;
	head(peer, batch.len, FRAME_BATCH);
	for (size_t at = 0; at < batch.len; at += part) {
		struct pollfd ended = {.fd = peer->fd, .events = POLLIN};
		ck_assert_msg(poll(&ended, 1, (int)over_ms / 9) == 0, "it is ended, or answered before it is whole");
		peer_put(peer, bytes_of(batch.data + at, batch.len - at < part ? batch.len - at : part));
	}
}

/* FRM-19: a line of 64 kbit/s brings a batch that takes many times the timeout, as long as it goes on coming. */
START_TEST(a_narrow_line_gets_through)
{
	struct peer peer;
	ingestd_begin((const char *[]){"--frame-timeout-ms", "400", NULL});
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	struct bytes batch = hostile_batch(peer.next, 60);
	ck_assert_uint_gt(batch.len, 8192);
	put_slowly(&peer, batch, 1600);
	peer_receipt(&peer, batch);
	free_bytes(batch);
	peer_close(&peer);
	ingestd_end();
}
END_TEST

static void begin_with_crowd(void)
{
	struct fault fault = {0};
	ingestd_make();
	ck_ok(ledger_open(f.dir, NULL, &f.ledger, &fault));
	for (uint32_t i = 0; i < CROWD_COUNT; i++)
		register_sender(CROWD + i, &crowd_senders[i]);
	ledger_close(f.ledger);
	f.ledger = NULL;
	ingestd_start(NULL);
	peer_open(&steady, STEADY, BYTES_EMPTY);
	steady_goes_on();
}

/* Announces a full batch, and sends as much of half of it as is taken. */
static void begin_greedily(struct peer *peer)
{
	static const uint8_t half[BATCH_BYTES_MAX / 2];
	head(peer, BATCH_BYTES_MAX, FRAME_BATCH);
	for (size_t at = 0; at < sizeof half;) {
		ssize_t n = send(peer->fd, half + at, sizeof half - at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

/* FRM-20: such a line also goes on while others wait for room. Those that begin, and send nothing more, do not. */
START_TEST(narrow_among_greedy)
{
	enum { EACH = 24, ALL = CROWD_COUNT * EACH }; /* sixteen halves of each sender fill what all share */
	static struct peer peers[ALL];
	struct peer slow_one;
	unsigned timeouts = 0;
	begin_with_crowd();
	peer_open(&slow_one, HOSTILE, BYTES_EMPTY);
	struct bytes batch = hostile_batch(slow_one.next, 120);
	ck_assert_uint_gt(batch.len, 3 * 8192);
	head(&slow_one, batch.len, FRAME_BATCH);
	peer_put(&slow_one, bytes_of(batch.data, 1000));
	for (size_t i = 0; i < ALL; i++)
		peer_open(&peers[i], CROWD + (uint32_t)(i % CROWD_COUNT), BYTES_EMPTY);
	for (size_t i = 0; i < ALL; i++)
		begin_greedily(&peers[i]);
	size_t at = 1000;
	for (; at < batch.len; at += 1200) {
		struct pollfd ended = {.fd = slow_one.fd, .events = POLLIN};
		ck_assert_msg(poll(&ended, 1, 150) == 0, "it is ended, or answered before it is whole");
		peer_put(&slow_one, bytes_of(batch.data + at, batch.len - at < 1200 ? batch.len - at : 1200));
	}
	peer_receipt(&slow_one, batch);
	for (size_t i = 0; i < ALL; i++) {
		struct pollfd ended = {.fd = peers[i].fd, .events = POLLIN};
		timeouts += poll(&ended, 1, 0) == 1;
		peer_close(&peers[i]);
	}
	ck_assert_uint_gt(timeouts, 0);
	free_bytes(batch);
	peer_close(&slow_one);
	ingestd_end();
}
END_TEST

/* FRM-18, FRM-21: a client that asks again and again and never reads. */
START_TEST(who_never_reads_is_closed)
{
	struct peer peer;
	ingestd_begin((const char *[]){"--write-timeout-ms", "500", NULL});
	peer_connect_small(&peer, 4096);
	peer_hello(&peer, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY);
	struct bytes batch = hostile_batch(0, 1);
	static uint8_t frames[BATCH_BYTES_MAX];
	struct writer w = writer_of(frames, sizeof frames);
	frame_head_encode(FRAME_BATCH, batch.len, &w);
	writer_bytes(&w, batch);
	struct bytes frame = bytes_of(frames, writer_len(&w));
	ck_ok(w.error);
	size_t at = 0;
	uint64_t sent = 0;
	for (;;) {
		struct pollfd ready = {.fd = peer.fd, .events = POLLOUT};
		ck_assert_msg(poll(&ready, 1, WAIT_MS) == 1, "the daemon neither reads nor closes");
		ssize_t n = send(peer.fd, frame.data + at, frame.len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			break;
		at = (at + (size_t)n) % frame.len;
		sent += (uint64_t)n;
		if (at == 0 && sent / frame.len % 1000 == 0)
			steady_goes_on();
	}
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	peer_close(&peer);
	/* What it sent was taken once. */
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	ck_assert_uint_eq(peer.next, 1);
	peer_close(&peer);
	free_bytes(batch);
	ingestd_end();
}
END_TEST

/* Sends the same batch again and again, and reads nothing, until the daemon does not read any more. */
static uint64_t stuff(struct peer *peer)
{
	uint64_t sent = 0;
	enum frame_type type;
	struct bytes batch = hostile_batch(0, 1);
	peer_connect_small(peer, 200000); /* several segments of the loopback: with less, TCP itself gets stuck */
	peer_hello(peer, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY);
	peer_read(peer, &type);
	ck_assert_int_eq((int)type, FRAME_WELCOME);
	for (struct pollfd ready = {.fd = peer->fd, .events = POLLOUT}; poll(&ready, 1, 1500) == 1; sent++) {
		ck_assert_msg((ready.revents & (POLLERR | POLLHUP)) == 0, "it was read from for ever, and then closed");
		peer_frame(peer, FRAME_BATCH, batch);
	}
	free_bytes(batch);
	return sent;
}

/* FRM-18: who does not read is not read from, but loses nothing: once it reads it gets every answer. */
START_TEST(who_reads_late_gets_every_answer)
{
	struct peer peer;
	enum frame_type type;
	ingestd_begin((const char *[]){"--write-timeout-ms", "3600000", NULL}); /* however slow this machine is */
	uint64_t sent = stuff(&peer);
	steady_goes_on();
	for (uint64_t i = 0; i < sent; i++) {
		peer_read(&peer, &type);
		ck_assert_int_eq((int)type, FRAME_RECEIPT);
	}
	peer_close(&peer);
	ingestd_end();
}
END_TEST

/* FRM-23: the limit is for all; room is made by one that ends. */
START_TEST(connections_have_a_limit)
{
	struct peer peers[4], extra;
	ingestd_begin((const char *[]){"--connections", "5", NULL});
	for (size_t i = 0; i < 4; i++) {
		peer_open(&peers[i], HOSTILE, BYTES_EMPTY);
		head(&peers[i], 5000, FRAME_BATCH);
	}
	steady_goes_on();                  /* so the heads are read */
	for (size_t i = 0; i < 200; i++) { /* more than are turned away at once */
		peer_connect(&extra);
		peer_error(&extra, E_TOO_MANY, "5 connections");
	}
	static struct peer crowd[100];
	for (size_t i = 0; i < 100; i++)
		peer_connect(&crowd[i]);
	steady_goes_on();
	for (size_t i = 0; i < 100; i++)
		peer_error(&crowd[i], E_TOO_MANY, "5 connections");
	shutdown(peers[0].fd, SHUT_WR);
	peer_ended(&peers[0]); /* the daemon has seen it */
	peer_open(&extra, HOSTILE, BYTES_EMPTY);
	peer_close(&extra);
	for (size_t i = 1; i < 4; i++)
		peer_close(&peers[i]);
	ingestd_end();
}
END_TEST

/* FRM-23: when all places are taken the sender that has most makes place for one that has fewer, if it proves who it
 * is; what is under way is not ended, and nobody makes place for its own. */
START_TEST(the_biggest_makes_place)
{
	struct peer peers[4], extra;
	enum frame_type type;
	ingestd_begin((const char *[]){"--connections", "5", NULL});
	for (size_t i = 0; i < 4; i++)
		peer_open(&peers[i], HOSTILE, BYTES_EMPTY);
	head(&peers[0], 5000, FRAME_BATCH);
	peer_open(&extra, STEADY, BYTES_EMPTY);
	peer_error(&peers[1], E_TOO_MANY, "all places are taken");
	peer_close(&extra);
	steady_goes_on();
	peer_open(&peers[1], HOSTILE, BYTES_EMPTY);
	peer_connect(&extra);
	peer_hello(&extra, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY);
	struct bytes body = peer_read(&extra, &type);
	ck_assert_int_eq((int)type, FRAME_ERROR);
	struct frame_error frame;
	ck_ok(frame_error_decode(body, &frame));
	ck_assert_int_eq((int)frame.error, E_TOO_MANY);
	text_holds(frame.text, "of all (5)");
	peer_close(&extra);
	for (size_t i = 0; i < 4; i++)
		peer_close(&peers[i]);
	ingestd_end();
}
END_TEST

/* FRM-29: who signs wrongly again and again is told to wait, in its own name alone. */
START_TEST(who_signs_wrongly_is_told_to_wait)
{
	struct peer peer;
	enum frame_type type;
	ingestd_begin(NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct bytes batch = hostile_batch(0, 1);
		peer_open(&peer, HOSTILE, BYTES_EMPTY);
		((uint8_t *)(uintptr_t)batch.data)[BATCH_SIGNATURE_AT] ^= 1;
		peer_frame(&peer, FRAME_BATCH, batch);
		if (i == 0) { /* the second time it does not stay to be told */
			peer_refusal(&peer, E_BAD_SIGNATURE, "");
			peer_error(&peer, E_CLOSED, "signature");
		} else {
			peer_close(&peer);
			steady_goes_on();
		}
		free_bytes(batch);
	}
	peer_connect(&peer);
	peer_hello(&peer, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY);
	struct bytes body = peer_read(&peer, &type);
	ck_assert_int_eq((int)type, FRAME_ERROR);
	struct frame_error frame;
	ck_ok(frame_error_decode(body, &frame));
	ck_assert_int_eq((int)frame.error, E_TOO_MANY);
	text_holds(frame.text, "it may come again in");
	peer_close(&peer);
	steady_goes_on();
	for (bool in = false; !in; peer_close(&peer)) { /* it is a second */
		peer_connect(&peer);
		peer_hello(&peer, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY);
		peer_read(&peer, &type);
		in = type == FRAME_WELCOME;
	}
	ingestd_end();
}
END_TEST

/* FRM-17, FRM-20: one sender that begins 40 batches of 1 MiB has room for half of sixteen of them. Others pass it, and
 * only its own connections are ended for the sake of those that wait behind it. */
START_TEST(a_greedy_sender_waits_for_itself)
{
	static struct peer peers[40];
	unsigned timeouts = 0;
	ingestd_begin(NULL);
	for (size_t i = 0; i < 40; i++) {
		peer_open(&peers[i], HOSTILE, BYTES_EMPTY);
		begin_greedily(&peers[i]);
	}
	steady_goes_on();
	struct pollfd first = {.fd = peers[0].fd, .events = POLLIN};
	ck_assert_int_eq(poll(&first, 1, WAIT_MS), 1); /* its timeout would be 30 seconds */
	for (size_t i = 0; i < 40; i++) {
		struct pollfd ended = {.fd = peers[i].fd, .events = POLLIN};
		if (poll(&ended, 1, 0) == 1) {
			peer_error(&peers[i], E_TIMEOUT, "too slowly");
			timeouts++;
		} else {
			peer_close(&peers[i]);
		}
	}
	ck_assert_uint_gt(timeouts, 0);
	ingestd_end();
}
END_TEST

/* Those that went away are noticed when they are read from: until then they count as this sender's. */
static void open_when_there_is_place(struct peer *peer)
{
	enum frame_type type = FRAME_ERROR;
	while (type != FRAME_WELCOME) {
		struct frame_error frame;
		peer_connect(peer);
		peer_hello(peer, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY);
		struct bytes body = peer_read(peer, &type);
		if (type == FRAME_WELCOME)
			break;
		ck_ok(frame_error_decode(body, &frame));
		ck_assert_int_eq((int)frame.error, E_TOO_MANY);
		peer_close(peer);
	}
}

/* FRM-17: room is given back on every way that a batch can take: refused, refused to nobody, cut. */
START_TEST(room_comes_back)
{
	static const uint8_t nonsense[BATCH_BYTES_MAX];
	struct peer peer;
	ingestd_begin(NULL);
	for (unsigned way = 0; way < 3; way++) {
		for (unsigned i = 0; i < 40; i++) {
			open_when_there_is_place(&peer);
			if (way == 2) {
				head(&peer, sizeof nonsense, FRAME_BATCH);
				peer_put(&peer, bytes_of(nonsense, sizeof nonsense / 2));
			} else {
				peer_frame(&peer, FRAME_BATCH, BYTES_ARRAY(nonsense));
			}
			if (way == 0)
				peer_refusal(&peer, E_BAD_VALUE, "head");
			peer_close(&peer);
		}
		steady_goes_on();
	}
	ingestd_end();
}
END_TEST

/* FRM-10, FRM-11, FRM-15, FRM-16: more than a window's worth in one go; one answer each, in order. */
START_TEST(a_pipeline_gets_one_answer_each)
{
	enum { COUNT = 200 };
	struct peer peer;
	struct bytes batches[COUNT];
	enum frame_type type;
	ingestd_begin(NULL);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	for (unsigned i = 0; i < COUNT; i++)
		batches[i] = hostile_batch(peer.next + i, 1);
	for (unsigned i = 0; i < COUNT; i++)
		peer_frame(&peer, FRAME_BATCH, batches[i]);
	peer_frame(&peer, FRAME_PING, BYTES_LITERAL("still there?"));
	steady_goes_on();
	uint64_t last = 0;
	bool ponged = false;
	for (unsigned i = 0; i < COUNT || !ponged;) {
		if (peer_next_type(&peer) == FRAME_PONG) {
			ck_assert(bytes_equal(peer_read(&peer, &type), BYTES_LITERAL("still there?")));
			ck_assert_uint_ge(i, COUNT - 64);
			ponged = true;
			continue;
		}
		struct receipt receipt = peer_receipt(&peer, batches[i]);
		ck_assert_uint_gt(receipt.first_index, last);
		last = receipt.first_index;
		free_bytes(batches[i++]);
	}
	peer_frame(&peer, FRAME_PING, BYTES_EMPTY);
	ck_assert_uint_eq(peer_read(&peer, &type).len, 0);
	ck_assert_int_eq((int)type, FRAME_PONG);
	static const uint8_t longest[64] = {1};
	peer_frame(&peer, FRAME_PING, BYTES_ARRAY(longest));
	ck_assert(bytes_equal(peer_read(&peer, &type), BYTES_ARRAY(longest)));
	peer_close(&peer);
	ingestd_end();
}
END_TEST

/* FRM-16: a window of large batches: the bytes hold the fifth back, not the count; none is lost. */
START_TEST(bytes_hold_back_large_batches)
{
	struct peer peer;
	struct bytes batches[10];
	ingestd_begin(NULL);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	uint64_t sequence = peer.next;
	for (unsigned i = 0; i < 10; i++) {
		batches[i] = hostile_batch(sequence, 4000);
		ck_assert_uint_gt(batches[i].len, BATCH_BYTES_MAX * 3 / 4);
		sequence += 4000;
	}
	pid_t writer = fork(); /* it blocks where the daemon does not read */
	if (writer == 0) {
		for (unsigned i = 0; i < 10; i++)
			peer_frame(&peer, FRAME_BATCH, batches[i]);
		_exit(0);
	}
	for (unsigned i = 0; i < 10; i++) {
		peer_receipt(&peer, batches[i]);
		free_bytes(batches[i]);
		steady_goes_on();
	}
	int status;
	ck_assert_int_eq(waitpid(writer, &status, 0), writer);
	ck_assert_int_eq(status, 0);
	peer_close(&peer);
	ingestd_end();
}
END_TEST

/* ---- ending ---- */

static uint64_t stored(uint32_t id)
{
	struct fault fault = {0};
	struct sender sender;
	ck_ok(ledger_open(f.dir, NULL, &f.ledger, &fault));
	ck_ok(ledger_sender(f.ledger, id, &sender));
	ledger_close(f.ledger);
	f.ledger = NULL;
	return sender.next_sequence;
}

/* FRM-24: SIGTERM with a window under way, most of it not even looked at: whatever is stored was answered, and
 * everybody is told. */
START_TEST(told_to_end)
{
	struct peer peer, half;
	struct bytes batches[64];
	ingestd_begin(NULL);
	peer_open(&half, HOSTILE, BYTES_EMPTY);
	head(&half, 5000, FRAME_BATCH);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	for (unsigned i = 0; i < 64; i++)
		batches[i] = hostile_batch(peer.next + i * 280, 280);
	for (unsigned i = 0; i < 64; i++)
		peer_frame(&peer, FRAME_BATCH, batches[i]);
	struct pollfd first = {.fd = peer.fd, .events = POLLIN};
	ck_assert_int_eq(poll(&first, 1, WAIT_MS), 1);
	ck_assert_int_eq(kill(daemon_pid, SIGTERM), 0);
	unsigned answered = 0;
	for (; peer_next_type(&peer) != FRAME_ERROR; answered++)
		peer_receipt(&peer, batches[answered]);
	peer_error(&peer, E_STOPPED, "stopping");
	peer_error(&half, E_STOPPED, "stopping");
	peer_error(&steady, E_STOPPED, "stopping");
	ingestd_ended(0);
	ck_assert_uint_gt(answered, 0);
	ck_assert_uint_eq(stored(HOSTILE), answered * 280);
	for (unsigned i = 0; i < 64; i++)
		free_bytes(batches[i]);
	place_remove(&f.place);
}
END_TEST

/* FRM-24: answers that wait for a slow reader are written out whole before the end. */
START_TEST(told_to_end_with_answers_waiting)
{
	struct peer peer;
	enum frame_type type = FRAME_RECEIPT;
	ingestd_begin(NULL);
	stuff(&peer);
	ck_assert_int_eq(kill(daemon_pid, SIGTERM), 0);
	while (peer_next_type(&peer) != FRAME_ERROR) {
		peer_read(&peer, &type);
		ck_assert_int_eq((int)type, FRAME_RECEIPT);
	}
	peer_error(&peer, E_STOPPED, "stopping");
	ingestd_ended(0);
	peer_close(&steady);
	place_remove(&f.place);
}
END_TEST

/* FRM-24: who has gone, or does not listen, does not keep the daemon from ending. */
START_TEST(told_to_end_among_the_deaf)
{
	struct peer silent, gone;
	ingestd_begin(NULL);
	peer_open(&silent, HOSTILE, BYTES_EMPTY);
	peer_open(&gone, HOSTILE, BYTES_EMPTY);
	peer_close(&gone);
	ck_assert_int_eq(kill(daemon_pid, SIGTERM), 0);
	ingestd_ended(0);
	peer_close(&silent);
	peer_close(&steady);
	place_remove(&f.place);
}
END_TEST

/* ---- an older store is put back ---- */

static void control_refuses(json_t *request)
{
	json_t *reply = NULL;
	struct fault fault = {0};
	ck_error(control_call(f.dir, request, NULL, &reply, &fault), E_ROLLED_BACK);
	json_decref(request);
}

/* A request to register sender 9. */
static json_t *registration(void)
{
	uint8_t buffer[2048];
	char text[4096];
	struct bytes encoded;
	struct entry entry = {.kind = ENTRY_SENDER,
		.sender = {.action = SENDER_REGISTER, .follows = FOLLOWS_NOTHING, .sender = 9, .policy = f.policy}};
	strcpy(entry.sender.org, "cvr:29190623");
	strcpy(entry.sender.name, "Region Midtjylland");
	memcpy(entry.sender.public_key, f.public_key, sizeof entry.sender.public_key);
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(entry_encode(&entry, &w));
	ck_ok(writer_done(&w, &encoded));
	sodium_bin2base64(text, sizeof text, encoded.data, encoded.len, sodium_base64_VARIANT_ORIGINAL);
	return json_pack("{s:s,s:s}", "do", "sender", "entry", text);
}

static void refused_hello(uint32_t sender, struct bytes checkpoint)
{
	struct peer peer;
	peer_connect(&peer);
	peer_hello(&peer, sender, FIXTURE_ORIGIN, checkpoint);
	peer_error(&peer, E_ROLLED_BACK, "does not extend");
}

static void await_health(enum status_reason reason, bool wanted)
{
	struct status status;
	do {
		sched_yield();
		ck_ok(status_read(f.dir, clock_ms(), &status));
	} while ((status.since_s[reason] != 0) != wanted);
}

/* FRM-8, and STO-31: what shows it is written as soon as that goes, without being shown again. */
START_TEST(an_older_store_stops_ingest)
{
	char path[256], blocked[256];
	uint8_t evidence[NOTE_BYTES_MAX];
	static struct peer old;
	struct peer peer;
	ingestd_begin(NULL);
	peer_close(&steady);
	ingestd_stop();
	shell("cp -a %s %s/older", f.dir, f.place.path);
	ingestd_start(NULL);
	peer_open(&steady, STEADY, BYTES_EMPTY);
	steady_goes_on();
	old = steady;
	struct bytes note = bytes_of(old.position.note, old.position.note_len);
	peer_close(&steady);
	ingestd_stop();
	shell("rm -rf %s && mv %s/older %s", f.dir, f.place.path, f.dir);

	/* Guard and store fit: only the sender can tell. */
	ingestd_start(NULL);
	peer_open(&steady, STEADY, BYTES_EMPTY);
	steady_goes_on();
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	snprintf(blocked, sizeof blocked, "%s/evidence", f.dir);
	close(open(blocked, O_WRONLY | O_CREAT | O_EXCL, 0600));
	refused_hello(STEADY, note);
	ck_assert(log_holds("ALARM: sender 1"));
	ck_assert(log_holds("ALARM: the evidence cannot be written"));
	await_health(STATUS_EVIDENCE, true);
	ck_assert_int_eq(unlink(blocked), 0);
	await_health(STATUS_EVIDENCE, false);
	await_health(STATUS_HALTED, true);
	snprintf(path, sizeof path, "%s/evidence/rolled-back-%" PRIu64 "-sender-1", f.dir, old.position.checkpoint.size);
	int fd = open(path, O_RDONLY);
	ck_assert_msg(fd >= 0, "%s", path);
	ssize_t len = read(fd, evidence, sizeof evidence);
	close(fd);
	ck_assert_int_ge(len, 0);
	ck_assert(bytes_equal(bytes_of(evidence, (size_t)len), note));

	/* Nothing is signed any more, whoever asks. */
	struct bytes batch = hostile_batch(0, 1);
	peer_frame(&peer, FRAME_BATCH, batch);
	peer_refusal(&peer, E_ROLLED_BACK, "does not extend");
	free_bytes(batch);
	batch = fixture_batch(&f, steady.next, (const uint32_t[]){1}, 1, 0);
	peer_frame(&steady, FRAME_BATCH, batch);
	peer_refusal(&steady, E_ROLLED_BACK, "does not extend");
	free_bytes(batch);
	refused_hello(STEADY, note);
	refused_hello(HOSTILE, BYTES_EMPTY);
	control_refuses(json_pack("{s:s}", "do", "epoch"));
	control_refuses(registration());
	peer_close(&peer);
	peer_close(&steady);
	ingestd_stop();
	place_remove(&f.place);
}
END_TEST

/* Of those at the door so many are told to go, whichever they are. */
static void one_is_told(struct peer *peers, bool *gone, size_t count, unsigned times)
{
	while (times > 0) {
		struct pollfd ready[16];
		for (size_t i = 0; i < count; i++)
			ready[i] = (struct pollfd){.fd = gone[i] ? -1 : peers[i].fd, .events = POLLIN};
		ck_assert_int_ge(poll(ready, count, WAIT_MS), 1);
		for (size_t i = 0; i < count && times > 0; i++)
			if (ready[i].revents != 0) {
				peer_error(&peers[i], E_TOO_MANY, "had not said its hello");
				gone[i] = true;
				times--;
			}
	}
}

/* FRM-28, FRM-19: strangers give way to newcomers, whichever chance picks, and never does one that has proven its key.
 * A ping before the hello is no reason to wait longer. */
START_TEST(strangers_give_way_to_newcomers)
{
	struct peer outside[9], peer;
	bool gone[9] = {false};
	enum frame_type type;
	size_t last = 0;
	ingestd_begin((const char *[]){"--connections", "16", "--frame-timeout-ms", "5000", NULL});
	for (size_t i = 0; i < 9; i++) {
		peer_connect(&outside[i]);
		peer_challenge(&outside[i]);
	}
	one_is_told(outside, gone, 9, 5);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	one_is_told(outside, gone, 9, 1);
	steady_goes_on();
	while (gone[last])
		last++;
	peer_frame(&outside[last], FRAME_PING, BYTES_LITERAL("\r\n\r\n"));
	ck_assert(bytes_equal(peer_read(&outside[last], &type), BYTES_LITERAL("\r\n\r\n")));
	for (size_t i = 0; i < 9; i++)
		if (!gone[i])
			peer_error(&outside[i], E_TIMEOUT, "5000 ms");
	peer_close(&peer);
	ingestd_end();
}
END_TEST

/* FRM-28: a sender has 64 connections; the oldest that is idle gives way, and one that works does not. */
START_TEST(a_sender_has_so_many_connections)
{
	static struct peer peers[64];
	struct peer more;
	ingestd_begin(NULL);
	for (size_t i = 0; i < 64; i++)
		peer_open(&peers[i], HOSTILE, BYTES_EMPTY);
	peer_open(&more, HOSTILE, BYTES_EMPTY);
	peer_error(&peers[0], E_TOO_MANY, "newer connections");
	for (size_t i = 1; i < 64; i++)
		head(&peers[i], 5000, FRAME_BATCH);
	head(&more, 5000, FRAME_BATCH);
	for (bool refused = false; !refused;) { /* the last heads may still be under way */
		enum frame_type type;
		peer_connect(&peers[0]);
		peer_hello(&peers[0], HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY);
		struct bytes body = peer_read(&peers[0], &type);
		struct frame_error frame;
		refused = type == FRAME_ERROR;
		if (refused) {
			ck_ok(frame_error_decode(body, &frame));
			ck_assert_int_eq((int)frame.error, E_TOO_MANY);
			text_holds(frame.text, "of this sender (64)");
		} else {
			head(&peers[0], 5000, FRAME_BATCH);
		}
		if (refused)
			peer_close(&peers[0]);
	}
	steady_goes_on();
	for (size_t i = 1; i < 64; i++)
		peer_close(&peers[i]);
	peer_close(&more);
	ingestd_end();
}
END_TEST

UNIT_MAIN("ingestd_load", a_silent_frame_is_ended, a_byte_now_and_then_does_not_help, a_narrow_line_gets_through,
	narrow_among_greedy, strangers_give_way_to_newcomers, a_sender_has_so_many_connections, who_never_reads_is_closed,
	who_reads_late_gets_every_answer, connections_have_a_limit, the_biggest_makes_place,
	who_signs_wrongly_is_told_to_wait, a_greedy_sender_waits_for_itself, room_comes_back,
	a_pipeline_gets_one_answer_each, bytes_hold_back_large_batches, told_to_end, told_to_end_with_answers_waiting,
	told_to_end_among_the_deaf, an_older_store_stops_ingest)
