/* What callers call: opening, what is known, adding. Nothing here waits for the network; outbox_link.c does.
 *
 *   event ─► identified (id, or content) ─► known? E_EXISTS, or refused ─► open batch ─► full: signed, into the spool
 *
 * What can fail: the message (refused: nothing of it was taken, the caller says so and goes on), memory (nothing of it
 * was taken either), or the spool (final).
 * A message is remembered when it goes into the open batch, not when that is signed, so that its equal a moment later
 * is recognised. `ever_sent` begins at the spool's end: what an earlier process may have sent is never taken for fresh.
 */
#include "ingest/sender/outbox_state.h"
#include "ledger/base/clock.h"
#include "ledger/event/event_schema.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>

#define SPOOL_MEMORY "the spool's memory of messages"

/* ---- opening ---- */

static enum error spool_path(const struct outbox *outbox, char out[PATH_MAX], struct fault *fault)
{
	const char *name = outbox->options.spool;
	int len = name != NULL ? snprintf(out, PATH_MAX, "%s", name)
						   : snprintf(out, PATH_MAX, "%s.spool", outbox->options.key_path);
	return len >= 0 && len < PATH_MAX ? E_OK : fault_set(fault, E_USAGE, "the name of the spool is too long");
}

static enum error open_spool(struct outbox *outbox, struct fault *fault)
{
	char path[PATH_MAX];
	TRY(spool_path(outbox, path, fault));
	TRY(spool_open(path, outbox->key->log.name, outbox->key->sender, &outbox->spool, fault));
	outbox->forgotten = remembered_forgotten(spool_remembered(outbox->spool));
	if (spool_was_old(outbox->spool))
		outbox_notice(outbox,
			"the spool was written by an earlier version: what waits in it is sent, but which messages "
			"were sent before is not taken over, and files that were sent are sent again");
	if (spool_damaged(outbox->spool))
		outbox_notice(outbox,
			"ALARM: the spool is damaged, and a part of it is lost: messages that waited there are sent again when "
			"their file is, also those that the ledger has; what came through a pipe is gone");
	return outbox_filing_open(outbox, path, fault);
}

/* Another sender's or another log's key in the file is not ours: what waits here cannot be signed with it. */
enum error outbox_read_key(struct outbox *outbox, bool *newer, struct fault *fault)
{
	char path[PATH_MAX];
	OWNED(sender_key_wipe) struct sender_key key = {0};
	TRY(spool_path(outbox, path, fault));
	TRY(sender_key_read(outbox->options.key_path, &key, fault));
	*newer = key.sender == outbox->key->sender && strcmp(key.log.name, outbox->key->log.name) == 0 &&
			 memcmp(key.public_key, outbox->key->public_key, sizeof key.public_key) != 0;
	enum error error = E_OK;
	if (*newer) {
		outbox_filing_close(outbox); /* its thread signs with the key */
		memcpy(outbox->key->public_key, key.public_key, sizeof key.public_key);
		memcpy(outbox->key->secret_key, key.secret_key, sizeof key.secret_key);
		error = outbox_filing_open(outbox, path, fault);
	}
	return error;
}

