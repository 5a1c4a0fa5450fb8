#include "ingest/wire/session.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#define ORIGIN "log.example.dk/test"

static uint8_t output[SESSION_OUTPUT_MAX];
static uint8_t input[70000];
static struct session session;
static struct writer w;

/* What the session wrote since the last look: one frame, or nothing. */
static struct bytes written(enum frame_type *type)
{
	size_t len;
	ck_ok(w.error);
	ck_assert_uint_ge(writer_len(&w), FRAME_HEAD_BYTES);
	ck_ok(frame_head_decode(bytes_of(output, FRAME_HEAD_BYTES), type, &len));
	ck_assert_uint_eq(len + FRAME_HEAD_BYTES, writer_len(&w));
	w = writer_of(output, sizeof output);
	return bytes_of(output + FRAME_HEAD_BYTES, len);
}

static void silent(void)
{
	ck_ok(w.error);
	ck_assert_uint_eq(writer_len(&w), 0);
}

/* The session ended with this error, whose text holds `needle`. */
static void ended(enum error error, const char *needle)
{
	enum frame_type type;
	struct frame_error frame;
	char text[1025];
	ck_ok(frame_error_decode(written(&type), &frame));
	ck_assert_int_eq((int)type, FRAME_ERROR);
	ck_assert_str_eq(error_name(frame.error), error_name(error));
	snprintf(text, sizeof text, "%.*s", (int)frame.text.len, (const char *)frame.text.data);
	ck_assert_msg(strstr(text, needle) != NULL, "'%s' is not in '%s'", needle, text);
	ck_assert_int_eq((int)session.state, SESSION_CLOSING);
}

static const struct vkey log_key = {.name = ORIGIN, .public_key = {7}};

static struct bytes hello_body(uint16_t version, const char *origin)
{
	struct frame_hello hello = {
		.version = version, .sender = 7, .origin = bytes_text(origin), .checkpoint = BYTES_LITERAL("checkpoint")};
	struct writer h = writer_of(input, sizeof input);
	ck_ok(frame_hello_encode(&hello, &h));
	return bytes_of(input + FRAME_HEAD_BYTES, writer_len(&h) - FRAME_HEAD_BYTES);
}

static enum session_request frame(enum frame_type type, struct bytes body)
{
	return session_frame(&session, type, body, &w);
}

static const struct sender sender = {
	.id = 7, .status = SENDER_ACTIVE, .next_sequence = 1000, .policy = {.flags = POLICY_WITHHOLD}};

static void bring_to(enum session_state state)
{
	enum frame_type type;
	struct frame_challenge challenge;
	w = writer_of(output, sizeof output);
	session_init(&session, &log_key, &w);
	ck_ok(frame_challenge_decode(written(&type), &challenge)); /* FRM-26 */
	ck_assert_int_eq((int)type, FRAME_CHALLENGE);
	ck_assert(bytes_equal(challenge.origin, BYTES_LITERAL(ORIGIN)));
	ck_assert_mem_eq(challenge.log_key, log_key.public_key, 32);
	ck_assert_mem_eq(challenge.nonce, session.challenge.nonce, NONCE_BYTES);
	if (state == SESSION_GREETING)
		return;
	if (state == SESSION_CLOSING) {
		session_end(&session, E_TIMEOUT, NULL, &w);
		ended(E_TIMEOUT, "in time");
		return;
	}
	ck_assert_int_eq((int)frame(FRAME_HELLO, hello_body(PROTOCOL_VERSION, ORIGIN)), SESSION_LOOK_UP);
	silent();
	if (state == SESSION_OPEN) {
		session_looked_up(&session, E_OK, NULL, BYTES_LITERAL("welcome"), &w);
		ck_assert(bytes_equal(written(&type), BYTES_LITERAL("welcome")));
		ck_assert_int_eq((int)type, FRAME_WELCOME);
	}
	ck_assert_int_eq((int)session.state, (int)state);
}

