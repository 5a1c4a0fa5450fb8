/* What is done to a spool: a record is appended to the journal first, and then the same is done in memory, by the
 * functions that the replay uses too (spool_open.c). A record that cannot be appended changes nothing.
 *
 *   pending:  [0] oldest ... [count-1]     acknowledged ≤ pending[0].first_sequence, next ≥ the end of the last
 *
 *   replace:  RECORD_REPLACE (many) ─► RECORD_REPLACED: only this one puts them in place; without it they never were
 *   secret:   acknowledged ─► wipes ─► sync ─► overwritten ─► sync
 *
 * A secret is overwritten only after the acknowledgement is durable: a crash in between would leave a batch that waits
 * and cannot be sent. */
#include "ingest/spool/spool_state.h"
#include "ledger/base/evidence.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define MESSAGE_BYTES 28u /* of a message in a record */
#define MESSAGE_FIELDS(F) F(U16, input) F(U16, events) F(U64, number) F(U64, identity.hash)

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

const char *spool_origin(const struct spool *spool)
{
	return spool->origin;
}

uint32_t spool_sender(const struct spool *spool)
{
	return spool->sender;
}

const struct spool_terms *spool_terms(const struct spool *spool)
{
	return spool->has_terms ? &spool->terms : NULL;
}

bool spool_was_old(const struct spool *spool)
{
	return spool->was_old;
}

bool spool_damaged(const struct spool *spool)
{
	return spool->damaged;
}

void spool_terms_encode(const struct spool_terms *terms, struct writer *out)
{
	writer_bytes(out, BYTES_ARRAY(terms->signer));
	policy_encode(&terms->policy, out);
	source_encode(&terms->source, out);
}

void spool_terms_decode(struct reader *in, uint16_t version, struct spool_terms *out)
{
	reader_copy(in, out->signer, sizeof out->signer);
	policy_decode(in, &out->policy);
	out->source = (struct source){.words = ""};
	if (version != SPOOL_VERSION_SOURCELESS)
		source_decode(in, &out->source);
}

void spool_adopt_terms(struct spool *spool, const struct spool_terms *terms)
{
	spool->terms = *terms;
	spool->has_terms = true;
}

static enum error append_small(struct spool *spool, enum spool_record type, struct bytes body)
{
	return journal_append(&spool->journal, (uint8_t)type, &body, 1, JOURNAL_NO_SECRET, NULL);
}

enum error spool_set_terms(struct spool *spool, const struct spool_terms *terms)
{
	uint8_t buffer[sizeof *terms + 64];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct bytes encoded;
	spool_terms_encode(terms, &w);
	TRY(writer_done(&w, &encoded));
	TRY(append_small(spool, RECORD_TERMS, encoded));
	spool_adopt_terms(spool, terms);
	return E_OK;
}

/* The shortest records: a sequence and nothing else. */
static enum error append_sequence(struct spool *spool, enum spool_record type, uint64_t sequence)
{
	uint8_t body[8];
	put_u64(body, sequence);
	return append_small(spool, type, BYTES_ARRAY(body));
}

void spool_move_start(struct spool *spool, uint64_t sequence)
{
	spool->next = sequence;
	if (spool->count == 0)
		spool->acknowledged = sequence;
}

enum error spool_start_at(struct spool *spool, uint64_t sequence)
{
	if (sequence < spool->next)
		return E_BAD_VALUE;
	TRY(append_sequence(spool, RECORD_START, sequence));
	spool_move_start(spool, sequence);
	return E_OK;
}

/* ---- appending ---- */

/* Counts were judged before (check_batch, the builder): nothing here is cut to fit its field. */
static enum error encode_origin(const struct spool_batch *batch, struct writer *out)
{
	writer_u16(out, (uint16_t)batch->input_count);
	for (size_t i = 0; i < batch->input_count; i++)
		writer_range16(out, batch->inputs[i]);
	writer_u32(out, (uint32_t)batch->message_count);
	for (size_t i = 0; i < batch->message_count; i++) {
		const struct spool_message *record = &batch->messages[i];
		MESSAGE_FIELDS(FIELD_WRITE);
		writer_u64(out, record->identity.check);
	}
	return out->error;
}

