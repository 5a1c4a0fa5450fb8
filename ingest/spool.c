#include "ingest/spool_state.h"

#include "ledger/keyfile.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REWRITE_BYTES 67108864u     /* a journal longer than this, and than four times its state, is rewritten */
#define REWRITE_IDLE_BYTES 1048576u /* the same when nothing waits */

/* ---- what is known ---- */

uint64_t spool_acknowledged(const struct spool *spool)
{
	return spool->acknowledged;
}

uint64_t spool_next(const struct spool *spool)
{
	return spool->next;
}

struct bytes spool_note(const struct spool *spool)
{
	return bytes_of(spool->note, spool->note_len);
}

const struct policy *spool_policy(const struct spool *spool)
{
	return spool->has_policy ? &spool->policy : NULL;
}

enum error spool_set_policy(struct spool *spool, const struct policy *policy)
{
	uint8_t buffer[sizeof *policy + 64];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct bytes encoded;
	policy_encode(policy, &w);
	TRY(writer_done(&w, &encoded));
	TRY(journal_append(&spool->journal, RECORD_POLICY, &encoded, 1, JOURNAL_NO_SECRET, NULL));
	spool->policy = *policy;
	spool->has_policy = true;
	return E_OK;
}

enum error spool_start_at(struct spool *spool, uint64_t sequence)
{
	if (sequence < spool->next)
		return E_BAD_VALUE;
	uint8_t body[8];
	put_u64(body, sequence);
	struct bytes part = BYTES_ARRAY(body);
	TRY(journal_append(&spool->journal, RECORD_START, &part, 1, JOURNAL_NO_SECRET, NULL));
	spool->next = sequence;
	if (spool->count == 0)
		spool->acknowledged = sequence;
	return E_OK;
}

/* ---- appending ---- */

static enum error encode_origin(const struct spool_batch *batch, struct writer *out)
{
	writer_u16(out, (uint16_t)batch->input_count);
	for (size_t i = 0; i < batch->input_count; i++)
		writer_range16(out, batch->inputs[i]);
	writer_u32(out, (uint32_t)batch->message_count);
	for (size_t i = 0; i < batch->message_count; i++) {
		const struct spool_message *message = &batch->messages[i];
		writer_u16(out, (uint16_t)message->input);
		writer_u16(out, (uint16_t)message->events);
		writer_u64(out, message->number);
		writer_u64(out, message->hash);
	}
	return out->error;
}

/* Writes the record; `pending` is filled in when the batch has events. */
static enum error append_record(
	struct spool *spool, enum spool_record type, const struct spool_batch *batch, struct spool_pending *pending)
{
	size_t capacity = 2 + 4 + batch->message_count * 20;
	for (size_t i = 0; i < batch->input_count; i++)
		capacity += 2 + batch->inputs[i].len;
	uint8_t *buffer = malloc(capacity);
	if (buffer == NULL)
		return E_NO_MEMORY;
	struct writer w = writer_of(buffer, capacity);
	enum error error = encode_origin(batch, &w);
	uint8_t len[4];
	put_u32(len, (uint32_t)batch->body.len);
	struct bytes parts[3] = {BYTES_ARRAY(len), batch->body, bytes_of(buffer, writer_len(&w))};
	uint32_t secret_at = batch->body.len > 0 ? SPOOL_SECRET_AT : JOURNAL_NO_SECRET;
	uint64_t at = 0;
	if (error == E_OK)
		error = journal_append(&spool->journal, (uint8_t)type, parts, 3, secret_at, &at);
	free(buffer);
	if (error == E_OK && batch->body.len > 0) {
		struct reader r = reader_of(batch->body);
		batch_head_decode(&r, &pending->head);
		pending->body_bytes = (uint32_t)batch->body.len;
		pending->record_bytes = (uint32_t)(4 + batch->body.len + capacity);
		pending->at = at;
		pending->intact = true;
	}
	return error;
}

