#include "ingest/wire/client_session.h"
#include "ledger/base/domain.h"
#include "ledger/note/note_sign.h"
#include "tests/lib/unit.h"

#include <string.h>

#define ORIGIN "log.example/2026"
#define SENDER 3u

static uint8_t log_secret[64];
static uint8_t sender_public[32];
static uint8_t sender_secret[64];
static struct vkey log_key;
static struct client_session session;
static struct client_answer answer;
static uint8_t buffer[65536];

static void begin(struct bytes note)
{
	uint8_t public_key[32];
	crypto_sign_keypair(public_key, log_secret);
	crypto_sign_keypair(sender_public, sender_secret);
	ck_ok(vkey_make(ORIGIN, NOTE_KEY_ED25519, public_key, &log_key));
	ck_ok(client_session_init(&session, &log_key, SENDER, note));
}

/* ---- frames of a ledger ---- */

/* The body of a whole frame. */
static struct bytes body_of(const struct writer *w, enum error error)
{
	struct bytes frame;
	ck_ok(error);
	ck_ok(writer_done(w, &frame));
	return bytes_of(frame.data + FRAME_HEAD_BYTES, frame.len - FRAME_HEAD_BYTES);
}

static struct bytes welcome_body(uint32_t batches, uint32_t bytes)
{
	struct writer w = writer_of(buffer, sizeof buffer);
	struct frame_welcome welcome = {.version = PROTOCOL_VERSION,
		.next_sequence = 5,
		.ledger_time_s = 1,
		.batch_events_max = 10,
		.batch_bytes_max = 1000,
		.window_batches = batches,
		.window_bytes = bytes};
	policy_default(&welcome.policy);
	uint8_t message[WELCOME_MESSAGE_MAX + 64];
	struct writer m = writer_of(message, sizeof message);
	writer_bytes(&m, BYTES_LITERAL(DOMAIN_WELCOME));
	welcome_message(&session.challenge, session.nonce, SENDER, &welcome, &m);
	crypto_sign_detached(welcome.signature, NULL, message, writer_len(&m), log_secret);
	return body_of(&w, frame_welcome_encode(&welcome, &w));
}

static struct bytes challenge_body(const char *origin, const uint8_t key[32])
{
	struct writer w = writer_of(buffer, sizeof buffer);
	struct frame_challenge frame = {.version = PROTOCOL_VERSION, .origin = bytes_text(origin)};
	memcpy(frame.log_key, key, 32);
	memset(frame.nonce, 9, sizeof frame.nonce);
	return body_of(&w, frame_challenge_encode(&frame, &w));
}

static struct bytes refusal_body(uint64_t first, enum error error, uint32_t event)
{
	struct writer w = writer_of(buffer, sizeof buffer);
	struct frame_refusal refusal = {first, first, error, event, BYTES_LITERAL("because")};
	return body_of(&w, frame_refusal_encode(&refusal, &w));
}

static struct bytes error_body(enum error error)
{
	struct writer w = writer_of(buffer, sizeof buffer);
	struct frame_error frame = {error, BYTES_LITERAL("over")};
	return body_of(&w, frame_error_encode(&frame, &w));
}

/* A log of one event and its batch entry is enough for a true receipt. */
static struct bytes receipt_body(const struct batch_head *head)
{
	static uint8_t note_buffer[1024];
	uint8_t entry_buffer[ENTRY_BATCH_BYTES];
	struct entry entry = {.kind = ENTRY_BATCH};
	entry.batch = (struct entry_batch){head->sender, head->first_sequence, head->count, head->filing_checked, {0}};
	memcpy(entry.batch.signature, head->signature, 64);
	struct writer e = writer_of(entry_buffer, sizeof entry_buffer);
	struct writer n = writer_of(note_buffer, sizeof note_buffer);
	struct bytes encoded;
	struct hash leaves[2];
	ck_ok(entry_encode(&entry, &e));
	ck_ok(writer_done(&e, &encoded));
	merkle_leaf_hash(BYTES_LITERAL("event"), &leaves[0]);
	merkle_leaf_hash(encoded, &leaves[1]);
	struct checkpoint checkpoint = {.origin = ORIGIN, .size = 2};
	merkle_root_of_leaves(leaves, 2, &checkpoint.root);
	/* The interior hash over two leaf hashes is the root of a tree of two. */
	ck_ok(checkpoint_sign(&checkpoint, &log_key, log_secret, &n));
	struct receipt receipt = {.first_sequence = head->first_sequence, .count = head->count};
	receipt.inclusion.count = 1;
	receipt.inclusion.hashes[0] = leaves[0];
	ck_ok(writer_done(&n, &receipt.checkpoint));
	struct writer w = writer_of(buffer, sizeof buffer);
	struct bytes body;
	ck_ok(receipt_encode(&receipt, &w));
	ck_ok(writer_done(&w, &body));
	return body;
}