static enum error open_parts(struct outbox *outbox, struct fault *fault)
{
	if (outbox->options.server != NULL)
		TRY(outbox_line_address(outbox, fault));
	if (outbox->options.batch > BATCH_EVENTS_MAX)
		return fault_set(fault, E_USAGE, "a batch holds at most %u events", BATCH_EVENTS_MAX);
	if (outbox->options.batch == 0)
		outbox->options.batch = BATCH_EVENTS_DEFAULT;
	TRY(sender_key_read(outbox->options.key_path, outbox->key, fault));
	TRY(open_spool(outbox, fault));
	TRY(fault_set(fault,
		client_session_init(&outbox->session, &outbox->key->log, outbox->key->sender, spool_note(outbox->spool)),
		"the spool's last receipt is not signed by the log that the key file names"));
	outbox->out = malloc(OUTBOX_OUT_BYTES);
	outbox->in = malloc(OUTBOX_IN_BYTES);
	outbox->scratch = malloc(EVENT_BYTES_MAX + HEADER_BYTES_MAX);
	outbox->ever_sent = spool_next(outbox->spool);
	if (outbox->out == NULL || outbox->in == NULL || outbox->scratch == NULL || builder_new(&outbox->builder) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	return E_OK;
}

enum error outbox_open(const struct outbox_options *options, struct outbox **out, struct fault *fault)
{
	if (sodium_init() < 0)
		return fault_set(fault, E_IO, "no source of random numbers");
	OWNED(outbox_release) struct outbox *outbox = calloc(1, sizeof *outbox);
	TRY(fault_set(fault, allocated(outbox), ""));
	outbox->options = *options;
	outbox->fd = -1;
	outbox->key = sodium_malloc(sizeof *outbox->key);
	TRY(fault_set(fault, allocated(outbox->key), ""));
	TRY(open_parts(outbox, fault));
	*out = OWN_TAKE(outbox);
	return E_OK;
}

void outbox_close(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	outbox_line_close(outbox);
	tls_client_close(outbox->tls);
	outbox_filing_close(outbox);
	spool_close(outbox->spool);
	builder_free(outbox->builder);
	own_wipe(outbox->out, OUTBOX_OUT_BYTES); /* it held batch secrets */
	free(outbox->in);
	own_wipe(outbox->scratch, EVENT_BYTES_MAX + HEADER_BYTES_MAX);
	sodium_free(outbox->key); /* which wipes it */
	free(outbox);
}

/* ---- what is known ---- */

/* How much may wait: a refusal makes everything behind it be signed again, so not too much. */
static void waiting_limits(const struct outbox *outbox, size_t *batches, size_t *bytes)
{
	*batches = SPOOL_BATCHES_MAX;
	*bytes = SPOOL_BYTES_MAX;
	if (outbox->session.state != CLIENT_OPEN)
		return;
	*batches = 2 * (size_t)outbox->session.welcome.window_batches;
	*bytes = 2 * (size_t)outbox->session.welcome.window_bytes;
}

/* Once for each that something falls out of it. */
static void look_at_memory(struct outbox *outbox)
{
	const struct remembered *remembered = spool_remembered(outbox->spool);
	uint64_t forgotten = remembered_forgotten(remembered);
	if (forgotten > outbox->forgotten)
		outbox_notice(outbox,
			"the spool remembers the newest %" PRIu64 " messages that were sent; %" PRIu64
			" older ones are forgotten, and would be sent again if they came again",
			remembered_kept(remembered), forgotten);
	outbox->forgotten = forgotten;
}

void outbox_look(struct outbox *outbox)
{
	size_t batches;
	size_t bytes;
	look_at_memory(outbox);
	waiting_limits(outbox, &batches, &bytes);
	if (spool_count(outbox->spool) >= batches || spool_bytes(outbox->spool) >= bytes)
		outbox->full = true;
	else if (spool_count(outbox->spool) <= batches - batches / 4 && spool_bytes(outbox->spool) <= bytes - bytes / 4)
		outbox->full = false;
}

/* Two more batches must fit: an add may close the open one and the one that it begins. */
bool outbox_ready(const struct outbox *outbox)
{
	size_t batches;
	size_t bytes;
	if (outbox->welcomed_ms == 0 || outbox->refused || outbox->full || outbox->disk_full)
		return false;
	waiting_limits(outbox, &batches, &bytes);
	return outbox->group_batches < OUTBOX_GROUP_BATCHES && outbox->group_bytes < OUTBOX_GROUP_BYTES &&
		   spool_count(outbox->spool) < batches && spool_count(outbox->spool) + 2 <= SPOOL_BATCHES_MAX &&
		   spool_bytes(outbox->spool) < bytes;
}

bool outbox_idle(const struct outbox *outbox)
{
	return builder_messages(outbox->builder) == 0 && spool_count(outbox->spool) == 0;
}

uint64_t outbox_waiting(const struct outbox *outbox)
{
	uint64_t events = builder_events(outbox->builder);
	for (size_t i = 0; i < spool_count(outbox->spool); i++)
		events += spool_pending(outbox->spool, i)->head.count;
	return events;
}

/* For people: a batch that cannot be read now is not counted, and fails where it is sent. */
uint64_t outbox_waiting_messages(const struct outbox *outbox)
{
	uint64_t messages = builder_messages(outbox->builder);
	for (size_t i = 0; i < spool_count(outbox->spool); i++) {
		struct spool_batch batch;
		if (spool_messages(outbox->spool, i, &batch) != E_OK)
			continue;
		for (size_t j = 0; j < batch.message_count; j++)
			messages += batch.messages[j].events > 0;
		free((void *)(uintptr_t)batch.messages);
	}
	return messages;
}

bool outbox_saved(const struct outbox *outbox)
{
	return spool_synced(outbox->spool);
}

bool outbox_damaged(const struct outbox *outbox)
{
	return spool_damaged(outbox->spool);
}

const struct vkey *outbox_log(const struct outbox *outbox)
{
	return &outbox->key->log;
}

const char *outbox_org(const struct outbox *outbox)
{
	return outbox->key->org;
}

uint32_t outbox_sender(const struct outbox *outbox)
{
	return outbox->key->sender;
}

const char *outbox_name(const struct outbox *outbox)
{
	return outbox->key->name;
}

const struct policy *outbox_policy(const struct outbox *outbox)
{
	const struct spool_terms *terms = spool_terms(outbox->spool);
	return terms == NULL ? NULL : &terms->policy;
}

const struct source *outbox_source(const struct outbox *outbox)
{
	static const struct source nothing;
	const struct spool_terms *terms = spool_terms(outbox->spool);
	return terms == NULL ? &nothing : &terms->source;
}

uint64_t outbox_own_now_s(void)
{
	return clock_wall_ns() / 1000000000u;
}

uint64_t outbox_ledger_now_s(const struct outbox *outbox)
{
	uint64_t since_s = (clock_ms() - outbox->welcomed_ms) / 1000;
	return outbox->session.welcome.ledger_time_s + since_s;
}

/* An event is too far ahead if it is so by both clocks: one of them may be wrong. */
void outbox_limits(const struct outbox *outbox, struct builder_limits *out)
{
	const struct frame_welcome *welcome = &outbox->session.welcome;
	uint64_t own_s = outbox_own_now_s();
	uint64_t ledger_s = outbox_ledger_now_s(outbox);
	out->events_max = outbox->options.batch;
	out->bytes_max = BATCH_BYTES_MAX;
	out->time_max_s = (own_s > ledger_s ? own_s : ledger_s) + EVENT_AHEAD_SECONDS_MAX;
	if (out->events_max > welcome->batch_events_max)
		out->events_max = welcome->batch_events_max;
	if (out->bytes_max > welcome->batch_bytes_max)
		out->bytes_max = welcome->batch_bytes_max;
}

void outbox_notice(struct outbox *outbox, const char *format, ...)
{
	char text[FAULT_TEXT_MAX + 1];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (outbox->options.calls.notice == NULL || strcmp(text, outbox->said) == 0)
		return;
	memcpy(outbox->said, text, sizeof text);
	outbox->options.calls.notice(outbox->options.calls.context, text);
}

/* ---- adding ---- */

static enum error hash_event(struct outbox *outbox, const struct event *event, uint64_t fields, uint64_t *out)
{
	struct writer w = writer_of(outbox->scratch, EVENT_BYTES_MAX + HEADER_BYTES_MAX);
	struct bytes encoded;
	event_header_encode(&event->header, &w);
	event_encode_fields(event, fields, &w);
	TRY(writer_done(&w, &encoded));
	*out = spool_hash(outbox->spool, &encoded, 1);
	return E_OK;
}

uint64_t outbox_content(const struct outbox *outbox, const struct outbox_source *source)
{
	if (source->passing) {
		uint8_t identity[8];
		put_u64(identity, source->identity);
		return spool_piped_hash(
			outbox->spool, source->identity != 0 ? bytes_of(identity, sizeof identity) : source->text);
	}
	return source->identity != 0 ? source->identity : spool_hash(outbox->spool, &source->text, 1);
}

uint64_t outbox_hash(const struct outbox *outbox, struct bytes text)
{
	const struct bytes parts[2] = {BYTES_LITERAL("\0text\0"), text};
	return spool_hash(outbox->spool, parts, 2);
}

/* The text belongs to it: where a file was written anew other messages stand at the same places. */
static uint64_t hash_place(const struct outbox *outbox, const struct outbox_source *source)
{
	uint8_t place[8];
	put_u64(place, source->place);
	const struct bytes parts[3] = {BYTES_LITERAL("\0place\0"), bytes_of(place, sizeof place), source->text};
	return spool_hash(outbox->spool, parts, 3);
}

static bool has_id(const struct event *event)
{
	return (event->present >> EVENT_ID & 1) != 0;
}

/* The registration put the purpose in if it is the very text of the policy; an equal text is the message's own. */
static bool purpose_put_in(const struct outbox *outbox, const struct event *event)
{
	return (event->present >> EVENT_PURPOSE & 1) != 0 &&
		   (const char *)event->values[EVENT_PURPOSE].text.data == outbox_policy(outbox)->purpose;
}

/* Of an id and all that its events say, with or without their purposes. */
static enum error check_of(struct outbox *outbox, const struct event *events, size_t count, bool purpose, uint64_t *out)
{
	uint8_t content[EVENT_SUBJECTS_MAX * 8];
	uint64_t left_out = purpose ? 0 : 1ull << EVENT_PURPOSE;
	for (size_t i = 0; i < count; i++) {
		uint64_t hash = 0;
		TRY(hash_event(outbox, &events[i], events[i].present & ~left_out, &hash));
		put_u64(content + i * 8, hash);
	}
	const struct bytes parts[3] = {
		BYTES_LITERAL("\0of\0"), events[0].values[EVENT_ID].text, bytes_of(content, count * 8)};
	*out = spool_hash(outbox->spool, parts, 3);
	return E_OK;
}

/* The id of an event stands for its message: another event with it is another content. An event is the same whatever
 * purpose the registration puts in. */
static enum error identify(struct outbox *outbox, const struct event *events, size_t count,
	const struct outbox_source *source, struct spool_identity *out)
{
	*out = (struct spool_identity){0};
	if (!has_id(&events[0])) {
		if (source != NULL)
			out->hash = outbox_content(outbox, source);
		if (source != NULL && source->place != 0) {
			out->check = out->hash; /* it counts as sent for whoever does not know its place, too */
			out->hash = hash_place(outbox, source);
		}
		return E_OK;
	}
	if (count > EVENT_SUBJECTS_MAX)
		return E_TOO_LONG;
	const struct bytes parts[2] = {BYTES_LITERAL("\0id\0"), events[0].values[EVENT_ID].text};
	out->hash = spool_hash(outbox->spool, parts, 2);
	return check_of(outbox, events, count, !purpose_put_in(outbox, &events[0]), &out->check);
}

/* The id is remembered: E_EXISTS if that was for the same events. Those that came back in a row of refused ones have
 * their purpose in themselves. */
static enum error judge_used_id(struct outbox *outbox, const struct event *events, size_t count,
	const struct spool_identity *identity, struct fault *fault)
{
	uint64_t whole = 0;
	TRY(check_of(outbox, events, count, true, &whole));
	bool put_in = purpose_put_in(outbox, &events[0]);
	const struct remembered *remembered = spool_remembered(outbox->spool);
	bool same =
		remembered_count(remembered, identity->check) > 0 || (put_in && remembered_count(remembered, whole) > 0);
	return same ? E_EXISTS : fault_set(fault, E_BAD_VALUE, "id: used before for another event");
}

enum error outbox_flush(struct outbox *outbox, struct fault *fault)
{
	if (builder_messages(outbox->builder) == 0)
		return E_OK;
	struct spool_batch batch;
	TRY(fault_because(fault,
		builder_close(outbox->builder, outbox->key, spool_next(outbox->spool), outbox->claim, &batch)
			?: spool_append(outbox->spool, &batch),
		"the spool cannot take a batch"));
	outbox->group_batches++;
	outbox->group_bytes += batch.body.len;
	builder_reset(outbox->builder);
	return E_OK;
}

enum error outbox_save(struct outbox *outbox, struct fault *fault)
{
	TRY(outbox_flush(outbox, fault));
	enum error error = spool_sync(outbox->spool);
	return outbox_saved(outbox) ? E_OK : fault_because(fault, error, SPOOL_UNWRITTEN);
}

/* Once more after the open batch was closed, if it had no room. */
static enum error add(struct outbox *outbox, const struct event *events, size_t count,
	const struct builder_source *source, struct fault *fault)
{
	struct builder_limits limits;
	outbox_limits(outbox, &limits);
	const struct policy *policy = outbox_policy(outbox);
	enum error error = builder_add(outbox->builder, events, count, policy, &limits, source, fault);
	if (error == E_NO_ROOM) {
		TRY(outbox_flush(outbox, fault));
		error = builder_add(outbox->builder, events, count, policy, &limits, source, fault);
	}
	return error;
}

static enum error close_full(struct outbox *outbox, struct fault *fault)
{
	return builder_events(outbox->builder) >= outbox->options.batch ? outbox_flush(outbox, fault) : E_OK;
}

/* Whose fault it is decides: what is the sender's own is the message's. */
bool outbox_refusal(enum error error)
{
	return error != E_OK && error != E_NO_MEMORY && error_blame(error) == BLAME_SENDER;
}

enum error outbox_add(struct outbox *outbox, const struct event *events, size_t count,
	const struct outbox_source *source, struct fault *fault)
{
	assert(outbox_ready(outbox) && count > 0);
	struct builder_source from = {.input = source != NULL ? source->input : BYTES_EMPTY};
	from.number = source != NULL ? source->number : 0;
	TRY(fault_set(fault, identify(outbox, events, count, source, &from.identity), "the event is longer than %u bytes",
		EVENT_BYTES_MAX));
	if (has_id(&events[0]) && !outbox->again &&
		remembered_count(spool_remembered(outbox->spool), from.identity.hash) > 0)
		return judge_used_id(outbox, events, count, &from.identity, fault);
	TRY(close_full(outbox, fault));
	TRY(fault_because(fault, spool_remember(outbox->spool, &from.identity), SPOOL_MEMORY));
	enum error error = add(outbox, events, count, &from, fault);
	if (error != E_OK) {
		spool_remember_undo(outbox->spool, &from.identity);
		return error;
	}
	/* It is in the open batch, whatever closing that meets: where memory is short the next call closes it. */
	error = close_full(outbox, fault);
	return error == E_NO_MEMORY ? E_OK : error;
}

/* The open batch is closed if what is asked about has no room in it: only an empty one shows that it never has. */
enum error outbox_check(struct outbox *outbox, const struct event *events, size_t count, struct fault *fault)
{
	assert(outbox_ready(outbox) && count > 0);
	struct builder_limits limits;
	outbox_limits(outbox, &limits);
	const struct policy *policy = outbox_policy(outbox);
	enum error error = builder_check(outbox->builder, events, count, policy, &limits, fault);
	if (error == E_NO_ROOM) {
		TRY(outbox_flush(outbox, fault));
		error = builder_check(outbox->builder, events, count, policy, &limits, fault);
	}
	return error;
}

/* ---- inputs ---- */

enum error outbox_taken(struct outbox *outbox, const struct outbox_source *source, bool *out, struct fault *fault)
{
	*out = false;
	if (outbox->again || (source->passing && !outbox->interrupted))
		return E_OK;
	if (source->place != 0) {
		*out = remembered_count(spool_remembered(outbox->spool), hash_place(outbox, source)) > 0;
		return E_OK;
	}
	return fault_because(
		fault, remembered_take(spool_remembered(outbox->spool), outbox_content(outbox, source), out), SPOOL_MEMORY);
}

bool outbox_has(const struct outbox *outbox, const struct outbox_source *source, uint32_t nth)
{
	return remembered_count(spool_remembered(outbox->spool), outbox_content(outbox, source)) >= nth;
}

static enum error begin_passing(struct outbox *outbox, struct fault *fault)
{
	enum error error = spool_piped_begin(outbox->spool, outbox->again, &outbox->interrupted);
	if (error != E_OK)
		return fault_set(fault, error,
			"whether a run before was interrupted while it read from a pipe cannot be told: 'piped' in the spool: %s; "
			"with --again everything is taken as new",
			error_reason(error));
	if (outbox->interrupted)
		outbox_notice(outbox,
			"a run before did not come to its end: messages that are equal to those it sent from a pipe are left out");
	error = spool_piped_note(outbox->spool);
	if (error != E_OK)
		outbox_notice(outbox,
			"the spool cannot note that a pipe is read (%s); if this run is interrupted, what it sent would be sent "
			"again",
			error_reason(error));
	return E_OK;
}

void outbox_end_inputs(struct outbox *outbox)
{
	enum error error = spool_piped_end(outbox->spool);
	if (error != E_OK)
		outbox_notice(outbox,
			"the spool cannot note that all was read (%s); equal messages of the next pipe would be left out",
			error_reason(error));
}

enum error outbox_begin_input(struct outbox *outbox, struct bytes input, bool passing, bool again, struct fault *fault)
{
	if (input.len > SPOOL_NAME_BYTES_MAX)
		return fault_set(fault, E_TOO_LONG, "the input's name is longer than %u bytes", SPOOL_NAME_BYTES_MAX);
	outbox->again = again;
	if (passing)
		TRY(begin_passing(outbox, fault));
	remembered_begin_input(spool_remembered(outbox->spool));
	return E_OK;
}
