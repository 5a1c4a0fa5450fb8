#include "ingest/sender_state.h"

#include <assert.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- opening ---- */

static enum error open_spool(struct sender *sender, struct fault *fault)
{
	char path[PATH_MAX];
	const char *name = sender->options.spool;
	int len = name != NULL ? snprintf(path, sizeof path, "%s", name)
						   : snprintf(path, sizeof path, "%s.spool", sender->options.key_path);
	if (len < 0 || (size_t)len >= sizeof path)
		return fault_set(fault, E_USAGE, "the name of the spool is too long");
	return spool_open(path, sender->key.log.name, sender->key.sender, &sender->spool, fault);
}

static enum error open_parts(struct sender *sender, struct fault *fault)
{
	TRY(sender_link_address(sender, fault));
	if (sender->options.batch > BATCH_EVENTS_MAX)
		return fault_set(fault, E_USAGE, "a batch holds at most %u events", BATCH_EVENTS_MAX);
	if (sender->options.batch == 0)
		sender->options.batch = BATCH_EVENTS_DEFAULT;
	TRY(sender_key_read(sender->options.key_path, &sender->key, fault));
	TRY(open_spool(sender, fault));
	enum error error =
		client_session_init(&sender->session, &sender->key.log, sender->key.sender, spool_note(sender->spool));
	if (error != E_OK)
		return fault_set(fault, error, "the spool's last receipt is not signed by the log that the key file names");
	sender->out = malloc(SENDER_OUT_BYTES);
	sender->in = malloc(SENDER_IN_BYTES);
	if (sender->out == NULL || sender->in == NULL || builder_new(&sender->builder) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	return E_OK;
}

enum error sender_open(const struct sender_options *options, struct sender **out, struct fault *fault)
{
	if (sodium_init() < 0)
		return fault_set(fault, E_IO, "no source of random numbers");
	struct sender *sender = calloc(1, sizeof *sender);
	if (sender == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	sender->options = *options;
	sender->fd = -1;
	enum error error = open_parts(sender, fault);
	if (error != E_OK) {
		sender_close(sender);
		return error;
	}
	*out = sender;
	return E_OK;
}

void sender_close(struct sender *sender)
{
	if (sender == NULL)
		return;
	sender_link_close(sender);
	spool_close(sender->spool);
	builder_free(sender->builder);
	if (sender->out != NULL)
		sodium_memzero(sender->out, SENDER_OUT_BYTES); /* it held batch secrets */
	free(sender->out);
	free(sender->in);
	sender_key_wipe(&sender->key);
	free(sender);
}

/* ---- what is known ---- */

bool sender_ready(const struct sender *sender)
{
	if (spool_policy(sender->spool) == NULL || sender->refused)
		return false;
	size_t batches = SPOOL_BATCHES_MAX;
	size_t bytes = SPOOL_BYTES_MAX;
	if (sender->session.state == CLIENT_OPEN) { /* a refusal makes everything behind it be signed again: not too much */
		batches = 2 * (size_t)sender->session.welcome.window_batches;
		bytes = 2 * (size_t)sender->session.welcome.window_bytes;
	}
	return sender->group_batches < SENDER_GROUP_BATCHES && sender->group_bytes < SENDER_GROUP_BYTES &&
		   spool_count(sender->spool) < batches && spool_count(sender->spool) + 2 <= SPOOL_BATCHES_MAX &&
		   spool_bytes(sender->spool) < bytes;
}

bool sender_idle(const struct sender *sender)
{
	return builder_messages(sender->builder) == 0 && spool_count(sender->spool) == 0;
}

uint64_t sender_waiting(const struct sender *sender)
{
	uint64_t events = builder_events(sender->builder);
	for (size_t i = 0; i < spool_count(sender->spool); i++)
		events += spool_pending(sender->spool, i)->head.count;
	return events;
}

const struct vkey *sender_log(const struct sender *sender)
{
	return &sender->key.log;
}

uint32_t sender_id(const struct sender *sender)
{
	return sender->key.sender;
}

const struct policy *sender_policy(const struct sender *sender)
{
	return spool_policy(sender->spool);
}

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void sender_limits(const struct sender *sender, struct builder_limits *out)
{
	out->events_max = sender->options.batch;
	out->bytes_max = BATCH_BYTES_MAX;
	out->time_max_s = clock_ms(CLOCK_REALTIME) / 1000 + EVENT_AHEAD_SECONDS_MAX;
	if (sender->welcomed_ms == 0)
		return;
	const struct frame_welcome *welcome = &sender->session.welcome;
	if (out->events_max > welcome->batch_events_max)
		out->events_max = welcome->batch_events_max;
	if (out->bytes_max > welcome->batch_bytes_max)
		out->bytes_max = welcome->batch_bytes_max;
	uint64_t since_s = (clock_ms(CLOCK_MONOTONIC) - sender->welcomed_ms) / 1000;
	out->time_max_s = welcome->ledger_time_s + since_s + EVENT_AHEAD_SECONDS_MAX;
}

void sender_notice(struct sender *sender, const char *format, ...)
{
	char text[FAULT_TEXT_MAX + 1];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (sender->options.calls.notice == NULL || strcmp(text, sender->said) == 0)
		return;
	memcpy(sender->said, text, sizeof text);
	sender->options.calls.notice(sender->options.calls.context, text);
}

/* ---- adding ---- */

static void source_of(const struct sender *sender, const struct sender_source *source, struct builder_source *out)
{
	*out = (struct builder_source){0};
	if (source != NULL)
		*out = (struct builder_source){source->input, source->number, spool_hash(sender->spool, source->text)};
}

enum error sender_flush(struct sender *sender, struct fault *fault)
{
	if (builder_messages(sender->builder) == 0)
		return E_OK;
	struct spool_batch batch;
	enum error error = builder_close(sender->builder, &sender->key, spool_next(sender->spool), &batch);
	if (error == E_OK)
		error = spool_append(sender->spool, &batch);
	if (error != E_OK)
		return fault_set(fault, error, "the spool cannot take a batch: %s", error_text(error));
	sender->group_batches++;
	sender->group_bytes += batch.body.len;
	builder_reset(sender->builder);
	return E_OK;
}

/* Once more after the open batch was closed, if it had no room. */
static enum error add(struct sender *sender, const struct event *events, size_t count,
	const struct builder_source *source, struct fault *fault)
{
	struct builder_limits limits;
	sender_limits(sender, &limits);
	const struct policy *policy = spool_policy(sender->spool);
	enum error error = builder_add(sender->builder, events, count, policy, &limits, source, fault);
	if (error == E_NO_ROOM) {
		TRY(sender_flush(sender, fault));
		error = builder_add(sender->builder, events, count, policy, &limits, source, fault);
	}
	return error;
}

bool sender_refusal(enum error error)
{
	return error != E_OK && error != E_NO_MEMORY && error_blame(error) == BLAME_SENDER;
}

enum error sender_add(struct sender *sender, const struct event *events, size_t count,
	const struct sender_source *source, struct fault *fault)
{
	assert(sender_ready(sender) && count > 0);
	struct builder_source from;
	source_of(sender, source, &from);
	enum error error = add(sender, events, count, &from, fault);
	if (sender_refusal(error))
		TRY(add(sender, NULL, 0, &from, fault));
	if (error == E_OK && builder_events(sender->builder) >= sender->options.batch)
		TRY(sender_flush(sender, fault));
	return error;
}

enum error sender_refuse(struct sender *sender, const struct sender_source *source, struct fault *fault)
{
	assert(sender_ready(sender));
	struct builder_source from;
	source_of(sender, source, &from);
	return add(sender, NULL, 0, &from, fault);
}

/* ---- inputs ---- */

enum error sender_taken(struct sender *sender, const struct sender_source *source, bool *out, struct fault *fault)
{
	uint64_t hash = spool_hash(sender->spool, source->text);
	enum error error = spool_taken(sender->spool, source->input, source->number, hash, out);
	return error == E_OK ? E_OK : fault_set(fault, error, "the spool's list of messages: %s", error_text(error));
}

enum error sender_begin_input(struct sender *sender, struct bytes input, bool again, struct fault *fault)
{
	if (input.len > SPOOL_NAME_BYTES_MAX)
		return fault_set(fault, E_TOO_LONG, "the input's name is longer than %u bytes", SPOOL_NAME_BYTES_MAX);
	if (builder_holds(sender->builder, input))
		TRY(sender_flush(sender, fault));
	if (again)
		spool_forget(sender->spool, input);
	return E_OK;
}
