#include "ingest/wire/frame.h"

#include "ingest/wire/handshake.h"
#include "ingest/wire/session.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

static uint8_t input[VECTOR_BYTES_MAX];
static uint8_t output[VECTOR_BYTES_MAX];

static bool says(const json_t *vector, const char *name, struct bytes value)
{
	return bytes_equal(bytes_text(vector_text(vector, name)), value);
}

/* The whole frame that an encoder wrote is the head and the vector's body. */
static void same_frame(const struct writer *w, enum frame_type type, struct bytes body, const char *path)
{
	enum frame_type got;
	size_t len;
	ck_assert_msg(w->error == E_OK, "%s", path);
	ck_ok(frame_head_decode(bytes_of(output, FRAME_HEAD_BYTES), &got, &len));
	ck_assert_int_eq((int)got, (int)type);
	ck_assert_uint_eq(len, writer_len(w) - FRAME_HEAD_BYTES);
	ck_assert_msg(bytes_equal(bytes_of(output + FRAME_HEAD_BYTES, len), body), "%s", path);
}

static void check_head(const json_t *vector, const char *path)
{
	enum frame_type type = FRAME_PONG;
	size_t len = 12345;
	enum error error = frame_head_decode(vector_hex(vector, "head", input), &type, &len);
	vector_expect(vector, path, error);
	if (error != E_OK) {
		ck_assert(type == FRAME_PONG && len == 12345);
		return;
	}
	struct writer w = writer_of(output, sizeof output);
	ck_assert_uint_eq((unsigned)type, vector_number(vector, "type"));
	ck_assert_uint_eq(len, vector_number(vector, "body_bytes"));
	frame_head_encode(type, len, &w);
	ck_assert(bytes_equal(bytes_of(output, writer_len(&w)), vector_hex(vector, "head", input)));
}

/* FRM-2, FRM-6: what the ledger says of a sender's frame by its first five bytes. */
static void check_session_head(const json_t *vector, const char *path)
{
	struct session session;
	enum frame_type type;
	size_t len;
	struct writer w = writer_of(output, sizeof output);
	memset(&session, 0, sizeof session);
	if (strcmp(vector_text(vector, "state"), "open") == 0)
		session.state = SESSION_OPEN;
	session.pinged = strcmp(vector_text(vector, "state"), "greeting-pinged") == 0;
	ck_ok(frame_head_decode(vector_hex(vector, "head", input), &type, &len));
	vector_expect(vector, path, session_head(&session, type, len, &w));
}

static bool holds(const json_t *vector, const char *name, struct bytes value)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	return bytes_equal(vector_hex(vector, name, buffer), value);
}

static void check_challenge(const json_t *vector, const char *path, struct bytes body)
{
	struct frame_challenge challenge;
	struct writer w = writer_of(output, sizeof output);
	enum error error = frame_challenge_decode(body, &challenge);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	ck_assert(says(vector, "origin", challenge.origin));
	ck_assert(holds(vector, "nonce", BYTES_ARRAY(challenge.nonce)));
	ck_assert(holds(vector, "log_key", BYTES_ARRAY(challenge.log_key)));
	ck_ok(frame_challenge_encode(&challenge, &w));
	same_frame(&w, FRAME_CHALLENGE, body, path);
}

/* What a vector's signature is judged by. */
static struct frame_challenge challenge_of(const json_t *vector)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	struct frame_challenge challenge;
	ck_ok(frame_challenge_decode(vector_hex(vector, "challenge", buffer), &challenge));
	return challenge;
}

/* FRM-26 */
static void check_hello(const json_t *vector, const char *path, struct bytes body)
{
	uint8_t key[32];
	struct frame_hello hello;
	struct writer w = writer_of(output, sizeof output);
	static uint8_t checkpoint[VECTOR_BYTES_MAX];
	enum error error = frame_hello_decode(body, &hello);
	if (error != E_OK) {
		vector_expect(vector, path, error);
		return;
	}
	struct frame_challenge challenge = challenge_of(vector);
	ck_assert_uint_eq(vector_hex(vector, "public_key", key).len, sizeof key);
	vector_expect(vector, path, hello_verify(&challenge, &hello, key));
	ck_assert(holds(vector, "nonce", BYTES_ARRAY(hello.nonce)));
	ck_assert_uint_eq(hello.sender, vector_number(vector, "sender"));
	ck_assert(says(vector, "origin", hello.origin));
	ck_assert(bytes_equal(vector_hex(vector, "checkpoint", checkpoint), hello.checkpoint));
	ck_ok(frame_hello_encode(&hello, &w));
	same_frame(&w, FRAME_HELLO, body, path);
}