static bool is_remembered(const struct spool_message *message)
{
	return message->events > 0 && message->identity.hash != 0;
}

enum error spool_collect(const struct spool_batch *batch, struct spool_pending *pending)
{
	size_t count = 0;
	for (size_t i = 0; i < batch->message_count; i++)
		if (is_remembered(&batch->messages[i]))
			count += batch->messages[i].identity.check != 0 ? 2 : 1;
	pending->hashes = malloc((count + 1) * sizeof *pending->hashes);
	pending->hash_count = 0;
	TRY(allocated(pending->hashes));
	for (size_t i = 0; i < batch->message_count; i++) {
		const struct spool_identity *identity = &batch->messages[i].identity;
		if (!is_remembered(&batch->messages[i]))
			continue;
		pending->hashes[pending->hash_count++] = identity->hash;
		if (identity->check != 0)
			pending->hashes[pending->hash_count++] = identity->check;
	}
	return E_OK;
}

enum error spool_put_record(
	struct journal *journal, enum spool_record type, const struct spool_batch *batch, struct spool_pending *pending)
{
	size_t capacity = 2 + 4 + batch->message_count * MESSAGE_BYTES;
	for (size_t i = 0; i < batch->input_count; i++)
		capacity += 2 + batch->inputs[i].len;
	OWNED_MEMORY uint8_t *buffer = malloc(capacity);
	TRY(allocated(buffer));
	struct writer w = writer_of(buffer, capacity);
	TRY(encode_origin(batch, &w));
	uint8_t len[4];
	put_u32(len, (uint32_t)batch->body.len);
	struct bytes parts[3] = {BYTES_ARRAY(len), batch->body, bytes_of(buffer, writer_len(&w))};
	TRY(journal_append(journal, (uint8_t)type, parts, 3, SPOOL_SECRET_AT, &pending->at));
	struct reader r = reader_of(batch->body);
	batch_head_decode(&r, &pending->head);
	pending->body_bytes = (uint32_t)batch->body.len;
	pending->record_bytes = (uint32_t)(4 + batch->body.len + capacity);
	pending->intact = true;
	return E_OK;
}

static enum error append_record(
	struct spool *spool, enum spool_record type, const struct spool_batch *batch, struct spool_pending *pending)
{
	TRY(spool_collect(batch, pending));
	enum error error = spool_put_record(&spool->journal, type, batch, pending);
	if (error != E_OK)
		free(pending->hashes);
	return error;
}

/* A batch frame's body must at least hold its head and its secret. It starts at `sequence`, or with `later` behind it.
 */
static enum error check_batch(const struct spool_batch *batch, uint64_t sequence, bool later)
{
	for (size_t i = 0; i < batch->message_count; i++)
		if (batch->messages[i].number != SPOOL_NO_INPUT && batch->messages[i].input >= batch->input_count)
			return E_BAD_VALUE;
	struct reader r = reader_of(batch->body);
	struct batch_head head;
	batch_head_decode(&r, &head);
	reader_bytes(&r, JOURNAL_SECRET_BYTES);
	TRY(r.error);
	bool fits = later ? head.first_sequence >= sequence : head.first_sequence == sequence;
	return fits ? E_OK : E_SEQUENCE_HOLE;
}

/* The one place where a batch begins to wait, appended or replayed. */
void spool_wait(struct spool *spool, const struct spool_pending *pending)
{
	assert(spool->count < SPOOL_BATCHES_MAX && pending->head.first_sequence >= spool->next);
	spool->pending[spool->count++] = *pending;
	spool->bytes += pending->body_bytes;
	spool->next = pending->head.first_sequence + pending->head.count;
}

