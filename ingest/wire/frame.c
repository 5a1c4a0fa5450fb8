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
static void read_version(struct reader *in, uint16_t *version)
{
	*version = reader_u16(in);
	if (in->error == E_OK && WRONG(*version != PROTOCOL_VERSION))
		reader_fail(in, E_VERSION);
}

/* It is for a person and goes to a terminal: it must be UTF-8, or the whole frame is none. */
static void read_reason(struct reader *in, struct bytes *text)
{
	*text = reader_range16(in, REFUSAL_TEXT_MAX);
	if (WRONG(!bytes_utf8(*text)))
		reader_fail(in, E_NOT_UTF8);
}

#define FIELD_WRITE_VERSION(member) writer_u16(out, record->member)
#define FIELD_READ_VERSION(member) read_version(in, &record->member)
#define FIELD_WRITE_REASON(member) writer_range16(out, record->member)
#define FIELD_READ_REASON(member) read_reason(in, &record->member)
#define FIELD_WRITE_POLICY(member) policy_encode(&record->member, out)
#define FIELD_READ_POLICY(member) policy_decode(in, &record->member)
#define FIELD_WRITE_SOURCE(member) source_encode(&record->member, out)
#define FIELD_READ_SOURCE(member) source_decode(in, &record->member)

/* A frame of this type is its fields, and so is its body; what is read of it is all that it has. */
#define FRAME_OF(name, type, FIELDS)                                                        \
	enum error frame_##name##_encode(const struct frame_##name *record, struct writer *out) \
	{                                                                                       \
		const uint8_t *start = begin(type, out);                                            \
		FIELDS(FIELD_WRITE);                                                                \
		return finish(start, out);                                                          \
	}                                                                                       \
	enum error frame_##name##_decode(struct bytes body, struct frame_##name *record)        \
	{                                                                                       \
		struct reader r = reader_of(body), *in = &r;                                        \
		FIELDS(FIELD_READ);                                                                 \
		return reader_done(in);                                                             \
	}                                                                                       \
	_Static_assert(1, "a semicolon follows")

#define CHALLENGE_FIELDS(F) F(VERSION, version) F(BYTES, nonce) F(BYTES, log_key) F(RANGE16, origin, ORIGIN_BYTES_MAX)
FRAME_OF(challenge, FRAME_CHALLENGE, CHALLENGE_FIELDS);

/* clang-format off */
#define HELLO_FIELDS(F) \
	F(VERSION, version) F(U32, sender) F(RANGE16, origin, ORIGIN_BYTES_MAX) \
	F(RANGE16, checkpoint, NOTE_BYTES_MAX) F(BYTES, nonce) F(BYTES, signature)
/* clang-format on */
FRAME_OF(hello, FRAME_HELLO, HELLO_FIELDS);

/* clang-format off */
#define WELCOME_SIGNED_FIELDS(F) \
	F(VERSION, version) F(U64, next_sequence) F(U64, ledger_time_s) F(U32, batch_events_max) \
	F(U32, batch_bytes_max) F(U32, window_batches) F(U32, window_bytes) F(POLICY, policy) F(SOURCE, source)
/* clang-format on */
#define WELCOME_FIELDS(F) WELCOME_SIGNED_FIELDS(F) F(BYTES, signature)
FRAME_OF(welcome, FRAME_WELCOME, WELCOME_FIELDS);

void frame_welcome_fields(const struct frame_welcome *record, struct writer *out)
{
	WELCOME_SIGNED_FIELDS(FIELD_WRITE);
}

#define REFUSAL_FIELDS(F) F(U64, first_sequence) F(U64, expected_sequence) F(U16, error) F(U32, event) F(REASON, text)
FRAME_OF(refusal, FRAME_REFUSAL, REFUSAL_FIELDS);

#define ERROR_FIELDS(F) F(U16, error) F(REASON, text)
FRAME_OF(error, FRAME_ERROR, ERROR_FIELDS);
