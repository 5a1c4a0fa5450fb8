/* One encoder and one decoder for each body, field by field in the order of spec/frame.md.
 *
 * Lengths are not trusted: a head is judged before its body is read, every range has its limit, and bytes that are
 * left over refuse the frame, so that no two bodies mean the same. What can fail is told by the first error that the
 * cursor met; what a caller does about it is its own business. The version stands first and is judged first:
 * whatever follows in another version is not looked at, and the answer names the version and not a field that was
 * misread. */
#include "ingest/wire/frame.h"

#include "ledger/base/wrong.h"

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
	read_version(&r, &out->version);
	reader_copy(&r, out->nonce, sizeof out->nonce);
	reader_copy(&r, out->log_key, sizeof out->log_key);
	out->origin = reader_range16(&r, ORIGIN_BYTES_MAX);
	return reader_done(&r);
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
	read_version(&r, &out->version);
	out->sender = reader_u32(&r);
	out->origin = reader_range16(&r, ORIGIN_BYTES_MAX);
	out->checkpoint = reader_range16(&r, NOTE_BYTES_MAX);
	reader_copy(&r, out->nonce, sizeof out->nonce);
	reader_copy(&r, out->signature, sizeof out->signature);
	return reader_done(&r);
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
	read_version(&r, &out->version);
	out->next_sequence = reader_u64(&r);
	out->ledger_time_s = reader_u64(&r);
	out->batch_events_max = reader_u32(&r);
	out->batch_bytes_max = reader_u32(&r);
	out->window_batches = reader_u32(&r);
	out->window_bytes = reader_u32(&r);
	policy_decode(&r, &out->policy);
	reader_copy(&r, out->signature, sizeof out->signature);
	return reader_done(&r);
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

/* The text is for a person and goes to a terminal: it must be UTF-8, or the whole frame is none. */
enum error frame_refusal_decode(struct bytes body, struct frame_refusal *out)
{
	struct reader r = reader_of(body);
	out->first_sequence = reader_u64(&r);
	out->expected_sequence = reader_u64(&r);
	out->error = (enum error)reader_u16(&r);
	out->event = reader_u32(&r);
	out->text = reader_range16(&r, REFUSAL_TEXT_MAX);
	if (WRONG(!bytes_utf8(out->text)))
		reader_fail(&r, E_NOT_UTF8);
	return reader_done(&r);
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
	struct reader r = reader_of(body);
	out->error = (enum error)reader_u16(&r);
	out->text = reader_range16(&r, REFUSAL_TEXT_MAX);
	if (WRONG(!bytes_utf8(out->text)))
		reader_fail(&r, E_NOT_UTF8);
	return reader_done(&r);
}
