/* The outbox with an interface that others may be compiled against: no type of ours is in it, options say how long they
 * are, and results are few. What an outbox calls final is INDSIGT_FAILED here, and stays so. */
#include "ingest/library/indsigt_sender.h"

#include "ingest/message/adapter.h"
#include "ingest/sender/outbox.h"
#include "ledger/base/clock.h"
#include "ledger/event/event_json.h"
#include "ledger/json/json_read.h"

#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* As the first version has them: fewer, and they were compiled against nothing that there was. */
#define OPTIONS_BYTES_MIN offsetof(struct indsigt_sender_options, spool)

struct indsigt_sender {
	struct outbox *outbox;
	struct indsigt_sender_options options; /* texts are in `texts` */
	char *texts[6];
	enum error failed;
	struct fault why;
};

static void tell(struct indsigt_fault *out, enum error error, const struct fault *fault)
{
	if (out == NULL)
		return;
	snprintf(out->error, sizeof out->error, "%s", error_name(error));
	snprintf(out->reason, sizeof out->reason, "%s",
		fault != NULL && fault->text[0] != '\0' ? fault->text : error_text(error));
}

static enum indsigt_result fail(
	struct indsigt_sender *sender, enum error error, const struct fault *fault, struct indsigt_fault *out)
{
	if (sender->failed == E_OK) {
		sender->failed = error;
		sender->why = *fault;
	}
	tell(out, sender->failed, &sender->why);
	return INDSIGT_FAILED;
}

/* ---- what the outbox tells ---- */

static void on_receipt(void *context, const struct batch_head *batch, const struct receipt *receipt)
{
	const struct indsigt_sender_options *options = &((struct indsigt_sender *)context)->options;
	if (options->receipt != NULL)
		options->receipt(options->context, receipt->first_index, batch->first_sequence, batch->count);
}

/* One call for each event of the message. Without memory for its text it is told of all the same. */
static void on_rejected(void *context, const struct outbox_rejection *rejection)
{
	const struct indsigt_sender_options *options = &((struct indsigt_sender *)context)->options;
	for (size_t i = 0; options->rejected != NULL && i < rejection->count; i++) {
		json_auto_t *json = event_to_json(&rejection->events[i]);
		char *text = json_write(json, JSON_COMPACT);
		options->rejected(options->context, text != NULL ? text : "{}", error_name(rejection->error), rejection->text);
		free(text);
	}
}

static void on_notice(void *context, const char *text)
{
	const struct indsigt_sender_options *options = &((struct indsigt_sender *)context)->options;
	if (options->notice != NULL)
		options->notice(options->context, text);
}

/* ---- from start to end ---- */