static struct batch_head head_of(uint64_t first)
{
	struct batch_head head = {.kind = BATCH_EVENT, .sender = SENDER, .first_sequence = first, .count = 1};
	memset(head.signature, (int)first, sizeof head.signature);
	return head;
}

static void send_batch(uint64_t first, uint32_t bytes)
{
	struct batch_head head = head_of(first);
	ck_assert(client_session_may_send(&session, bytes));
	client_session_sent(&session, &head, bytes);
}

static enum error take(enum frame_type type, struct bytes body)
{
	struct fault fault = {0};
	return client_session_receive(&session, type, body, 0, &answer, &fault);
}

/* Into a state, with `flight` batches on their way. */
static void reach(enum client_state state, unsigned flight)
{
	uint8_t hello[512];
	struct writer w = writer_of(hello, sizeof hello);
	ck_ok(client_session_init(&session, &log_key, SENDER, BYTES_EMPTY));
	client_session_start(&session, 0);
	if (state == CLIENT_CONNECTED)
		return;
	ck_ok(take(FRAME_CHALLENGE, challenge_body(ORIGIN, log_key.public_key)));
	ck_assert_int_eq((int)answer.meaning, CLIENT_CHALLENGED);
	ck_ok(client_session_hello(&session, sender_secret, &w));
	if (state == CLIENT_GREETED)
		return;
	ck_ok(take(FRAME_WELCOME, welcome_body(8, 4000)));
	session.slow = 8; /* as after seven receipts */
	for (unsigned i = 0; i < flight + (state == CLIENT_DRAINING); i++)
		send_batch(i, 10);
	if (state == CLIENT_DRAINING)
		ck_ok(take(FRAME_REFUSAL, refusal_body(0, E_BAD_VALUE, 0)));
	ck_assert_int_eq((int)session.state, (int)state);
	ck_assert_uint_eq(session.flight_count, flight);
}

/* ---- the table of client_session.h ---- */