enum error spool_append(struct spool *spool, const struct spool_batch *batch)
{
	TRY(check_batch(batch, spool->next, false));
	if (spool->replacing_count > 0) /* which came to no end: what is behind it is cut off with it (spool_open.c) */
		return E_IO;
	if (spool->count == SPOOL_BATCHES_MAX)
		return E_TOO_MANY;
	struct spool_pending pending;
	TRY(append_record(spool, RECORD_BATCH, batch, &pending));
	spool_wait(spool, &pending);
	spool->batches_end = spool->journal.end;
	return E_OK;
}

/* Only batches count: an acknowledgement that is not durable does no harm, since the ledger repeats its receipt. */
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

/* While batches wait a rewrite copies them too, so it comes later; when nothing waits it costs next to nothing. */
static bool rewrite_due(const struct spool *spool)
{
	uint64_t limit = spool->count == 0 ? REWRITE_IDLE_BYTES : REWRITE_BYTES + spool->bytes;
	uint64_t state = 4 * (uint64_t)spool->state_bytes;
	return spool->replacing_count == 0 && spool->journal.end > (limit > state ? limit : state) &&
		   spool->journal.end > spool->rewrite_again;
}

/* Secrets go as soon as what makes them useless is durable, and not before. */
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

/* A second sync, for the wiping itself: a secret that is overwritten in memory only is still on the disk. */
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
	return journal_read(&spool->journal, spool->pending[i].at, 4, out, spool->pending[i].body_bytes);
}

enum error spool_body(struct spool *spool, size_t i, struct own_secret *out)
{
	if (i >= spool->count)
		return E_NOT_FOUND;
	size_t len = spool->pending[i].body_bytes;
	*out = (struct own_secret){malloc(len), len};
	return out->data != NULL ? spool_read(spool, i, out->data) : E_NO_MEMORY;
}

/* The memory holds messages, names, and the bytes that the names point into, in this order. */
static enum error decode_origin(uint16_t version, struct reader *in, struct spool_message *messages,
	size_t message_count, struct bytes *inputs, size_t input_count)
{
	reader_u16(in);
	for (size_t i = 0; i < input_count; i++)
		inputs[i] = reader_range16(in, SPOOL_NAME_BYTES_MAX);
	reader_u32(in);
	for (size_t i = 0; i < message_count; i++) {
		struct spool_message *record = &messages[i];
		MESSAGE_FIELDS(FIELD_READ);
		record->identity.check = version == SPOOL_VERSION_FIRST ? 0 : reader_u64(in);
		if (record->number != SPOOL_NO_INPUT && record->input >= input_count)
			return E_CORRUPT;
	}
	return reader_done(in) == E_OK ? E_OK : E_CORRUPT;
}

enum error spool_origin_decode(uint16_t version, struct bytes encoded, struct spool_batch *out)
{
	struct reader look = reader_of(encoded);
	size_t input_count = reader_u16(&look);
	for (size_t i = 0; i < input_count; i++)
		reader_range16(&look, SPOOL_NAME_BYTES_MAX);
	size_t message_count = reader_u32(&look);
	size_t message_bytes = version == SPOOL_VERSION_FIRST ? MESSAGE_BYTES - 8 : MESSAGE_BYTES;
	if (look.error != E_OK || reader_left(&look) != message_count * message_bytes)
		return E_CORRUPT;
	size_t messages_bytes = message_count * sizeof(struct spool_message);
	size_t inputs_bytes = input_count * sizeof(struct bytes);
	OWNED_MEMORY uint8_t *memory = malloc(messages_bytes + inputs_bytes + encoded.len);
	TRY(allocated(memory));
	struct spool_message *messages = (struct spool_message *)(void *)memory;
	struct bytes *inputs = (struct bytes *)(void *)(memory + messages_bytes);
	memcpy(memory + messages_bytes + inputs_bytes, encoded.data, encoded.len);
	struct reader r = reader_of(bytes_of(memory + messages_bytes + inputs_bytes, encoded.len));
	TRY(decode_origin(version, &r, messages, message_count, inputs, input_count));
	memory = NULL;
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
	OWNED_MEMORY uint8_t *encoded = malloc(len);
	TRY(allocated(encoded));
	TRY(journal_read(&spool->journal, pending->at, skip, encoded, len));
	return spool_origin_decode(spool->version, bytes_of(encoded, len), out);
}

