/* The signature covers the origin and the kind: a batch that was signed for one log, or as events, is good for no other
 * log and not as mass events. What the range keeps is asked in one place, for the frame and for the batch entry in the
 * log, so that nothing is taken in that could not be written down. */
#include "ledger/event/batch.h"

#include "ledger/base/domain.h"
#include "ledger/base/wrong.h"

#include <assert.h>
#include <sodium.h>

#define MESSAGE_BYTES_MAX (sizeof DOMAIN_BATCH + ORIGIN_BYTES_MAX + 64)

void batch_message(const char *origin, const struct batch_head *head, const struct hash *root, struct writer *out)
{
	writer_bytes(out, BYTES_LITERAL(DOMAIN_BATCH));
	writer_range16(out, bytes_text(origin));
	writer_u8(out, (uint8_t)head->kind);
	writer_u32(out, head->sender);
	writer_u64(out, head->first_sequence);
	writer_u32(out, head->count);
	writer_bytes(out, hash_bytes(root));
	writer_u64(out, head->filing_checked);
}

static struct bytes message_of(
	const char *origin, const struct batch_head *head, const struct hash *root, uint8_t buffer[MESSAGE_BYTES_MAX])
{
	struct writer writer = writer_of(buffer, MESSAGE_BYTES_MAX);
	batch_message(origin, head, root, &writer);
	assert(writer.error == E_OK); /* no origin is longer than its limit */
	return bytes_of(buffer, writer_len(&writer));
}

void batch_sign(const char *origin, const struct hash *root, const uint8_t secret_key[64], struct batch_head *head)
{
	uint8_t buffer[MESSAGE_BYTES_MAX];
	struct bytes message = message_of(origin, head, root, buffer);
	crypto_sign_detached(head->signature, NULL, message.data, message.len, secret_key);
}

bool batch_is_question(const struct batch_head *head)
{
	return sodium_is_zero(head->signature, sizeof head->signature);
}

enum error batch_check_signature(
	const char *origin, const struct batch_head *head, const struct hash *root, const uint8_t public_key[32])
{
	uint8_t buffer[MESSAGE_BYTES_MAX];
	struct bytes message = message_of(origin, head, root, buffer);
	if (WRONG(crypto_sign_verify_detached(head->signature, message.data, message.len, public_key) != 0))
		return E_BAD_SIGNATURE;
	return E_OK;
}

/* ---- head ---- */

enum error batch_check_range(uint64_t first_sequence, uint32_t count, uint64_t filing_checked)
{
	if (WRONG(count == 0))
		return E_EMPTY_BATCH;
	if (WRONG(count > BATCH_EVENTS_MAX))
		return E_BATCH_TOO_LARGE;
	if (WRONG(first_sequence > UINT64_MAX - count) || WRONG(filing_checked > first_sequence))
		return E_BAD_VALUE;
	return E_OK;
}

void batch_head_encode(const struct batch_head *record, struct writer *out)
{
	writer_u8(out, (uint8_t)record->kind);
	BATCH_FIELDS(FIELD_WRITE);
}

void batch_head_decode(struct reader *in, struct batch_head *out)
{
	struct batch_head head = {0}, *record = &head;
	uint8_t kind = reader_u8(in);
	if (WRONG(kind != BATCH_EVENT && kind != BATCH_MASS))
		reader_fail(in, E_BAD_VALUE);
	head.kind = (enum batch_kind)kind;
	BATCH_FIELDS(FIELD_READ);
	if (in->error == E_OK) {
		enum error error = batch_check_range(head.first_sequence, head.count, head.filing_checked);
		if (error != E_OK)
			reader_fail(in, error);
	}
	*out = in->error == E_OK ? head : (struct batch_head){0};
}

/* ---- events ---- */

void batch_event_encode(const struct batch_event *event, struct writer *out)
{
	writer_bytes(out, hash_bytes(&event->commitment));
	writer_range16(out, event->header);
	writer_range16(out, event->disclosed);
	writer_range16(out, event->restricted);
}

void batch_event_decode(struct reader *in, struct batch_event *out)
{
	struct batch_event event;
	reader_copy(in, event.commitment.b, HASH_BYTES);
	event.header = reader_range16(in, HEADER_BYTES_MAX);
	event.disclosed = reader_range16(in, EVENT_BYTES_MAX);
	event.restricted = reader_range16(in, EVENT_BYTES_MAX - event.disclosed.len);
	*out = in->error == E_OK ? event : (struct batch_event){0};
}
