/* Events are encoded as they come, right into the body of the frame; only when the batch is closed are their sequences
 * known, and with them the openings, so places for the commitments are left open until then.
 *
 *   body: head ─ secret ─ event, event, ...      messages: where each came from, and how many of the events are its own
 *   close: draw the secret ─► walk the events: commitment into its place ─► root ─► sign ─► head and secret in front
 *
 * A message that does not fit leaves no trace: the length goes back to where it was. Whether a lack of room is the
 * batch's (close it and try again) or the message's own (refused) is decided by whether the batch is empty. */
#include "ingest/spool/builder.h"

#include "ledger/tree/merkle.h"

#include <assert.h>
#include <sodium.h>

#define EVENTS_AT (BATCH_HEAD_BYTES + sizeof(struct key))
#define EVENT_HEAD_BYTES (32 + 3 * 2)

/* Invariants: body[EVENTS_AT..len) holds `count` whole events of one kind; the messages' events add up to `count`;
 * every message with an input names one below `input_count`. It is large (a batch's limit) and is allocated once. */
struct builder {
	enum batch_kind kind; /* of the events so far */
	uint32_t count;
	size_t len; /* of the body */
	size_t message_count;
	size_t input_count;
	struct bytes inputs[BUILDER_INPUTS_MAX]; /* owned copies */
	struct spool_message messages[BUILDER_MESSAGES_MAX];
	struct hash leaves[BATCH_EVENTS_MAX];
	uint8_t disclosed[EVENT_BYTES_MAX];
	uint8_t restricted[EVENT_BYTES_MAX];
	uint8_t body[BATCH_BYTES_MAX];
};

enum error builder_new(struct builder **out)
{
	struct builder *builder = malloc(sizeof *builder);
	TRY(allocated(builder));
	builder->input_count = 0;
	builder_reset(builder);
	*out = builder;
	return E_OK;
}

void builder_free(struct builder *builder)
{
	if (builder == NULL)
		return;
	builder_reset(builder);
	free(builder);
}

/* Only the front of the body is wiped: the events are no secret from their own sender, the batch secret is one from
 * everybody. */
void builder_reset(struct builder *builder)
{
	for (size_t i = 0; i < builder->input_count; i++)
		free((void *)(uintptr_t)builder->inputs[i].data);
	builder->count = 0;
	builder->len = EVENTS_AT;
	builder->message_count = 0;
	builder->input_count = 0;
	sodium_memzero(builder->body, EVENTS_AT);
}

uint32_t builder_events(const struct builder *builder)
{
	return builder->count;
}

size_t builder_messages(const struct builder *builder)
{
	return builder->message_count;
}

/* ---- messages ---- */

/* The newest name is the likeliest. */
static enum error input_index(struct builder *builder, struct bytes name, uint32_t *out)
{
	for (size_t i = builder->input_count; i > 0; i--)
		if (bytes_equal(builder->inputs[i - 1], name)) {
			*out = (uint32_t)i - 1;
			return E_OK;
		}
	if (builder->input_count == BUILDER_INPUTS_MAX)
		return E_NO_ROOM;
	if (name.len > SPOOL_NAME_BYTES_MAX)
		return E_TOO_LONG;
	uint8_t *copy = malloc(name.len);
	TRY(allocated(copy));
	memcpy(copy, name.data, name.len);
	builder->inputs[builder->input_count] = bytes_of(copy, name.len);
	*out = (uint32_t)builder->input_count++;
	return E_OK;
}

static enum error add_message(struct builder *builder, const struct builder_source *source, size_t events)
{
	if (builder->message_count == BUILDER_MESSAGES_MAX)
		return E_NO_ROOM;
	struct spool_message message = {.number = SPOOL_NO_INPUT, .events = (uint32_t)events, .identity = source->identity};
	if (source->input.len > 0) {
		TRY(input_index(builder, source->input, &message.input));
		message.number = source->number;
	}
	builder->messages[builder->message_count++] = message;
	return E_OK;
}