START_TEST(every_frame_in_every_state)
{
	static const struct {
		enum client_state state;
		unsigned flight;
		enum frame_type type;
		enum error error;
		enum client_meaning meaning;
		enum client_state next;
	} rows[] = {
		{CLIENT_CONNECTED, 0, FRAME_CHALLENGE, E_OK, CLIENT_CHALLENGED, CLIENT_CONNECTED},
		{CLIENT_CONNECTED, 0, FRAME_WELCOME, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_CONNECTED, 0, FRAME_RECEIPT, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_CONNECTED, 0, FRAME_REFUSAL, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_CONNECTED, 0, FRAME_PING, E_OK, CLIENT_PING, CLIENT_CONNECTED},
		{CLIENT_CONNECTED, 0, FRAME_PONG, E_OK, CLIENT_NOTHING, CLIENT_CONNECTED},
		{CLIENT_CONNECTED, 0, FRAME_ERROR, E_OK, CLIENT_ENDED, CLIENT_CLOSED},
		{CLIENT_CONNECTED, 0, FRAME_HELLO, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_GREETED, 0, FRAME_CHALLENGE, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_OPEN, 0, FRAME_CHALLENGE, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_DRAINING, 2, FRAME_CHALLENGE, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_GREETED, 0, FRAME_WELCOME, E_OK, CLIENT_WELCOMED, CLIENT_OPEN},
		{CLIENT_GREETED, 0, FRAME_RECEIPT, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_GREETED, 0, FRAME_REFUSAL, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_GREETED, 0, FRAME_PING, E_OK, CLIENT_PING, CLIENT_GREETED},
		{CLIENT_GREETED, 0, FRAME_PONG, E_OK, CLIENT_NOTHING, CLIENT_GREETED},
		{CLIENT_GREETED, 0, FRAME_ERROR, E_OK, CLIENT_ENDED, CLIENT_CLOSED},
		{CLIENT_GREETED, 0, FRAME_HELLO, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_GREETED, 0, FRAME_BATCH, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_OPEN, 0, FRAME_WELCOME, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_OPEN, 0, FRAME_RECEIPT, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_OPEN, 0, FRAME_REFUSAL, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_OPEN, 1, FRAME_RECEIPT, E_OK, CLIENT_RECEIPT, CLIENT_OPEN},
		{CLIENT_OPEN, 2, FRAME_RECEIPT, E_OK, CLIENT_RECEIPT, CLIENT_OPEN},
		{CLIENT_OPEN, 1, FRAME_REFUSAL, E_OK, CLIENT_REFUSED, CLIENT_OPEN},
		{CLIENT_OPEN, 2, FRAME_REFUSAL, E_OK, CLIENT_REFUSED, CLIENT_DRAINING},
		{CLIENT_OPEN, 1, FRAME_PING, E_OK, CLIENT_PING, CLIENT_OPEN},
		{CLIENT_OPEN, 1, FRAME_PONG, E_OK, CLIENT_NOTHING, CLIENT_OPEN},
		{CLIENT_OPEN, 1, FRAME_ERROR, E_OK, CLIENT_ENDED, CLIENT_CLOSED},
		{CLIENT_DRAINING, 2, FRAME_WELCOME, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_DRAINING, 2, FRAME_RECEIPT, E_FRAME_TYPE, CLIENT_NOTHING, CLIENT_CLOSED},
		{CLIENT_DRAINING, 2, FRAME_REFUSAL, E_OK, CLIENT_NOTHING, CLIENT_DRAINING},
		{CLIENT_DRAINING, 1, FRAME_REFUSAL, E_OK, CLIENT_NOTHING, CLIENT_OPEN},
		{CLIENT_DRAINING, 1, FRAME_PING, E_OK, CLIENT_PING, CLIENT_DRAINING},
		{CLIENT_DRAINING, 1, FRAME_ERROR, E_OK, CLIENT_ENDED, CLIENT_CLOSED},
	};
	begin(BYTES_EMPTY);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		reach(rows[i].state, rows[i].flight);
		uint64_t oldest = rows[i].state == CLIENT_DRAINING;
		struct batch_head head = head_of(oldest);
		struct bytes body = BYTES_LITERAL("ping");
		if (rows[i].type == FRAME_WELCOME)
			body = welcome_body(8, 4000);
		else if (rows[i].type == FRAME_CHALLENGE)
			body = challenge_body(ORIGIN, log_key.public_key);
		else if (rows[i].type == FRAME_RECEIPT)
			body = receipt_body(&head);
		else if (rows[i].type == FRAME_REFUSAL)
			body = refusal_body(oldest, E_SEQUENCE_HOLE, FAULT_NO_EVENT);
		else if (rows[i].type == FRAME_ERROR)
			body = error_body(E_STOPPED);
		enum error error = take(rows[i].type, body);
		ck_assert_msg(error == rows[i].error, "row %zu: %s", i, error_name(error));
		ck_assert_msg(answer.meaning == rows[i].meaning, "row %zu: meaning %d", i, (int)answer.meaning);
		ck_assert_msg(session.state == rows[i].next, "row %zu: state %d", i, (int)session.state);
		if (answer.meaning == CLIENT_RECEIPT || answer.meaning == CLIENT_REFUSED)
			ck_assert_uint_eq(answer.batch.first_sequence, oldest);
	}
}
END_TEST