/* What a newer program asks for is not passed over: it may be what keeps somebody from reading along. */
static bool knows_all(const struct indsigt_sender_options *given)
{
	const unsigned char *bytes = (const unsigned char *)given;
	for (size_t i = sizeof *given; i < given->size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* An older program's are shorter; what it does not know is 0. */
static enum error copy_options(struct indsigt_sender *sender, const struct indsigt_sender_options *given)
{
	struct indsigt_sender_options *own = &sender->options;
	memcpy(own, given, given->size < sizeof *own ? given->size : sizeof *own);
	const char **texts[] = {&own->server, &own->key, &own->spool, &own->ca, &own->certificate, &own->certificate_key};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (*texts[i] == NULL)
			continue;
		sender->texts[i] = strdup(*texts[i]);
		TRY(allocated(sender->texts[i]));
		*texts[i] = sender->texts[i];
	}
	return E_OK;
}

static enum error start(struct indsigt_sender *sender, const struct indsigt_sender_options *given, struct fault *fault)
{
	const struct indsigt_sender_options *own = &sender->options;
	if (sodium_init() < 0)
		return fault_set(fault, E_IO, "libsodium cannot begin: there are no random numbers");
	TRY(fault_set(fault, copy_options(sender, given), ""));
	if (own->server == NULL || own->key == NULL)
		return fault_set(fault, E_USAGE, "options: server and key are required");
	const struct outbox_options options = {.server = own->server,
		.tls = {.ca = own->ca, .certificate = own->certificate, .key = own->certificate_key},
		.plain_off_loopback = own->plain_off_loopback != 0,
		.key_path = own->key,
		.spool = own->spool,
		.batch = own->batch,
		.calls = {.receipt = on_receipt, .rejected = on_rejected, .notice = on_notice, .context = sender}};
	return outbox_open(&options, &sender->outbox, fault);
}

enum indsigt_result indsigt_sender_open(
	const struct indsigt_sender_options *options, struct indsigt_sender **out, struct indsigt_fault *fault)
{
	struct fault why = {.text = ""};
	*out = NULL;
	if (options->size < OPTIONS_BYTES_MIN || !knows_all(options)) {
		(void)fault_set(&why, E_USAGE,
			options->size < OPTIONS_BYTES_MIN
				? "options: size has to be that of the struct"
				: "options: one is set that this version of the library does not know; install a newer one");
		tell(fault, E_USAGE, &why);
		return INDSIGT_FAILED;
	}
	struct indsigt_sender *sender = calloc(1, sizeof *sender);
	enum error error = sender != NULL ? start(sender, options, &why) : E_NO_MEMORY;
	if (error == E_OK) {
		*out = sender;
		return INDSIGT_OK;
	}
	tell(fault, error, &why);
	indsigt_sender_close(sender);
	return INDSIGT_FAILED;
}

void indsigt_sender_close(struct indsigt_sender *sender)
{
	if (sender == NULL)
		return;
	outbox_close(sender->outbox);
	for (size_t i = 0; i < sizeof sender->texts / sizeof sender->texts[0]; i++)
		free(sender->texts[i]);
	free(sender);
}

/* ---- events ---- */

enum indsigt_result indsigt_sender_report(
	struct indsigt_sender *sender, const char *json, size_t len, struct indsigt_fault *fault)
{
	struct fault why = {.text = ""};
	struct adapter_events events = {0};
	if (sender->failed != E_OK)
		return fail(sender, sender->failed, &why, fault);
	if (!outbox_ready(sender->outbox))
		return INDSIGT_BUSY;
	const struct adapter_context context = {.org_id = outbox_org(sender->outbox),
		.org_name = outbox_name(sender->outbox),
		.policy = outbox_policy(sender->outbox),
		.source = outbox_source(sender->outbox)};
	const struct outbox_source source = {.text = bytes_of((const uint8_t *)json, len), .passing = true};
	enum error error = adapter_map(ADAPTER_JSON, source.text, &context, &events, &why);
	if (error == E_OK)
		error = outbox_add(sender->outbox, events.events, events.count, &source, &why);
	adapter_events_free(&events);
	if (error == E_OK)
		return INDSIGT_OK;
	if (error == E_EXISTS)
		return INDSIGT_KNOWN;
	if (!outbox_refusal(error))
		return fail(sender, error, &why, fault);
	tell(fault, error, &why);
	return INDSIGT_REFUSED;
}

/* Milliseconds that are left, as poll has them. */
static int left_of(uint64_t since_ms, int timeout_ms)
{
	uint64_t passed_ms = clock_ms() - since_ms;
	return timeout_ms < 0 ? -1 : passed_ms >= (uint64_t)timeout_ms ? 0 : timeout_ms - (int)passed_ms;
}

enum indsigt_result indsigt_sender_save(struct indsigt_sender *sender, int timeout_ms, struct indsigt_fault *fault)
{
	struct fault why = {.text = ""};
	uint64_t since_ms = clock_ms();
	enum error error = sender->failed != E_OK ? sender->failed : outbox_flush(sender->outbox, &why);
	if (error == E_OK && !outbox_saved(sender->outbox))
		error = outbox_poll(sender->outbox, -1, NULL, 0, &why);
	while (error == E_OK && !outbox_saved(sender->outbox) && left_of(since_ms, timeout_ms) != 0)
		error = outbox_poll(sender->outbox, -1, NULL, left_of(since_ms, timeout_ms), &why);
	if (error != E_OK)
		return fail(sender, error, &why, fault);
	return outbox_saved(sender->outbox) ? INDSIGT_OK : INDSIGT_TIMEOUT;
}

enum indsigt_result indsigt_sender_poll(struct indsigt_sender *sender, int timeout_ms, struct indsigt_fault *fault)
{
	struct fault why = {.text = ""};
	uint64_t since_ms = clock_ms();
	enum error error =
		sender->failed != E_OK ? sender->failed : outbox_poll(sender->outbox, -1, NULL, timeout_ms, &why);
	if (error != E_OK)
		return fail(sender, error, &why, fault);
	return left_of(since_ms, timeout_ms) == 0 ? INDSIGT_TIMEOUT : INDSIGT_OK;
}

uint64_t indsigt_sender_waiting(const struct indsigt_sender *sender)
{
	return outbox_waiting(sender->outbox);
}