enum error spool_remember(struct spool *spool, const struct spool_batch *batch)
{
	for (size_t i = 0; i < batch->message_count; i++) {
		const struct spool_message *message = &batch->messages[i];
		if (message->number == SPOOL_NO_INPUT)
			continue;
		uint64_t input = spool_hash(spool, batch->inputs[message->input]);
		TRY(inputs_put(spool->inputs, input, message->number, message->hash));
	}
	return E_OK;
}

/* A batch frame's body must at least hold its head and its secret. */
static enum error check_batch(const struct spool_batch *batch, uint64_t sequence)
{
	for (size_t i = 0; i < batch->message_count; i++)
		if (batch->messages[i].number != SPOOL_NO_INPUT && batch->messages[i].input >= batch->input_count)
			return E_BAD_VALUE;
	if (batch->body.len == 0)
		return E_OK;
	struct reader r = reader_of(batch->body);
	struct batch_head head;
	batch_head_decode(&r, &head);
	reader_bytes(&r, JOURNAL_SECRET_BYTES);
	TRY(r.error);
	return head.first_sequence == sequence ? E_OK : E_SEQUENCE_HOLE;
}

enum error spool_append(struct spool *spool, const struct spool_batch *batch)
{
	TRY(check_batch(batch, spool->next));
	if (spool->count == SPOOL_BATCHES_MAX)
		return E_TOO_MANY;
	struct spool_pending *pending = &spool->pending[spool->count];
	TRY(append_record(spool, RECORD_BATCH, batch, pending));
	TRY(spool_remember(spool, batch));
	if (batch->body.len == 0)
		return E_OK;
	spool->count++;
	spool->bytes += pending->body_bytes;
	spool->next += pending->head.count;
	spool->batches_end = spool->journal.end;
	return E_OK;
}

bool spool_synced(const struct spool *spool)
{
	return spool->batches_end <= spool->journal.synced;
}

/* The acknowledgements before a sync are durable after it: then the secrets can go. */
static enum error wipe(struct spool *spool, size_t count)
{
	for (size_t i = 0; i < count; i++)
		TRY(journal_wipe(&spool->journal, spool->wipes[i], SPOOL_SECRET_AT));
	memmove(spool->wipes, spool->wipes + count, (spool->wipe_count - count) * sizeof spool->wipes[0]);
	spool->wipe_count -= count;
	spool->wiped = count > 0;
	return E_OK;
}

static bool rewrite_due(const struct spool *spool)
{
	uint64_t limit = spool->count == 0 ? REWRITE_IDLE_BYTES : REWRITE_BYTES + spool->bytes;
	uint64_t state = 4 * (uint64_t)spool->state_bytes;
	return spool->replacing_count == 0 && spool->journal.end > (limit > state ? limit : state);
}

enum error spool_sync(struct spool *spool)
{
	TRY(journal_sync(&spool->journal));
	TRY(wipe(spool, spool->wipe_count));
	return rewrite_due(spool) && spool->count > 0 ? spool_rewrite(spool) : E_OK;
}

bool spool_settled(const struct spool *spool)
{
	return spool->journal.synced == spool->journal.end && spool->wipe_count == 0 && !spool->wiped &&
		   !(spool->count == 0 && rewrite_due(spool));
}

enum error spool_settle(struct spool *spool)
{
	if (spool_settled(spool))
		return E_OK;
	TRY(spool_sync(spool));
	if (spool->wiped)
		TRY(journal_sync(&spool->journal));
	spool->wiped = false;
	return rewrite_due(spool) ? spool_rewrite(spool) : E_OK;
}

/* ---- waiting batches ---- */

size_t spool_count(const struct spool *spool)
{
	return spool->count;
}

size_t spool_bytes(const struct spool *spool)
{
	return spool->bytes;
}

const struct spool_pending *spool_pending(const struct spool *spool, size_t i)
{
	return i < spool->count ? &spool->pending[i] : NULL;
}