/* FRM-27 */
static void check_welcome(const json_t *vector, const char *path, struct bytes body)
{
	uint8_t nonce[NONCE_BYTES];
	uint8_t key[32];
	struct frame_welcome welcome;
	struct writer w = writer_of(output, sizeof output);
	enum error error = frame_welcome_decode(body, &welcome);
	if (error != E_OK) {
		vector_expect(vector, path, error);
		return;
	}
	struct frame_challenge challenge = challenge_of(vector);
	ck_assert_uint_eq(vector_hex(vector, "nonce", nonce).len, sizeof nonce);
	ck_assert_uint_eq(vector_hex(vector, "log_key", key).len, sizeof key);
	vector_expect(
		vector, path, welcome_verify(&challenge, nonce, (uint32_t)vector_number(vector, "sender"), &welcome, key));
	ck_assert_uint_eq(welcome.next_sequence, vector_number(vector, "next_sequence"));
	ck_assert_uint_eq(welcome.ledger_time_s, vector_number(vector, "ledger_time"));
	ck_assert_uint_eq(welcome.batch_events_max, vector_number(vector, "batch_events"));
	ck_assert_uint_eq(welcome.batch_bytes_max, vector_number(vector, "batch_bytes"));
	ck_assert_uint_eq(welcome.window_batches, vector_number(vector, "window_batches"));
	ck_assert_uint_eq(welcome.window_bytes, vector_number(vector, "window_bytes"));
	ck_assert_uint_eq(welcome.policy.restricted, vector_number(vector, "restricted"));
	ck_assert_uint_eq(welcome.policy.flags, vector_number(vector, "flags"));
	ck_assert(says(vector, "purpose", bytes_text(welcome.policy.purpose)));
	ck_assert(says(vector, "source", bytes_text(welcome.source.words)));
	ck_ok(frame_welcome_encode(&welcome, &w));
	same_frame(&w, FRAME_WELCOME, body, path);
}

static void check_refusal(const json_t *vector, const char *path, struct bytes body)
{
	struct frame_refusal refusal;
	struct writer w = writer_of(output, sizeof output);
	enum error error = frame_refusal_decode(body, &refusal);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	ck_assert_uint_eq(refusal.first_sequence, vector_number(vector, "first_sequence"));
	ck_assert_uint_eq(refusal.expected_sequence, vector_number(vector, "expected_sequence"));
	ck_assert_str_eq(error_name(refusal.error), vector_text(vector, "error"));
	ck_assert_uint_eq(refusal.event, vector_number(vector, "event"));
	ck_assert(says(vector, "text", refusal.text));
	ck_ok(frame_refusal_encode(&refusal, &w));
	same_frame(&w, FRAME_REFUSAL, body, path);
}

static void check_error(const json_t *vector, const char *path, struct bytes body)
{
	struct frame_error frame;
	struct writer w = writer_of(output, sizeof output);
	enum error error = frame_error_decode(body, &frame);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	ck_assert_str_eq(error_name(frame.error), vector_text(vector, "error"));
	ck_assert(says(vector, "text", frame.text));
	ck_ok(frame_error_encode(&frame, &w));
	same_frame(&w, FRAME_ERROR, body, path);
}

static void check_vector(const json_t *vector, const char *path)
{
	static const struct {
		const char *kind;
		void (*check)(const json_t *vector, const char *path, struct bytes body);
	} bodies[] = {{"challenge", check_challenge}, {"hello", check_hello}, {"welcome", check_welcome},
		{"refusal", check_refusal}, {"error", check_error}};
	const char *kind = vector_text(vector, "kind");
	if (strcmp(kind, "head") == 0) {
		check_head(vector, path);
		return;
	}
	if (strcmp(kind, "session-head") == 0) {
		check_session_head(vector, path);
		return;
	}
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		if (strcmp(kind, bodies[i].kind) == 0) {
			bodies[i].check(vector, path, vector_hex(vector, "body", input));
			return;
		}
	}
	ck_abort_msg("%s: kind %s", path, kind);
}

/* FRM-1, FRM-3, FRM-4 */
START_TEST(frames_are_as_the_vectors_say)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/frame", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 55);
}
END_TEST

/* A frame that does not fit its buffer is an error at every size. */
START_TEST(a_frame_without_room_is_an_error)
{
	struct frame_refusal refusal = {1, 2, E_POLICY, 3, BYTES_LITERAL("purpose")};
	struct writer whole = writer_of(output, sizeof output);
	ck_ok(frame_refusal_encode(&refusal, &whole));
	for (size_t room = 0; room < writer_len(&whole); room++) {
		struct writer w = writer_of(output, room);
		ck_error(frame_refusal_encode(&refusal, &w), E_NO_ROOM);
	}
}
END_TEST

/* A frame may start anywhere in its writer. */
START_TEST(one_after_the_other)
{
	struct frame_error frame = {E_TIMEOUT, BYTES_LITERAL("late")};
	struct writer w = writer_of(output, sizeof output);
	ck_ok(frame_error_encode(&frame, &w));
	size_t one = writer_len(&w);
	ck_ok(frame_error_encode(&frame, &w));
	ck_assert_uint_eq(writer_len(&w), 2 * one);
	ck_assert_mem_eq(output, output + one, one);
}
END_TEST

UNIT_MAIN("frame", frames_are_as_the_vectors_say, a_frame_without_room_is_an_error, one_after_the_other)