/* FRM-6: every row and column of the table in session.h. */
START_TEST(every_frame_in_every_state)
{
	enum outcome { ERROR, IGNORED, LOOK_UP, SUBMITTED, PONG };
	static const enum outcome wanted[4][4] = {
		[SESSION_GREETING] = {LOOK_UP, ERROR, PONG, ERROR},
		[SESSION_LOOKING] = {ERROR, ERROR, ERROR, ERROR},
		[SESSION_OPEN] = {ERROR, SUBMITTED, PONG, ERROR},
		[SESSION_CLOSING] = {IGNORED, IGNORED, IGNORED, IGNORED},
	};
	static const enum frame_type others[] = {
		FRAME_WELCOME, FRAME_RECEIPT, FRAME_REFUSAL, FRAME_PONG, FRAME_ERROR, FRAME_CHALLENGE};
	enum frame_type type;
	for (unsigned state = 0; state < 4; state++) {
		for (unsigned i = 0; i < 3 + sizeof others / sizeof others[0]; i++) {
			enum frame_type sent = i == 0 ? FRAME_HELLO : i == 1 ? FRAME_BATCH : i == 2 ? FRAME_PING : others[i - 3];
			bring_to((enum session_state)state);
			struct bytes body = sent == FRAME_HELLO ? hello_body(PROTOCOL_VERSION, ORIGIN) : BYTES_LITERAL("body");
			enum session_request request = frame(sent, body);
			switch (wanted[state][i < 3 ? i : 3]) {
			case ERROR:
				ended(E_FRAME_TYPE, state == SESSION_OPEN ? "after the welcome" : "before the welcome");
				ck_assert_int_eq((int)request, SESSION_NOTHING);
				break;
			case IGNORED:
				silent();
				ck_assert_int_eq((int)request, SESSION_NOTHING);
				ck_assert_int_eq((int)session.state, SESSION_CLOSING);
				break;
			case LOOK_UP:
				silent();
				ck_assert_int_eq((int)request, SESSION_LOOK_UP);
				ck_assert_int_eq((int)session.state, SESSION_LOOKING);
				ck_assert_uint_eq(session.sender, 7);
				break;
			case SUBMITTED:
				silent();
				ck_assert_int_eq((int)request, SESSION_SUBMIT);
				ck_assert_uint_eq(session.waiting, 1);
				ck_assert_uint_eq(session.waiting_bytes, 4);
				break;
			case PONG:
				ck_assert_int_eq((int)request, SESSION_NOTHING);
				ck_assert(bytes_equal(written(&type), BYTES_LITERAL("body"))); /* FRM-15 */
				ck_assert_int_eq((int)type, FRAME_PONG);
				break;
			}
		}
	}
	/* Before the hello there is one ping, and no more. */
	bring_to(SESSION_GREETING);
	ck_assert_int_eq((int)frame(FRAME_PING, BYTES_EMPTY), SESSION_NOTHING);
	written(&type);
	ck_assert_int_eq((int)frame(FRAME_PING, BYTES_EMPTY), SESSION_NOTHING);
	ended(E_FRAME_TYPE, "before the welcome");
}
END_TEST