/* Malformed or untrue frames close the session. SND-8 */
START_TEST(bad_frames_close_the_session)
{
	begin(BYTES_EMPTY);
	struct batch_head head = head_of(0);
	reach(CLIENT_GREETED, 0);
	struct bytes body = welcome_body(8, 4000);
	ck_error(take(FRAME_WELCOME, bytes_of(body.data, body.len - 1)), E_TRUNCATED);
	ck_assert_int_eq((int)session.state, CLIENT_CLOSED);

	reach(CLIENT_GREETED, 0);
	body = welcome_body(8, 4000);
	buffer[FRAME_HEAD_BYTES + 1]++;
	ck_error(take(FRAME_WELCOME, body), E_VERSION);

	/* SND-29: a stranger, and a welcome that was recorded, open nothing; a wrong ledger hears no name. */
	reach(CLIENT_GREETED, 0);
	body = welcome_body(8, 4000);
	buffer[body.len + FRAME_HEAD_BYTES - 1] ^= 1;
	ck_error(take(FRAME_WELCOME, body), E_WRONG_ORIGIN);
	ck_assert_int_eq((int)session.state, CLIENT_CLOSED);
	reach(CLIENT_GREETED, 0);
	body = welcome_body(8, 4000);
	session.nonce[3] ^= 1;
	ck_error(take(FRAME_WELCOME, body), E_WRONG_ORIGIN);
	reach(CLIENT_CONNECTED, 0);
	ck_error(take(FRAME_CHALLENGE, challenge_body(ORIGIN "/2", log_key.public_key)), E_WRONG_ORIGIN);
	reach(CLIENT_CONNECTED, 0);
	ck_error(take(FRAME_CHALLENGE, challenge_body(ORIGIN, sender_public)), E_WRONG_ORIGIN);
	ck_assert_int_eq((int)session.state, CLIENT_CLOSED);
	reach(CLIENT_CONNECTED, 0);
	body = challenge_body(ORIGIN, log_key.public_key);
	buffer[FRAME_HEAD_BYTES + 1]++;
	ck_error(take(FRAME_CHALLENGE, body), E_VERSION);

	/* SND-30: version 1 says nothing first, and refuses the ping that asks. */
	bool give_up;
	uint32_t next;
	reach(CLIENT_CONNECTED, 0);
	ck_ok(take(FRAME_ERROR, error_body(E_FRAME_TYPE)));
	reach(CLIENT_CONNECTED, 0);
	ck_assert(client_session_timer(&session, CLIENT_GREETED_PING_MS, &give_up, &next));
	ck_error(take(FRAME_ERROR, error_body(E_FRAME_TYPE)), E_VERSION);

	reach(CLIENT_OPEN, 1);
	ck_error(take(FRAME_REFUSAL, refusal_body(7, E_BAD_VALUE, 0)), E_BAD_VALUE); /* not the oldest */

	reach(CLIENT_OPEN, 1);
	ck_error(take(FRAME_PING, bytes_of(buffer, 65)), E_TOO_LONG);

	reach(CLIENT_OPEN, 1);
	body = receipt_body(&head);
	ck_error(take(FRAME_RECEIPT, bytes_of(body.data, body.len - 1)), E_TRUNCATED);

	reach(CLIENT_OPEN, 1);
	body = receipt_body(&head);
	buffer[30] ^= 1; /* in the inclusion proof */
	ck_error(take(FRAME_RECEIPT, body), E_BAD_PROOF);
	ck_assert_uint_eq(session.position.checkpoint.size, 0);

	reach(CLIENT_OPEN, 1);
	head.signature[3] ^= 1; /* the log holds a batch that was signed otherwise */
	ck_error(take(FRAME_RECEIPT, receipt_body(&head)), E_BAD_PROOF);

	reach(CLIENT_OPEN, 1);
	head = head_of(0);
	body = receipt_body(&head);
	buffer[body.len - 10] ^= 1; /* in the checkpoint's signature */
	ck_error(take(FRAME_RECEIPT, body), E_BAD_CHECKPOINT);
	ck_assert_int_eq((int)session.state, CLIENT_CLOSED);
}
END_TEST

START_TEST(a_welcome_must_be_the_logs)
{
	begin(BYTES_EMPTY);
	reach(CLIENT_OPEN, 1);
	struct batch_head head = head_of(0);
	ck_ok(take(FRAME_RECEIPT, receipt_body(&head)));
	/* The next hello carries the checkpoint of that receipt, in this process (SND-13) and in the next one. */
	uint8_t note[1024];
	size_t note_len = session.position.note_len;
	ck_assert_uint_gt(note_len, 0);
	memcpy(note, session.position.note, note_len);
	for (int i = 0; i < 2; i++) {
		uint8_t frame[2048];
		struct writer w = writer_of(frame, sizeof frame);
		struct frame_hello hello;
		client_session_close(&session);
		client_session_start(&session, 0);
		ck_ok(take(FRAME_CHALLENGE, challenge_body(ORIGIN, log_key.public_key)));
		ck_ok(client_session_hello(&session, sender_secret, &w));
		ck_ok(frame_hello_decode(bytes_of(frame + FRAME_HEAD_BYTES, writer_len(&w) - FRAME_HEAD_BYTES), &hello));
		ck_assert_uint_eq(hello.version, PROTOCOL_VERSION);
		ck_assert_uint_eq(hello.sender, SENDER);
		ck_ok(hello_verify(&session.challenge, &hello, sender_public));
		ck_assert(bytes_equal(hello.origin, BYTES_LITERAL(ORIGIN)));
		ck_assert(bytes_equal(hello.checkpoint, bytes_of(note, note_len)));
		ck_ok(client_session_init(&session, &log_key, SENDER, bytes_of(note, note_len)));
	}
	note[note_len - 10] ^= 1;
	ck_error(client_session_init(&session, &log_key, SENDER, bytes_of(note, note_len)), E_BAD_CHECKPOINT);
}
END_TEST