/* ---- receipts ---- */

/* A sync empties the list: what stands in it becomes useless with it. */
static enum error room_for_wipes(struct spool *spool, size_t count)
{
	return spool->wipe_count + count > sizeof spool->wipes / sizeof spool->wipes[0] ? spool_sync(spool) : E_OK;
}

/* Callers make room; while replaying there are never more than two syncs' worth. */
static void add_wipe(struct spool *spool, uint64_t at)
{
	if (spool->wipe_count < sizeof spool->wipes / sizeof spool->wipes[0])
		spool->wipes[spool->wipe_count++] = at;
}

/* The batch waits no longer; its messages stay remembered, or do not. */
static enum error let_go(struct spool *spool, struct spool_pending *pending, bool keep)
{
	enum error error = E_OK;
	spool->bytes -= pending->body_bytes;
	if (pending->intact)
		add_wipe(spool, pending->at);
	if (keep)
		error = remembered_keep(spool->remembered, pending->hashes, pending->hash_count);
	for (uint32_t i = 0; !keep && i < pending->hash_count; i++)
		remembered_remove(spool->remembered, pending->hashes[i]);
	free(pending->hashes);
	pending->hashes = NULL;
	pending->hash_count = 0;
	return error;
}

enum error spool_drop(struct spool *spool, uint64_t sequence, bool keep)
{
	size_t dropped = 0;
	enum error error = E_OK;
	assert(sequence >= spool->acknowledged);
	spool->acknowledged = sequence;
	while (error == E_OK && dropped < spool->count && spool->pending[dropped].head.first_sequence < sequence)
		error = let_go(spool, &spool->pending[dropped++], keep);
	spool->count -= dropped;
	memmove(spool->pending, spool->pending + dropped, spool->count * sizeof spool->pending[0]);
	return error;
}

void spool_set_note(struct spool *spool, struct bytes note)
{
	if (note.len > 0)
		memcpy(spool->note, note.data, note.len);
	spool->note_len = note.len;
}

enum error spool_acknowledge(struct spool *spool, uint64_t sequence, struct bytes note)
{
	if (sequence < spool->acknowledged || sequence > spool->next || note.len > sizeof spool->note)
		return E_BAD_VALUE;
	TRY(room_for_wipes(spool, spool->count));
	uint8_t body[10 + NOTE_BYTES_MAX];
	struct writer w = writer_of(body, sizeof body);
	writer_u64(&w, sequence);
	writer_range16(&w, note);
	TRY(append_small(spool, RECORD_ACKNOWLEDGED, bytes_of(body, writer_len(&w))));
	spool_set_note(spool, note);
	return spool_drop(spool, sequence, true);
}

enum error spool_keep_evidence(struct spool *spool, struct bytes receipt)
{
	char name[64];
	snprintf(name, sizeof name, "bad-receipt-%" PRIu64, spool->acknowledged);
	return evidence_keep(spool->dir_fd, name, sizeof name, receipt);
}

/* ---- replacing ---- */