/* FRM-2: each limit is kept to the byte, and named. */
START_TEST(each_limit_is_kept_to_the_byte)
{
	static const struct {
		enum session_state state;
		enum frame_type type;
		size_t limit;
		const char *name;
	} cases[] = {{SESSION_GREETING, FRAME_HELLO, 16745, "16745"}, {SESSION_OPEN, FRAME_BATCH, 1048576, "1048576"},
		{SESSION_OPEN, FRAME_PING, 64, "64"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bring_to(cases[i].state);
		ck_ok(session_head(&session, cases[i].type, cases[i].limit, &w));
		silent();
		ck_error(session_head(&session, cases[i].type, cases[i].limit + 1, &w), E_FRAME_TOO_LONG);
		ended(E_FRAME_TOO_LONG, cases[i].name);
	}
	bring_to(SESSION_GREETING);
	session_bad_head(&session, E_FRAME_TOO_LONG, &w);
	ended(E_FRAME_TOO_LONG, "1052672");
	bring_to(SESSION_GREETING);
	session_bad_head(&session, E_FRAME_TYPE, &w);
	ended(E_FRAME_TYPE, "1 to 9");
	bring_to(SESSION_OPEN);
	session_bad_head(&session, E_TRUNCATED, &w);
	ended(E_TRUNCATED, "length is 0");
}
END_TEST

/* FRM-4, FRM-7 */
START_TEST(bad_hellos_end_the_session)
{
	bring_to(SESSION_GREETING);
	ck_assert_int_eq((int)frame(FRAME_HELLO, hello_body(1, ORIGIN)), SESSION_NOTHING);
	ended(E_VERSION, "protocol version 5 is spoken here; upgrade");
	bring_to(SESSION_GREETING);
	ck_assert_int_eq((int)frame(FRAME_HELLO, hello_body(PROTOCOL_VERSION, ORIGIN "/2")), SESSION_NOTHING);
	ended(E_WRONG_ORIGIN, "another ledger");
	bring_to(SESSION_GREETING);
	struct bytes body = hello_body(PROTOCOL_VERSION, ORIGIN);
	body.len--;
	ck_assert_int_eq((int)frame(FRAME_HELLO, body), SESSION_NOTHING);
	ended(E_TRUNCATED, "hello");
	bring_to(SESSION_GREETING);
	char origin[257];
	memset(origin, 'o', 256);
	origin[256] = '\0';
	ck_assert_int_eq((int)frame(FRAME_HELLO, hello_body(PROTOCOL_VERSION, origin)), SESSION_NOTHING);
	ended(E_TOO_LONG, "255");
}
END_TEST

/* FRM-7, FRM-8, and the fields of the welcome. */
START_TEST(a_look_up_opens_or_ends_it)
{
	static const enum error errors[] = {E_BAD_SIGNATURE, E_BAD_CHECKPOINT, E_ROLLED_BACK, E_CLOCK, E_NO_MEMORY};
	struct frame_welcome welcome;
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		bring_to(SESSION_LOOKING);
		session_looked_up(&session, errors[i], i % 2 ? NULL : "", BYTES_EMPTY, &w);
		ended(errors[i], error_text(errors[i]));
	}
	bring_to(SESSION_LOOKING);
	session_looked_up(&session, E_BAD_SIGNATURE, "not this key", BYTES_EMPTY, &w);
	ended(E_BAD_SIGNATURE, "not this key");
	bring_to(SESSION_CLOSING);
	session_looked_up(&session, E_OK, NULL, BYTES_LITERAL("welcome"), &w);
	silent();
	session_welcome(&sender, 1795421730, &welcome);
	ck_assert_uint_eq(welcome.version, PROTOCOL_VERSION);
	ck_assert_uint_eq(welcome.next_sequence, 1000);
	ck_assert_uint_eq(welcome.ledger_time_s, 1795421730);
	ck_assert_uint_eq(welcome.batch_events_max, 4096);
	ck_assert_uint_eq(welcome.batch_bytes_max, 1048576);
	ck_assert_uint_eq(welcome.window_batches, 64);
	ck_assert_uint_eq(welcome.window_bytes, 4194304);
	ck_assert_uint_eq(welcome.policy.flags, POLICY_WITHHOLD);
}
END_TEST

/* FRM-30: no more is under way than the limits let through in 20 seconds, but one batch always. */
START_TEST(limits_narrow_the_window)
{
	static const struct {
		uint32_t events, bytes, window_batches, window_bytes;
	} rows[] = {{0, 0, 64, 4194304}, {1, 1, 1, 20}, {204, 0, 1, 4194304}, {410, 0, 2, 4194304},
		{13107, 209715, 63, 4194300}, {13108, 209716, 64, 4194304}, {UINT32_MAX, UINT32_MAX, 64, 4194304}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct frame_welcome welcome;
		struct sender limited = sender;
		limited.mandate.events_per_second = rows[i].events;
		limited.mandate.bytes_per_second = rows[i].bytes;
		session_welcome(&limited, 1795421730, &welcome);
		ck_assert_uint_eq(welcome.window_batches, rows[i].window_batches);
		ck_assert_uint_eq(welcome.window_bytes, rows[i].window_bytes);
	}
}
END_TEST