/* SND-9 */
START_TEST(the_window_holds_batches_back)
{
	begin(BYTES_EMPTY);
	reach(CLIENT_GREETED, 0);
	ck_assert(!client_session_may_send(&session, 1));
	ck_ok(take(FRAME_WELCOME, welcome_body(3, 100)));
	ck_assert(client_session_may_send(&session, 101)); /* alone, any batch goes */
	session.slow = 8;
	send_batch(0, 60);
	ck_assert(client_session_may_send(&session, 40));
	ck_assert(!client_session_may_send(&session, 41));
	send_batch(1, 30);
	send_batch(2, 10);
	ck_assert(!client_session_may_send(&session, 0));
	struct batch_head head = head_of(0);
	ck_ok(take(FRAME_RECEIPT, receipt_body(&head)));
	ck_assert(client_session_may_send(&session, 60));
	ck_assert(!client_session_may_send(&session, 61));
	ck_ok(take(FRAME_REFUSAL, refusal_body(1, E_BAD_VALUE, 0)));
	ck_assert(!client_session_may_send(&session, 1)); /* draining */
	ck_ok(take(FRAME_REFUSAL, refusal_body(2, E_SEQUENCE_HOLE, FAULT_NO_EVENT)));
	ck_assert(client_session_may_send(&session, 1));
}
END_TEST

/* A connection begins with one batch, and takes one more with each receipt: what is sent in vain when it is cut is
 * little.
 */
START_TEST(a_connection_begins_with_one_batch)
{
	begin(BYTES_EMPTY);
	reach(CLIENT_GREETED, 0);
	ck_ok(take(FRAME_WELCOME, welcome_body(64, 1000000)));
	for (uint64_t first = 0; first < 3; first++) {
		/* one log with one batch: each receipt comes on a connection of its own */
		struct batch_head head = head_of(0);
		send_batch(0, 10);
		for (uint64_t more = 1; more <= first; more++)
			send_batch(more, 10);
		ck_assert(!client_session_may_send(&session, 10));
		uint32_t slow = session.slow;
		session.position.checkpoint.size = 0;
		session.position.note_len = 0;
		ck_ok(take(FRAME_RECEIPT, receipt_body(&head)));
		ck_assert_uint_eq(session.slow, slow + 1);
		session.flight_count = session.flight_first = 0;
		session.flight_bytes = 0;
	}
	client_session_close(&session);
	client_session_start(&session, 0);
	ck_assert_uint_eq(session.slow, 1);
}
END_TEST