enum error spool_read(struct spool *spool, size_t i, uint8_t *out)
{
	if (i >= spool->count)
		return E_NOT_FOUND;
	TRY(journal_write(&spool->journal));
	return journal_read(&spool->journal, spool->pending[i].at, 4, out, spool->pending[i].body_bytes);
}

/* The memory holds messages, names, and the bytes that the names point into, in this order. */
static enum error decode_origin(
	struct reader *r, struct spool_message *messages, size_t message_count, struct bytes *inputs, size_t input_count)
{
	reader_u16(r);
	for (size_t i = 0; i < input_count; i++)
		inputs[i] = reader_range16(r, SPOOL_NAME_BYTES_MAX);
	reader_u32(r);
	for (size_t i = 0; i < message_count; i++) {
		messages[i].input = reader_u16(r);
		messages[i].events = reader_u16(r);
		messages[i].number = reader_u64(r);
		messages[i].hash = reader_u64(r);
		if (messages[i].number != SPOOL_NO_INPUT && messages[i].input >= input_count)
			return E_CORRUPT;
	}
	return reader_done(r) == E_OK ? E_OK : E_CORRUPT;
}

enum error spool_origin_decode(struct bytes encoded, struct spool_batch *out)
{
	struct reader look = reader_of(encoded);
	size_t input_count = reader_u16(&look);
	for (size_t i = 0; i < input_count; i++)
		reader_range16(&look, SPOOL_NAME_BYTES_MAX);
	size_t message_count = reader_u32(&look);
	if (look.error != E_OK || reader_left(&look) != message_count * 20)
		return E_CORRUPT;
	size_t messages_bytes = message_count * sizeof(struct spool_message);
	size_t inputs_bytes = input_count * sizeof(struct bytes);
	uint8_t *memory = malloc(messages_bytes + inputs_bytes + encoded.len);
	if (memory == NULL)
		return E_NO_MEMORY;
	struct spool_message *messages = (struct spool_message *)(void *)memory;
	struct bytes *inputs = (struct bytes *)(void *)(memory + messages_bytes);
	memcpy(memory + messages_bytes + inputs_bytes, encoded.data, encoded.len);
	struct reader r = reader_of(bytes_of(memory + messages_bytes + inputs_bytes, encoded.len));
	enum error error = decode_origin(&r, messages, message_count, inputs, input_count);
	if (error != E_OK) {
		free(memory);
		return error;
	}
	*out = (struct spool_batch){BYTES_EMPTY, messages, message_count, inputs, input_count};
	return E_OK;
}

enum error spool_messages(struct spool *spool, size_t i, struct spool_batch *out)
{
	if (i >= spool->count)
		return E_NOT_FOUND;
	const struct spool_pending *pending = &spool->pending[i];
	size_t skip = 4 + (size_t)pending->body_bytes;
	size_t len = pending->record_bytes - skip;
	uint8_t *encoded = malloc(len);
	if (encoded == NULL)
		return E_NO_MEMORY;
	enum error error = journal_write(&spool->journal);
	if (error == E_OK)
		error = journal_read(&spool->journal, pending->at, skip, encoded, len);
	if (error == E_OK)
		error = spool_origin_decode(bytes_of(encoded, len), out);
	free(encoded);
	return error;
}

/* ---- receipts ---- */

/* Callers make room; while replaying there are never more than two syncs' worth. */
static void add_wipe(struct spool *spool, uint64_t at)
{
	if (spool->wipe_count < sizeof spool->wipes / sizeof spool->wipes[0])
		spool->wipes[spool->wipe_count++] = at;
}

void spool_drop(struct spool *spool, uint64_t sequence)
{
	size_t dropped = 0;
	while (dropped < spool->count && spool->pending[dropped].head.first_sequence < sequence) {
		spool->bytes -= spool->pending[dropped].body_bytes;
		if (spool->pending[dropped].intact)
			add_wipe(spool, spool->pending[dropped].at);
		dropped++;
	}
	spool->count -= dropped;
	memmove(spool->pending, spool->pending + dropped, spool->count * sizeof spool->pending[0]);
}