enum error spool_replace(struct spool *spool, size_t i, const struct spool_batch *batch)
{
	if (i >= spool->count)
		return E_NOT_FOUND;
	uint64_t sequence = spool->acknowledged;
	const struct batch_head *last = NULL;
	if (spool->replacing_count > 0)
		last = &spool->replacing[spool->replacing_count - 1].head;
	else if (i > 0)
		last = &spool->pending[i - 1].head;
	if (last != NULL)
		sequence = last->first_sequence + last->count;
	TRY(check_batch(batch, sequence, spool->replacing_count == 0));
	if (i + spool->replacing_count == SPOOL_BATCHES_MAX)
		return E_TOO_MANY;
	TRY(append_record(spool, RECORD_REPLACE, batch, &spool->replacing[spool->replacing_count]));
	spool->replacing_count++;
	return E_OK;
}

enum error spool_swap(struct spool *spool, size_t i)
{
	enum error error = E_OK;
	const struct spool_pending *first = spool->replacing_count > 0 ? &spool->replacing[0] : &spool->pending[i];
	spool->next = first->head.first_sequence;
	for (size_t j = i; j < spool->count && error == E_OK; j++)
		error = let_go(spool, &spool->pending[j], false);
	spool->count = i;
	for (size_t j = 0; j < spool->replacing_count; j++) {
		const struct spool_pending *new = &spool->replacing[j];
		spool_wait(spool, new);
		for (uint32_t k = 0; k < new->hash_count &&error == E_OK; k++)
			error = remembered_add(spool->remembered, new->hashes[k]);
	}
	spool->replacing_count = 0;
	return error;
}

/* One record puts all new batches in their place: a crash before it leaves the old ones, which are whole. */
enum error spool_replaced(struct spool *spool, size_t i, const struct spool_terms *terms)
{
	if (i >= spool->count)
		return E_NOT_FOUND;
	TRY(room_for_wipes(spool, spool->count));
	uint8_t body[12 + sizeof *terms + 64];
	struct writer w = writer_of(body, sizeof body);
	struct bytes part;
	writer_u64(&w, spool->pending[i].head.first_sequence);
	writer_u32(&w, (uint32_t)spool->replacing_count);
	if (terms != NULL)
		spool_terms_encode(terms, &w);
	TRY(writer_done(&w, &part));
	TRY(append_small(spool, RECORD_REPLACED, part));
	if (terms != NULL)
		spool_adopt_terms(spool, terms);
	spool->batches_end = spool->journal.end;
	return spool_swap(spool, i);
}

/* The batch counts as acknowledged, so that nothing is ever signed again at its sequences. */
enum error spool_set_aside(struct spool *spool)
{
	if (spool->count == 0)
		return E_NOT_FOUND;
	const struct batch_head *head = &spool->pending[0].head;
	uint64_t sequence = head->first_sequence + head->count;
	TRY(room_for_wipes(spool, 1));
	TRY(append_sequence(spool, RECORD_ASIDE, sequence));
	return spool_drop(spool, sequence, false);
}

/* ---- messages ---- */

/* Keyed with a secret of the spool: the hash of a message with a person number in it could else be tried out. */
uint64_t spool_hash(const struct spool *spool, const struct bytes *parts, size_t count)
{
	struct hash hash;
	hash_blake2b(&spool->hash_key, parts, count, &hash);
	uint64_t value = get_u64(hash.b);
	return value != 0 ? value : 1;
}

struct remembered *spool_remembered(const struct spool *spool)
{
	return spool->remembered;
}

/* Both, the id and what stands under it: an id that comes again with other content is told from the same event. */
enum error spool_remember(struct spool *spool, const struct spool_identity *identity)
{
	if (identity->hash == 0)
		return E_OK;
	TRY(remembered_add(spool->remembered, identity->hash));
	enum error error = identity->check != 0 ? remembered_add(spool->remembered, identity->check) : E_OK;
	if (error != E_OK)
		remembered_remove(spool->remembered, identity->hash);
	return error;
}

void spool_remember_undo(struct spool *spool, const struct spool_identity *identity)
{
	if (identity->hash != 0)
		remembered_remove(spool->remembered, identity->hash);
	if (identity->check != 0)
		remembered_remove(spool->remembered, identity->check);
}