START_TEST(timers_end_what_is_silent)
{
	bool give_up = false;
	uint32_t next = 0;
	begin(BYTES_EMPTY);
	ck_assert(!client_session_timer(&session, 1000000, &give_up, &next)); /* closed */
	ck_assert_uint_eq(next, UINT32_MAX);
	reach(CLIENT_CONNECTED, 0);
	ck_assert(client_session_timer(&session, CLIENT_GREETED_PING_MS, &give_up, &next));
	ck_assert(!client_session_timer(&session, CLIENT_CONNECTED_GIVE_UP_MS - 1, &give_up, &next));
	ck_assert_uint_eq(next, 1);
	ck_assert(!client_session_timer(&session, CLIENT_CONNECTED_GIVE_UP_MS, &give_up, &next));
	ck_assert(give_up);
	reach(CLIENT_GREETED, 0);
	ck_assert(!client_session_timer(&session, CLIENT_GREETED_PING_MS - 1, &give_up, &next));
	ck_assert_uint_eq(next, 1);
	ck_assert(client_session_timer(&session, CLIENT_GREETED_PING_MS, &give_up, &next));
	ck_assert_uint_eq(next, CLIENT_GIVE_UP_MS - CLIENT_GREETED_PING_MS);
	ck_assert(!client_session_timer(&session, CLIENT_GIVE_UP_MS - 1, &give_up, &next)); /* one ping is enough */
	ck_assert(!give_up);
	ck_assert(!client_session_timer(&session, CLIENT_GIVE_UP_MS, &give_up, &next));
	ck_assert(give_up);
	reach(CLIENT_OPEN, 0); /* nothing is expected: silence is fine, also before the next batch */
	ck_assert(!client_session_timer(&session, 10 * CLIENT_GIVE_UP_MS, &give_up, &next));
	ck_assert(!give_up);
	ck_assert_uint_eq(next, UINT32_MAX);
	send_batch(0, 1);
	ck_assert(!client_session_timer(&session, 10 * CLIENT_GIVE_UP_MS + 1, &give_up, &next));
	ck_assert(!give_up);
	ck_assert_uint_eq(next, CLIENT_PING_MS - 1);
	/* What is still on its way on a narrow line keeps the connection; once nothing moves, silence counts. */
	uint64_t now = 20 * CLIENT_GIVE_UP_MS;
	for (uint64_t bytes = 1; bytes <= 4; bytes++, now += CLIENT_GIVE_UP_MS - 1) {
		client_session_moved(&session, bytes, now);
		(void)client_session_timer(&session, now + CLIENT_GIVE_UP_MS - 1, &give_up, &next);
		ck_assert(!give_up);
	}
	client_session_moved(&session, 4, now + 1);
	ck_assert(!client_session_timer(&session, now + 1, &give_up, &next));
	ck_assert(give_up);
}
END_TEST

START_TEST(each_refusal_has_its_verdict)
{
	struct frame_refusal refusal = {.error = E_BAD_VALUE, .event = 3};
	ck_assert_int_eq((int)client_refusal_verdict(&refusal), CLIENT_ASIDE);
	refusal.event = FAULT_NO_EVENT;
	ck_assert_int_eq((int)client_refusal_verdict(&refusal), CLIENT_STOP);
	refusal = (struct frame_refusal){.error = E_FULL, .event = 3};
	ck_assert_int_eq((int)client_refusal_verdict(&refusal), CLIENT_RETRY);
	refusal =
		(struct frame_refusal){.error = E_POLICY, .event = FAULT_NO_EVENT}; /* the registration changed meanwhile */
	ck_assert_int_eq((int)client_refusal_verdict(&refusal), CLIENT_RETRY);
	refusal.event = 0;
	ck_assert_int_eq((int)client_refusal_verdict(&refusal), CLIENT_ASIDE);
	static const enum error final[] = {E_UNKNOWN_SENDER, E_REVOKED_SENDER, E_BAD_SIGNATURE, E_ROLLED_BACK,
		E_EQUIVOCATION, E_WRONG_ORIGIN, E_VERSION, E_BAD_PROOF};
	for (size_t i = 0; i < sizeof final / sizeof final[0]; i++)
		ck_assert_int_eq((int)client_error_verdict(final[i]), CLIENT_STOP);
	static const enum error passing[] = {E_TIMEOUT, E_TOO_MANY, E_CLOSED, E_PERIOD_PASSED, E_SEQUENCE_HOLE, E_FULL,
		E_IO, E_NO_MEMORY, E_STOPPED, E_LOCKED, E_CLOCK, E_CORRUPT};
	for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
		ck_assert_int_eq((int)client_error_verdict(passing[i]), CLIENT_RETRY);
	uint32_t most = 0;
	for (unsigned attempt = 0; attempt < 100; attempt++)
		for (uint32_t chance = 0; chance < 20000; chance += 777) {
			uint32_t wait = client_backoff_ms(attempt, chance);
			ck_assert_uint_ge(wait, CLIENT_BACKOFF_MIN_MS / 2);
			ck_assert_uint_le(wait, CLIENT_BACKOFF_MAX_MS);
			most = wait > most ? wait : most;
		}
	ck_assert_uint_gt(most, CLIENT_BACKOFF_MAX_MS / 2);
	ck_assert_uint_le(client_backoff_ms(0, 12345), CLIENT_BACKOFF_MIN_MS);
}
END_TEST

UNIT_MAIN("client_session", every_frame_in_every_state, bad_frames_close_the_session, a_welcome_must_be_the_logs,
	the_window_holds_batches_back, a_connection_begins_with_one_batch, timers_end_what_is_silent,
	each_refusal_has_its_verdict)