enum error spool_acknowledge(struct spool *spool, uint64_t sequence, struct bytes note)
{
	if (sequence < spool->acknowledged || sequence > spool->next || note.len > sizeof spool->note)
		return E_BAD_VALUE;
	if (spool->wipe_count + spool->count > sizeof spool->wipes / sizeof spool->wipes[0])
		TRY(spool_sync(spool));
	uint8_t head[10];
	put_u64(head, sequence);
	put_u16(head + 8, (uint16_t)note.len);
	struct bytes parts[2] = {BYTES_ARRAY(head), note};
	TRY(journal_append(&spool->journal, RECORD_ACKNOWLEDGED, parts, 2, JOURNAL_NO_SECRET, NULL));
	if (note.len > 0)
		memcpy(spool->note, note.data, note.len);
	spool->note_len = note.len;
	spool->acknowledged = sequence;
	spool_drop(spool, sequence);
	return E_OK;
}

enum error spool_keep_evidence(struct spool *spool, struct bytes receipt)
{
	char name[64];
	snprintf(name, sizeof name, "bad-receipt-%" PRIu64, spool->acknowledged);
	if (faccessat(spool->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return E_OK;
	return file_write_atomic(spool->dir_fd, name, receipt, 0600);
}

/* ---- replacing ---- */

enum error spool_replace(struct spool *spool, size_t i, const struct spool_batch *batch)
{
	if (i >= spool->count)
		return E_NOT_FOUND;
	uint64_t sequence = spool->pending[i].head.first_sequence;
	if (spool->replacing_count > 0) {
		const struct batch_head *last = &spool->replacing[spool->replacing_count - 1].head;
		sequence = last->first_sequence + last->count;
	}
	TRY(check_batch(batch, sequence));
	if (batch->body.len == 0)
		return E_OK;
	if (i + spool->replacing_count == SPOOL_BATCHES_MAX)
		return E_TOO_MANY;
	TRY(append_record(spool, RECORD_REPLACE, batch, &spool->replacing[spool->replacing_count]));
	spool->replacing_count++;
	return E_OK;
}

void spool_swap(struct spool *spool, size_t i)
{
	uint64_t next = spool->pending[i].head.first_sequence;
	for (size_t j = i; j < spool->count; j++) {
		spool->bytes -= spool->pending[j].body_bytes;
		if (spool->pending[j].intact)
			add_wipe(spool, spool->pending[j].at);
	}
	spool->count = i;
	for (size_t j = 0; j < spool->replacing_count; j++) {
		const struct spool_pending *new = &spool->replacing[j];
		spool->pending[spool->count++] = *new;
		spool->bytes += new->body_bytes;
		next = new->head.first_sequence + new->head.count;
	}
	spool->next = next;
	spool->replacing_count = 0;
}

enum error spool_replaced(struct spool *spool, size_t i)
{
	if (i >= spool->count)
		return E_NOT_FOUND;
	if (spool->wipe_count + spool->count > sizeof spool->wipes / sizeof spool->wipes[0])
		TRY(spool_sync(spool));
	uint8_t body[8];
	put_u64(body, spool->pending[i].head.first_sequence);
	struct bytes part = BYTES_ARRAY(body);
	TRY(journal_append(&spool->journal, RECORD_REPLACED, &part, 1, JOURNAL_NO_SECRET, NULL));
	spool_swap(spool, i);
	spool->batches_end = spool->journal.end;
	return spool_sync(spool);
}

/* ---- inputs ---- */

uint64_t spool_hash(const struct spool *spool, struct bytes text)
{
	struct hash hash;
	hash_blake2b(&spool->hash_key, &text, 1, &hash);
	return get_u64(hash.b);
}

enum error spool_taken(struct spool *spool, struct bytes input, uint64_t number, uint64_t hash, bool *out)
{
	return inputs_match(spool->inputs, spool_hash(spool, input), number, hash, out);
}

void spool_forget(struct spool *spool, struct bytes input)
{
	inputs_forget(spool->inputs, spool_hash(spool, input));
}
