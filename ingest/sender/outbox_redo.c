/* Signing waiting batches again: a refused message is taken out, policy, key or place in the sequence changed. All
 * batches behind the change get new secrets; a secret is never used for two contents.
 *
 *   waiting batch ─► read back ─► message by message ─┬─ left out: reported (and remembered no more)
 *                                                     └─ kept: into the builder ─► full or at an end: RECORD_REPLACE
 *   all read ─► reports flushed ─► RECORD_REPLACED: the new ones wait in the place of the old ones
 *
 * Batches keep their sizes as far as the new policy lets them: a batch that grew over its limits becomes two. What
 * can fail leaves the old batches as they were, since nothing counts before the last record: a report may then come
 * twice, and never not at all. */
#include "ingest/sender/outbox_state.h"
#include "ledger/event/event_schema.h"

#include <inttypes.h>

struct redo {
	struct outbox *outbox;
	const struct outbox_redo *what;
	struct builder *builder;
	uint64_t sequence;
	struct builder_limits limits;
	struct event *events; /* decoded, of one message */
};

static void free_redo(struct redo *redo)
{
	builder_free(redo->builder);
	free(redo->events);
}

/* A waiting batch, read back. */
struct read_batch {
	struct own_secret body;
	struct spool_batch origin;
};

static void free_read(struct read_batch *read)
{
	own_secret_release(&read->body);
	free((void *)(uintptr_t)read->origin.messages);
}

static enum error read_batch(struct outbox *outbox, size_t i, struct read_batch *out)
{
	TRY(spool_body(outbox->spool, i, &out->body));
	return spool_messages(outbox->spool, i, &out->origin);
}

/* Under the sequence where the batch before ended, wherever it was before. */
static enum error emit(struct redo *redo)
{
	struct spool_batch batch;
	if (builder_events(redo->builder) == 0)
		return E_OK;
	TRY(builder_close(redo->builder, redo->outbox->key, redo->sequence, redo->outbox->claim, &batch));
	TRY(spool_replace(redo->outbox->spool, redo->what->i, &batch));
	redo->sequence += builder_events(redo->builder);
	builder_reset(redo->builder);
	return E_OK;
}

/* ---- messages ---- */

/* All of a message, before anything is done with one of them: half a message is never reported. */
static enum error decode_events(struct redo *redo, const struct batch_event *encoded, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		TRY(event_decode(encoded[i].disclosed, encoded[i].restricted, NULL, false, &redo->events[i], NULL));
		struct reader header = reader_of(encoded[i].header);
		event_header_decode(&header, &redo->events[i].header);
		TRY(reader_done(&header));
	}
	return E_OK;
}

/* By what it is recognised without its id, and wherever it stands. */
static uint64_t identity_of(const struct event *events, const struct spool_identity *identity)
{
	if ((events[0].present >> EVENT_ID & 1) != 0)
		return 0;
	return identity->check != 0 ? identity->check : identity->hash;
}

static void report(
	struct redo *redo, const struct builder_source *source, size_t count, enum error error, const char *text)
{
	const struct outbox_calls *calls = &redo->outbox->options.calls;
	struct outbox_rejection rejection = {source->input, source->number, error, text != NULL ? text : error_text(error),
		redo->events, count, identity_of(redo->events, &source->identity)};
	if (calls->rejected != NULL)
		calls->rejected(calls->context, &rejection);
}

static enum error put_message(struct redo *redo, const struct batch_event *encoded, size_t count, enum batch_kind kind,
	const struct builder_source *source, struct fault *fault)
{
	if (!redo->what->encode)
		return builder_add_encoded(redo->builder, encoded, count, kind, &redo->limits, source);
	return builder_add(redo->builder, redo->events, count, &redo->what->terms->policy, &redo->limits, source, fault);
}

/* The new policy may refuse what the old one took. */
static enum error keep_message(struct redo *redo, const struct batch_event *encoded, size_t count, enum batch_kind kind,
	const struct builder_source *source)
{
	struct fault fault = {0};
	if (redo->what->encode)
		TRY(decode_events(redo, encoded, count));
	enum error error = put_message(redo, encoded, count, kind, source, &fault);
	if (error == E_NO_ROOM) {
		TRY(emit(redo));
		error = put_message(redo, encoded, count, kind, source, &fault);
	}
	if (redo->what->encode && outbox_refusal(error)) {
		report(redo, source, count, error, fault.text);
		return E_OK;
	}
	return error;
}

/* ---- batches ---- */

#define EVERY_EVENT (UINT32_MAX - 1)