/* All events of the message are in, or `error` is why not: then the batch is as it was `before`. */
static enum error end_message(struct builder *builder, size_t before, enum error error,
	const struct builder_source *source, enum batch_kind kind, size_t count)
{
	if (error == E_OK)
		error = add_message(builder, source, count);
	if (error != E_OK) {
		builder->len = before;
		return error;
	}
	builder->kind = kind;
	builder->count += (uint32_t)count;
	return E_OK;
}

/* E_NO_ROOM where an empty batch would take it. */
static enum error no_room(const struct builder *builder, struct fault *fault, const char *what, uint32_t limit)
{
	if (builder->count > 0)
		return E_NO_ROOM;
	return fault_set(fault, E_BATCH_TOO_LARGE, "the message alone is more than a batch can hold: %u %s", limit, what);
}

/* Before anything is encoded: what does not fit by its number is not worth the work. */
static enum error check_room(const struct builder *builder, size_t count, enum batch_kind kind,
	const struct builder_limits *limits, struct fault *fault)
{
	if (builder->message_count == BUILDER_MESSAGES_MAX)
		return E_NO_ROOM;
	if (builder->count > 0 && (kind != builder->kind || builder->count + count > limits->events_max))
		return E_NO_ROOM;
	if (count > BATCH_EVENTS_MAX)
		return no_room(builder, fault, "events", BATCH_EVENTS_MAX);
	return E_OK;
}

/* The commitment is left open until the batch is closed. */
static enum error put_event(struct builder *builder, const struct batch_event *event, size_t bytes_max)
{
	if (bytes_max > sizeof builder->body)
		bytes_max = sizeof builder->body;
	assert(builder->len >= EVENTS_AT && builder->len <= sizeof builder->body);
	size_t need = EVENT_HEAD_BYTES + event->header.len + event->disclosed.len + event->restricted.len;
	if (builder->len > bytes_max || need > bytes_max - builder->len)
		return E_NO_ROOM;
	struct writer w = writer_of(builder->body + builder->len, need);
	batch_event_encode(event, &w);
	TRY(w.error);
	builder->len += need;
	return E_OK;
}

/* ---- adding ---- */

/* The time is judged here, and only here: what waits in the spool was judged when it was added. */
static enum error put_plain(struct builder *builder, const struct event *event, const struct policy *policy,
	const struct builder_limits *limits, struct fault *fault)
{
	if (limits->time_max_s != 0 && event_time_ns(event) / 1000000000 > (int64_t)limits->time_max_s)
		return fault_set(fault, E_TIME_AHEAD,
			"time: more than %u hours ahead of the ledger's clock and of this machine's",
			EVENT_AHEAD_SECONDS_MAX / 3600);
	uint8_t header_bytes[HEADER_BYTES_MAX];
	struct writer header = writer_of(header_bytes, sizeof header_bytes);
	struct writer disclosed = writer_of(builder->disclosed, sizeof builder->disclosed);
	struct writer restricted = writer_of(builder->restricted, sizeof builder->restricted);
	struct batch_event encoded = {0};
	TRY(event_encode(event, policy, &disclosed, &restricted, fault));
	event_header_encode(&event->header, &header);
	if (writer_done(&header, &encoded.header) != E_OK || writer_done(&disclosed, &encoded.disclosed) != E_OK ||
		writer_done(&restricted, &encoded.restricted) != E_OK ||
		encoded.disclosed.len + encoded.restricted.len > EVENT_BYTES_MAX)
		return fault_set(fault, E_TOO_LONG, "the event is longer than %u bytes", EVENT_BYTES_MAX);
	return put_event(builder, &encoded, limits->bytes_max);
}

