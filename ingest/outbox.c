#include "ingest/outbox_state.h"

#include <assert.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- opening ---- */

static enum error open_spool(struct outbox *outbox, struct fault *fault)
{
	char path[PATH_MAX];
	const char *name = outbox->options.spool;
	int len = name != NULL ? snprintf(path, sizeof path, "%s", name)
						   : snprintf(path, sizeof path, "%s.spool", outbox->options.key_path);
	if (len < 0 || (size_t)len >= sizeof path)
		return fault_set(fault, E_USAGE, "the name of the spool is too long");
	TRY(spool_open(path, outbox->key.log.name, outbox->key.sender, &outbox->spool, fault));
	return outbox_filing_open(outbox, path, fault);
}

static enum error open_parts(struct outbox *outbox, struct fault *fault)
{
	TRY(outbox_link_address(outbox, fault));
	if (outbox->options.batch > BATCH_EVENTS_MAX)
		return fault_set(fault, E_USAGE, "a batch holds at most %u events", BATCH_EVENTS_MAX);
	if (outbox->options.batch == 0)
		outbox->options.batch = BATCH_EVENTS_DEFAULT;
	TRY(sender_key_read(outbox->options.key_path, &outbox->key, fault));
	TRY(open_spool(outbox, fault));
	enum error error =
		client_session_init(&outbox->session, &outbox->key.log, outbox->key.sender, spool_note(outbox->spool));
	if (error != E_OK)
		return fault_set(fault, error, "the spool's last receipt is not signed by the log that the key file names");
	outbox->out = malloc(OUTBOX_OUT_BYTES);
	outbox->in = malloc(OUTBOX_IN_BYTES);
	if (outbox->out == NULL || outbox->in == NULL || builder_new(&outbox->builder) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	return E_OK;
}

enum error outbox_open(const struct outbox_options *options, struct outbox **out, struct fault *fault)
{
	if (sodium_init() < 0)
		return fault_set(fault, E_IO, "no source of random numbers");
	struct outbox *outbox = calloc(1, sizeof *outbox);
	if (outbox == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	outbox->options = *options;
	outbox->fd = -1;
	enum error error = open_parts(outbox, fault);
	if (error != E_OK) {
		outbox_close(outbox);
		return error;
	}
	*out = outbox;
	return E_OK;
}

void outbox_close(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	outbox_link_close(outbox);
	outbox_filing_close(outbox);
	spool_close(outbox->spool);
	builder_free(outbox->builder);
	if (outbox->out != NULL)
		sodium_memzero(outbox->out, OUTBOX_OUT_BYTES); /* it held batch secrets */
	free(outbox->out);
	free(outbox->in);
	sender_key_wipe(&outbox->key);
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

void outbox_look(struct outbox *outbox)
{
	size_t batches;
	size_t bytes;
	waiting_limits(outbox, &batches, &bytes);
	if (spool_count(outbox->spool) >= batches || spool_bytes(outbox->spool) >= bytes)
		outbox->full = true;
	else if (spool_count(outbox->spool) <= batches - batches / 4 && spool_bytes(outbox->spool) <= bytes - bytes / 4)
		outbox->full = false;
}

bool outbox_ready(const struct outbox *outbox)
{
	size_t batches;
	size_t bytes;
	if (spool_policy(outbox->spool) == NULL || outbox->refused || outbox->full)
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

const struct vkey *outbox_log(const struct outbox *outbox)
{
	return &outbox->key.log;
}

uint32_t outbox_id(const struct outbox *outbox)
{
	return outbox->key.sender;
}

const char *outbox_org(const struct outbox *outbox)
{
	return outbox->key.org;
}

const char *outbox_name(const struct outbox *outbox)
{
	return outbox->key.name;
}

const struct policy *outbox_policy(const struct outbox *outbox)
{
	return spool_policy(outbox->spool);
}

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void outbox_limits(const struct outbox *outbox, struct builder_limits *out)
{
	out->events_max = outbox->options.batch;
	out->bytes_max = BATCH_BYTES_MAX;
	out->time_max_s = clock_ms(CLOCK_REALTIME) / 1000 + EVENT_AHEAD_SECONDS_MAX;
	if (outbox->welcomed_ms == 0)
		return;
	const struct frame_welcome *welcome = &outbox->session.welcome;
	if (out->events_max > welcome->batch_events_max)
		out->events_max = welcome->batch_events_max;
	if (out->bytes_max > welcome->batch_bytes_max)
		out->bytes_max = welcome->batch_bytes_max;
	uint64_t since_s = (clock_ms(CLOCK_MONOTONIC) - outbox->welcomed_ms) / 1000;
	out->time_max_s = welcome->ledger_time_s + since_s + EVENT_AHEAD_SECONDS_MAX;
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

static void source_of(const struct outbox *outbox, const struct outbox_source *source, struct builder_source *out)
{
	*out = (struct builder_source){0};
	if (source != NULL)
		*out = (struct builder_source){source->input, source->number, spool_hash(outbox->spool, source->text)};
}

enum error outbox_flush(struct outbox *outbox, struct fault *fault)
{
	if (builder_messages(outbox->builder) == 0)
		return E_OK;
	struct spool_batch batch;
	enum error error = builder_close(outbox->builder, &outbox->key, spool_next(outbox->spool), outbox->claim, &batch);
	if (error == E_OK)
		error = spool_append(outbox->spool, &batch);
	if (error != E_OK)
		return fault_set(fault, error, "the spool cannot take a batch: %s", error_text(error));
	outbox->group_batches++;
	outbox->group_bytes += batch.body.len;
	builder_reset(outbox->builder);
	return E_OK;
}

/* Once more after the open batch was closed, if it had no room. */
static enum error add(struct outbox *outbox, const struct event *events, size_t count,
	const struct builder_source *source, struct fault *fault)
{
	struct builder_limits limits;
	outbox_limits(outbox, &limits);
	const struct policy *policy = spool_policy(outbox->spool);
	enum error error = builder_add(outbox->builder, events, count, policy, &limits, source, fault);
	if (error == E_NO_ROOM) {
		TRY(outbox_flush(outbox, fault));
		error = builder_add(outbox->builder, events, count, policy, &limits, source, fault);
	}
	return error;
}

bool outbox_refusal(enum error error)
{
	return error != E_OK && error != E_NO_MEMORY && error_blame(error) == BLAME_SENDER;
}

enum error outbox_add(struct outbox *outbox, const struct event *events, size_t count,
	const struct outbox_source *source, struct fault *fault)
{
	assert(outbox_ready(outbox) && count > 0);
	struct builder_source from;
	source_of(outbox, source, &from);
	enum error error = add(outbox, events, count, &from, fault);
	if (outbox_refusal(error))
		TRY(add(outbox, NULL, 0, &from, fault));
	if (error == E_OK && builder_events(outbox->builder) >= outbox->options.batch)
		TRY(outbox_flush(outbox, fault));
	return error;
}

enum error outbox_refuse(struct outbox *outbox, const struct outbox_source *source, struct fault *fault)
{
	assert(outbox_ready(outbox));
	struct builder_source from;
	source_of(outbox, source, &from);
	return add(outbox, NULL, 0, &from, fault);
}

/* ---- inputs ---- */

enum error outbox_taken(struct outbox *outbox, const struct outbox_source *source, bool *out, struct fault *fault)
{
	uint64_t hash = spool_hash(outbox->spool, source->text);
	enum error error = spool_taken(outbox->spool, source->input, source->number, hash, out);
	return error == E_OK ? E_OK : fault_set(fault, error, "the spool's list of messages: %s", error_text(error));
}

enum error outbox_begin_input(struct outbox *outbox, struct bytes input, bool again, struct fault *fault)
{
	if (input.len > SPOOL_NAME_BYTES_MAX)
		return fault_set(fault, E_TOO_LONG, "the input's name is longer than %u bytes", SPOOL_NAME_BYTES_MAX);
	if (builder_holds(outbox->builder, input))
		TRY(outbox_flush(outbox, fault));
	if (again)
		spool_forget(outbox->spool, input);
	return E_OK;
}