static enum error redo_batch(struct redo *redo, const struct read_batch *read, uint32_t event)
{
	struct reader r = reader_of(bytes_of(read->body.data, read->body.len));
	struct batch_head head;
	batch_head_decode(&r, &head);
	reader_bytes(&r, sizeof(struct key));
	uint32_t at = 0;
	for (size_t i = 0; i < read->origin.message_count; i++) {
		const struct spool_message *message = &read->origin.messages[i];
		struct batch_event encoded[EVENT_SUBJECTS_MAX];
		uint32_t count = message->events;
		struct builder_source source = {BYTES_EMPTY, message->number, message->identity};
		if (count > EVENT_SUBJECTS_MAX)
			return E_CORRUPT;
		if (message->number != SPOOL_NO_INPUT)
			source.input = read->origin.inputs[message->input];
		for (uint32_t j = 0; j < count; j++)
			batch_event_decode(&r, &encoded[j]);
		TRY(r.error);
		if (count > 0 && (event == EVERY_EVENT || (event >= at && event - at < count))) {
			TRY(decode_events(redo, encoded, count));
			report(redo, &source, count, redo->what->error, redo->what->text);
		} else if (count > 0) {
			TRY(keep_message(redo, encoded, count, head.kind, &source));
		}
		at += count;
	}
	TRY(reader_done(&r));
	return emit(redo);
}

static enum error open_redo(struct redo *redo)
{
	redo->events = malloc(EVENT_SUBJECTS_MAX * sizeof *redo->events);
	return redo->events == NULL ? E_NO_MEMORY : builder_new(&redo->builder);
}

/* Whose disk was full is said where that was met. */
static enum error told(struct fault *fault, enum error error, const struct fault *why, const char *what)
{
	return why->text[0] != '\0' ? fault_set(fault, error, "%s: %s", what, why->text)
								: fault_because(fault, error, "%s", what);
}

/* Reports become durable before the old batches go: a crash in between makes them come twice. */
static enum error redo_all(struct redo *redo, struct fault *why)
{
	struct outbox *outbox = redo->outbox;
	const struct outbox_redo *what = redo->what;
	TRY(open_redo(redo));
	outbox_limits(outbox, &redo->limits);
	redo->limits.events_max = BATCH_EVENTS_MAX; /* batches keep their sizes */
	redo->limits.time_max_s = 0;                /* judged when they were added */
	redo->sequence = what->start;
	for (size_t i = what->i; i < spool_count(outbox->spool); i++) {
		OWNED(free_read) struct read_batch read = {0};
		TRY(read_batch(outbox, i, &read));
		TRY(redo_batch(redo, &read, i == what->i ? what->event : FAULT_NO_EVENT));
	}
	TRY(outbox_call_flush(outbox, why));
	TRY(spool_replaced(outbox->spool, what->i, what->terms));
	if (outbox->ever_sent > what->start)
		outbox->ever_sent = what->start;
	return E_OK;
}

enum error outbox_redo(struct outbox *outbox, const struct outbox_redo *what, struct fault *fault)
{
	const struct spool_pending *pending = spool_pending(outbox->spool, what->i);
	if (pending == NULL || (what->event != FAULT_NO_EVENT && what->event >= pending->head.count))
		return fault_set(fault, E_BAD_VALUE, "the ledger refused an event that was not sent: %s", what->text);
	OWNED(free_redo) struct redo redo = {.outbox = outbox, .what = what};
	struct fault why = {.text = ""};
	enum error error = redo_all(&redo, &why);
	return told(fault, error, &why, "waiting batches cannot be signed again");
}

/* ---- without signing ---- */

static enum error set_aside(struct redo *redo, struct fault *why)
{
	OWNED(free_read) struct read_batch read = {0};
	TRY(open_redo(redo));
	TRY(read_batch(redo->outbox, 0, &read));
	TRY(redo_batch(redo, &read, EVERY_EVENT));
	TRY(outbox_call_flush(redo->outbox, why));
	return spool_set_aside(redo->outbox->spool);
}

enum error outbox_set_aside(struct outbox *outbox, enum error error, const char *text, struct fault *fault)
{
	struct outbox_redo what = {.error = error, .text = text};
	OWNED(free_redo) struct redo redo = {.outbox = outbox, .what = &what};
	struct fault why = {.text = ""};
	error = set_aside(&redo, &why);
	return told(fault, error, &why, "a waiting batch cannot be set aside");
}

/* The event is decoded for its time alone; what it is about stays in the body, which is wiped. */
enum error outbox_event_time(struct outbox *outbox, uint32_t event, int64_t *out_s)
{
	OWNED_MEMORY struct event *decoded = malloc(sizeof *decoded);
	struct batch_event encoded = {0};
	struct batch_head head;
	OWNED(free_read) struct read_batch read = {0};
	TRY(allocated(decoded));
	TRY(read_batch(outbox, 0, &read));
	struct reader r = reader_of(bytes_of(read.body.data, read.body.len));
	batch_head_decode(&r, &head);
	reader_bytes(&r, sizeof(struct key));
	for (uint32_t i = 0; r.error == E_OK && i <= event; i++)
		batch_event_decode(&r, &encoded);
	TRY(r.error);
	TRY(event_decode(encoded.disclosed, encoded.restricted, NULL, false, decoded, NULL));
	*out_s = event_time_ns(decoded) / 1000000000;
	return E_OK;
}