/* All of one message. With an error the fault's `event` says of which. */
static enum error put_all(struct builder *builder, const struct event *events, size_t count,
	const struct policy *policy, const struct builder_limits *limits, struct fault *fault)
{
	assert(count > 0);
	enum batch_kind kind = event_is_mass(&events[0]) ? BATCH_MASS : BATCH_EVENT;
	enum error error = check_room(builder, count, kind, limits, fault);
	size_t done = 0;
	while (error == E_OK && done < count) {
		if (event_is_mass(&events[done]) != (kind == BATCH_MASS))
			error = fault_set(fault, E_BAD_VALUE, "a message is about subjects or about none, not both");
		else
			error = put_plain(builder, &events[done], policy, limits, fault);
		if (error == E_OK)
			done++;
	}
	if (error == E_NO_ROOM && done < count)
		error = no_room(builder, fault, "bytes", limits->bytes_max);
	if (error != E_OK && error != E_NO_ROOM && fault != NULL)
		fault->event = (uint32_t)done;
	return error;
}

enum error builder_add(struct builder *builder, const struct event *events, size_t count, const struct policy *policy,
	const struct builder_limits *limits, const struct builder_source *source, struct fault *fault)
{
	size_t before = builder->len;
	enum error error = put_all(builder, events, count, policy, limits, fault);
	enum batch_kind kind = event_is_mass(&events[0]) ? BATCH_MASS : BATCH_EVENT;
	return end_message(builder, before, error, source, kind, count);
}

enum error builder_check(struct builder *builder, const struct event *events, size_t count, const struct policy *policy,
	const struct builder_limits *limits, struct fault *fault)
{
	size_t before = builder->len;
	enum error error = put_all(builder, events, count, policy, limits, fault);
	builder->len = before;
	return error;
}

enum error builder_add_encoded(struct builder *builder, const struct batch_event *events, size_t count,
	enum batch_kind kind, const struct builder_limits *limits, const struct builder_source *source)
{
	size_t before = builder->len;
	enum error error = check_room(builder, count, kind, limits, NULL);
	for (size_t i = 0; error == E_OK && i < count; i++)
		error = put_event(builder, &events[i], limits->bytes_max);
	return end_message(builder, before, error, source, kind, count);
}

/* ---- closing ---- */

/* An event's secret follows from the batch's and the sequence, and is kept nowhere. */
static void commit(const struct key *batch_secret, uint64_t sequence, const struct batch_event *event, struct hash *out)
{
	OWNED_KEY secret;
	struct hash c_d;
	struct hash c_r;
	event_secret(batch_secret, sequence, &secret);
	event_commit_restricted(&secret, event->restricted, &c_r);
	event_commit_disclosed(&c_r, event->disclosed, &c_d);
	event_commitment(event->header, &c_d, out);
}

/* The events are read back from the body, so that what is signed is what is sent, byte for byte. */
enum error builder_close(struct builder *builder, const struct sender_key *key, uint64_t first_sequence,
	uint64_t filing_checked, struct spool_batch *out)
{
	*out = (struct spool_batch){
		BYTES_EMPTY, builder->messages, builder->message_count, builder->inputs, builder->input_count};
	if (builder->count == 0)
		return E_OK;
	OWNED_KEY secret;
	randombytes_buf(secret.b, sizeof secret.b);
	struct reader r = reader_of(bytes_of(builder->body + EVENTS_AT, builder->len - EVENTS_AT));
	for (uint32_t i = 0; i < builder->count; i++) {
		uint8_t *commitment = builder->body + (r.at - builder->body);
		struct batch_event event;
		batch_event_decode(&r, &event);
		if (r.error != E_OK)
			break;
		commit(&secret, first_sequence + i, &event, &builder->leaves[i]);
		memcpy(commitment, builder->leaves[i].b, HASH_BYTES);
	}
	struct batch_head head = {.kind = builder->kind,
		.sender = key->sender,
		.first_sequence = first_sequence,
		.count = builder->count,
		.filing_checked = filing_checked};
	struct writer w = writer_of(builder->body, EVENTS_AT);
	struct hash root;
	TRY(reader_done(&r));
	merkle_root_of_leaves(builder->leaves, builder->count, &root);
	batch_sign(key->log.name, &root, key->secret_key, &head);
	batch_head_encode(&head, &w);
	writer_bytes(&w, BYTES_ARRAY(secret.b));
	out->body = bytes_of(builder->body, builder->len);
	return w.error;
}