/* FRM-9, FRM-16: the window to the batch and to the byte. */
START_TEST(the_window_holds_to_the_byte)
{
	bring_to(SESSION_GREETING);
	ck_assert(session_may_read(&session));
	bring_to(SESSION_LOOKING);
	ck_assert(!session_may_read(&session));
	bring_to(SESSION_OPEN);
	for (unsigned i = 0; i < 64; i++) {
		ck_assert(session_may_read(&session));
		ck_assert_int_eq((int)frame(FRAME_BATCH, bytes_of(input, 10)), SESSION_SUBMIT);
	}
	ck_assert(!session_may_read(&session));
	session_receipt(&session, BYTES_LITERAL("r"), 10, &w);
	ck_assert(session_may_read(&session));
	ck_assert_uint_eq(session.waiting, 63);
	ck_assert_uint_eq(session.waiting_bytes, 630);

	static uint8_t large[BATCH_BYTES_MAX];
	bring_to(SESSION_OPEN);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq((int)frame(FRAME_BATCH, BYTES_ARRAY(large)), SESSION_SUBMIT);
	ck_assert_int_eq((int)frame(FRAME_BATCH, bytes_of(large, sizeof large - 1)), SESSION_SUBMIT);
	ck_assert(session_may_read(&session));
	ck_assert(session_has_room(&session, 1));
	ck_assert(!session_has_room(&session, 2));
	ck_assert_int_eq((int)frame(FRAME_BATCH, bytes_of(large, 1)), SESSION_SUBMIT);
	ck_assert(!session_may_read(&session));
}
END_TEST

/* FRM-10, FRM-12: one answer for each batch; a refusal leaves the session open. */
START_TEST(each_batch_has_one_answer)
{
	enum frame_type type;
	struct frame_refusal refusal = {10, 8, E_POLICY, 3, BYTES_LITERAL("purpose: the registration asks for one")};
	struct frame_refusal got;
	bring_to(SESSION_OPEN);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq((int)frame(FRAME_BATCH, bytes_of(input, 10 + i)), SESSION_SUBMIT);
	session_receipt(&session, BYTES_LITERAL("receipt"), 10, &w);
	ck_assert(bytes_equal(written(&type), BYTES_LITERAL("receipt")));
	ck_assert_int_eq((int)type, FRAME_RECEIPT);
	session_refusal(&session, &refusal, 11, &w);
	ck_ok(frame_refusal_decode(written(&type), &got));
	ck_assert_int_eq((int)type, FRAME_REFUSAL);
	ck_assert(got.first_sequence == 10 && got.expected_sequence == 8 && got.error == E_POLICY && got.event == 3);
	ck_assert(bytes_equal(got.text, refusal.text));
	ck_assert_int_eq((int)session.state, SESSION_OPEN);
	refusal.text = BYTES_LITERAL("cut inside a charact\xc3"); /* FRM-3 */
	session_refusal(&session, &refusal, 12, &w);
	ck_ok(frame_refusal_decode(written(&type), &got));
	ck_assert(bytes_equal(got.text, bytes_text(error_text(E_POLICY))));

	/* FRM-12: but for one about a signature, which is the last. */
	bring_to(SESSION_OPEN);
	ck_assert_int_eq((int)frame(FRAME_BATCH, bytes_of(input, 10)), SESSION_SUBMIT);
	refusal = (struct frame_refusal){10, 8, E_BAD_SIGNATURE, FAULT_NO_EVENT, BYTES_LITERAL("not this key")};
	session_refusal(&session, &refusal, 10, &w);
	size_t first = FRAME_HEAD_BYTES + 8 + 8 + 2 + 4 + 2 + refusal.text.len;
	struct frame_error last;
	ck_ok(frame_error_decode(
		bytes_of(output + first + FRAME_HEAD_BYTES, writer_len(&w) - first - FRAME_HEAD_BYTES), &last));
	ck_assert_int_eq((int)last.error, E_CLOSED);
	ck_assert_int_eq((int)session.state, SESSION_CLOSING);

	bring_to(SESSION_OPEN);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq((int)frame(FRAME_BATCH, bytes_of(input, 10 + i)), SESSION_SUBMIT);
	for (unsigned i = 0; i < 3; i++, w = writer_of(output, sizeof output))
		session_receipt(&session, BYTES_LITERAL("receipt"), 10 + i, &w);

	/* FRM-22: after the error frame come no answers, but the account is kept. */
	session_end(&session, E_TIMEOUT, NULL, &w);
	ended(E_TIMEOUT, "in time");
	session_receipt(&session, BYTES_LITERAL("receipt"), 13, &w);
	silent();
	ck_assert_uint_eq(session.waiting, 0);
	ck_assert_uint_eq(session.waiting_bytes, 0);
	session_end(&session, E_STOPPED, NULL, &w);
	silent();
}
END_TEST

UNIT_MAIN("session", every_frame_in_every_state, each_limit_is_kept_to_the_byte, bad_hellos_end_the_session,
	a_look_up_opens_or_ends_it, limits_narrow_the_window, the_window_holds_to_the_byte, each_batch_has_one_answer)
