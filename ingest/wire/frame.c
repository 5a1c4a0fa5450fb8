#include "ingest/wire/frame.h"

#include "ledger/base/wrong.h"

#define REFUSAL_TEXT_MAX 1024

void frame_head_encode(enum frame_type type, size_t body_bytes, struct writer *out)
{
	writer_u32(out, (uint32_t)(body_bytes + 1));
	writer_u8(out, (uint8_t)type);
}

enum error frame_head_decode(struct bytes head, enum frame_type *type, size_t *body_bytes)
{
	struct reader r = reader_of(head);
	uint32_t length = reader_u32(&r);
	uint8_t code = reader_u8(&r);
	TRY(reader_done(&r));
	if (WRONG(length == 0))
		return E_TRUNCATED;
	if (WRONG(length > FRAME_BYTES_MAX))
		return E_FRAME_TOO_LONG;
	if (WRONG(code < FRAME_HELLO) || WRONG(code > FRAME_CHALLENGE))
		return E_FRAME_TYPE;
	*type = (enum frame_type)code;
	*body_bytes = length - 1;
	return E_OK;
}

/* A frame's length is known once its body is written: it is filled in afterwards. */
static uint8_t *begin(enum frame_type type, struct writer *out)
{
	uint8_t *length = out->at;
	frame_head_encode(type, 0, out);
	return length;
}

static enum error finish(const uint8_t *start, struct writer *out)
{
	if (out->error != E_OK)
		return out->error;
	size_t length = (size_t)(out->at - start) - 4;
	if (length > FRAME_BYTES_MAX)
		return E_FRAME_TOO_LONG;
	put_u32(out->start + (start - out->start), (uint32_t)length);
	return E_OK;
}

/* A body of another version holds whatever it holds: only the version is read of it. */
static void read_version(struct reader *r, uint16_t *version)
{
	*version = reader_u16(r);
	if (r->error == E_OK && WRONG(*version != PROTOCOL_VERSION))
		reader_fail(r, E_VERSION);
}

enum error frame_challenge_encode(const struct frame_challenge *challenge, struct writer *out)
{
	const uint8_t *start = begin(FRAME_CHALLENGE, out);
	writer_u16(out, challenge->version);
	writer_bytes(out, BYTES_ARRAY(challenge->nonce));
	writer_bytes(out, BYTES_ARRAY(challenge->log_key));
	writer_range16(out, challenge->origin);
	return finish(start, out);
}

enum error frame_challenge_decode(struct bytes body, struct frame_challenge *out)
{
	struct reader r = reader_of(body);
	struct frame_challenge challenge;
	read_version(&r, &challenge.version);
	reader_copy(&r, challenge.nonce, sizeof challenge.nonce);
	reader_copy(&r, challenge.log_key, sizeof challenge.log_key);
	challenge.origin = reader_range16(&r, ORIGIN_BYTES_MAX);
	TRY(reader_done(&r));
	*out = challenge;
	return E_OK;
}

enum error frame_hello_encode(const struct frame_hello *hello, struct writer *out)
{
	const uint8_t *start = begin(FRAME_HELLO, out);
	writer_u16(out, hello->version);
	writer_u32(out, hello->sender);
	writer_range16(out, hello->origin);
	writer_range16(out, hello->checkpoint);
	writer_bytes(out, BYTES_ARRAY(hello->nonce));
	writer_bytes(out, BYTES_ARRAY(hello->signature));
	return finish(start, out);
}

enum error frame_hello_decode(struct bytes body, struct frame_hello *out)
{
	struct reader r = reader_of(body);
	struct frame_hello hello;
	read_version(&r, &hello.version);
	hello.sender = reader_u32(&r);
	hello.origin = reader_range16(&r, ORIGIN_BYTES_MAX);
	hello.checkpoint = reader_range16(&r, NOTE_BYTES_MAX);
	reader_copy(&r, hello.nonce, sizeof hello.nonce);
	reader_copy(&r, hello.signature, sizeof hello.signature);
	TRY(reader_done(&r));
	*out = hello;
	return E_OK;
}

void frame_welcome_fields(const struct frame_welcome *welcome, struct writer *out)
{
	writer_u16(out, welcome->version);
	writer_u64(out, welcome->next_sequence);
	writer_u64(out, welcome->ledger_time_s);
	writer_u32(out, welcome->batch_events_max);
	writer_u32(out, welcome->batch_bytes_max);
	writer_u32(out, welcome->window_batches);
	writer_u32(out, welcome->window_bytes);
	policy_encode(&welcome->policy, out);
}

enum error frame_welcome_encode(const struct frame_welcome *welcome, struct writer *out)
{
	const uint8_t *start = begin(FRAME_WELCOME, out);
	frame_welcome_fields(welcome, out);
	writer_bytes(out, BYTES_ARRAY(welcome->signature));
	return finish(start, out);
}

enum error frame_welcome_decode(struct bytes body, struct frame_welcome *out)
{
	struct reader r = reader_of(body);
	struct frame_welcome welcome;
	read_version(&r, &welcome.version);
	welcome.next_sequence = reader_u64(&r);
	welcome.ledger_time_s = reader_u64(&r);
	welcome.batch_events_max = reader_u32(&r);
	welcome.batch_bytes_max = reader_u32(&r);
	welcome.window_batches = reader_u32(&r);
	welcome.window_bytes = reader_u32(&r);
	policy_decode(&r, &welcome.policy);
	reader_copy(&r, welcome.signature, sizeof welcome.signature);
	TRY(reader_done(&r));
	*out = welcome;
	return E_OK;
}

enum error frame_refusal_encode(const struct frame_refusal *refusal, struct writer *out)
{
	const uint8_t *start = begin(FRAME_REFUSAL, out);
	writer_u64(out, refusal->first_sequence);
	writer_u64(out, refusal->expected_sequence);
	writer_u16(out, (uint16_t)refusal->error);
	writer_u32(out, refusal->event);
	writer_range16(out, refusal->text);
	return finish(start, out);
}

enum error frame_refusal_decode(struct bytes body, struct frame_refusal *out)
{
	struct frame_refusal refusal;
	struct reader r = reader_of(body);
	refusal.first_sequence = reader_u64(&r);
	refusal.expected_sequence = reader_u64(&r);
	refusal.error = (enum error)reader_u16(&r);
	refusal.event = reader_u32(&r);
	refusal.text = reader_range16(&r, REFUSAL_TEXT_MAX);
	if (WRONG(!bytes_utf8(refusal.text)))
		reader_fail(&r, E_NOT_UTF8);
	TRY(reader_done(&r));
	*out = refusal;
	return E_OK;
}

enum error frame_error_encode(const struct frame_error *error, struct writer *out)
{
	const uint8_t *start = begin(FRAME_ERROR, out);
	writer_u16(out, (uint16_t)error->error);
	writer_range16(out, error->text);
	return finish(start, out);
}

enum error frame_error_decode(struct bytes body, struct frame_error *out)
{
	struct frame_error decoded;
	struct reader r = reader_of(body);
	decoded.error = (enum error)reader_u16(&r);
	decoded.text = reader_range16(&r, REFUSAL_TEXT_MAX);
	if (WRONG(!bytes_utf8(decoded.text)))
		reader_fail(&r, E_NOT_UTF8);
	TRY(reader_done(&r));
	*out = decoded;
	return E_OK;
}
