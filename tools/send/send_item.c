/* What is refused is told to whoever waits, and stands with the refused ones; but for what the outbox can take no more:
 * that ends the run. */
#include "tools/send/send_item.h"

#include "ledger/event/event_schema.h"

#include <time.h>

void item_tell_taken(struct send *send, size_t events)
{
	if (send->heard != NULL)
		send->heard->taken(send->heard->context, events);
	tickets_take(send->tickets, events);
}

void item_tell_refused(struct send *send, enum error error, const char *reason)
{
	if (send->heard != NULL)
		send->heard->refused(send->heard->context, error, reason);
	tickets_refused(send->tickets, error, reason);
}

/* What is refused is not remembered: it is tried again when it comes again. `events` NULL: it could not be read. */
enum error item_report(struct send *send, const struct item *item, const struct event *events, size_t count,
	enum error error, const struct fault *why)
{
	struct refused refused = {.input = item->input,
		.number = item->number,
		.format = item->format,
		.error = error,
		.reason = why->text[0] != '\0' ? why->text : error_text(error),
		.mark = item->mark,
		.text = item->source.text,
		.run = item->run};
	if (item->row.len > 0) {
		refused.events = events;
		refused.count = count;
		refused.identity = item->source.identity;
	}
	send_report(send, &refused);
	item_tell_refused(send, refused.error, refused.reason);
	return E_OK;
}

static bool about_nobody(const struct event *events, size_t count)
{
	return count == 1 && (events->present >> EVENT_SUBJECTS & 1) != 0 && events->values[EVENT_SUBJECTS].number == 0;
}

static enum error add(
	struct send *send, const struct item *item, const struct event *events, size_t count, struct fault *fault)
{
	enum error error = outbox_add(send->outbox, events, count, &item->source, fault);
	if (error == E_EXISTS) { /* by its id */
		send->skipped++;
		tally_again(&send->tally, (uint64_t)time(NULL));
		item_tell_taken(send, 0);
		return E_OK;
	}
	if (outbox_refusal(error))
		return item_report(send, item, events, count, error, fault);
	if (error != E_OK)
		return error;
	send->added++;
	tally_taken(
		&send->tally, events, count, outbox_policy(send->outbox), outbox_source(send->outbox), (uint64_t)time(NULL));
	send->nobody += about_nobody(events, count);
	item_tell_taken(send, count);
	return E_OK;
}

/* Whom the registration has at the other end: by the key that it has shown, else by its address. */
static bool find_origin(const struct source *source, const struct send_line *line, struct source_origin *out)
{
	return line != NULL && (source_origin(source, "certificate", bytes_text(line->certificate), out) ||
							   source_origin(source, "address", bytes_text(line->address), out));
}

static struct adapter_context context_of(struct send *send, const struct send_line *line, struct source_origin *origin)
{
	bool known = find_origin(outbox_source(send->outbox), line, origin);
	return (struct adapter_context){.line = known ? origin : NULL,
		.org_id = outbox_org(send->outbox),
		.org_name = outbox_name(send->outbox),
		.policy = outbox_policy(send->outbox),
		.source = outbox_source(send->outbox)};
}

static enum error add_one(
	struct send *send, const struct item *item, const struct adapter_context *context, struct fault *fault)
{
	struct adapter_events events;
	enum error error = adapter_map(item->format, item->source.text, context, &events, fault);
	if (error == E_OK)
		error = add(send, item, events.events, events.count, fault);
	else if (outbox_refusal(error)) /* and not out of memory */
		error = item_report(send, item, NULL, 0, error, fault);
	adapter_events_free(&events);
	return error;
}

/* Each is mapped before any is added, so that all that is wrong is told at once. */
static enum error map_parts(struct send *send, const struct item *item, const struct adapter_context *context,
	struct adapter_events *mapped, struct fault *fault)
{
	enum error first = E_OK;
	for (size_t i = 0; i < item->part_count; i++) {
		struct fault why;
		enum error error = adapter_map(item->format, item->parts[i], context, &mapped[i], &why);
		if (error == E_OK)
			continue;
		if (!outbox_refusal(error))
			return fault_set(fault, error, "%s", why.text);
		if (send->heard != NULL && send->heard->part != NULL)
			send->heard->part(send->heard->context, i, error, why.text);
		if (first == E_OK)
			first = fault_set(fault, error, "number %zu of %zu: %s", i + 1, item->part_count, why.text);
	}
	return first;
}

static enum error add_mapped(
	struct send *send, const struct item *item, const struct adapter_events *mapped, struct fault *fault)
{
	size_t count = 0;
	for (size_t i = 0; i < item->part_count; i++)
		count += mapped[i].count;
	OWNED_MEMORY struct event *events = calloc(count, sizeof *events);
	TRY(fault_set(fault, allocated(events), ""));
	count = 0;
	for (size_t i = 0; i < item->part_count; i++)
		for (size_t k = 0; k < mapped[i].count; k++)
			events[count++] = mapped[i].events[k];
	return add(send, item, events, count, fault);
}

static enum error add_together(
	struct send *send, const struct item *item, const struct adapter_context *context, struct fault *fault)
{
	struct adapter_events *mapped = calloc(item->part_count, sizeof *mapped);
	TRY(fault_set(fault, allocated(mapped), ""));
	enum error error = map_parts(send, item, context, mapped, fault);
	if (error == E_OK)
		error = add_mapped(send, item, mapped, fault);
	else if (outbox_refusal(error))
		error = item_report(send, item, NULL, 0, error, fault);
	for (size_t i = 0; i < item->part_count; i++)
		adapter_events_free(&mapped[i]);
	free(mapped);
	return error;
}

enum error item_add(struct send *send, const struct item *item, struct fault *fault)
{
	struct source_origin origin;
	const struct adapter_context context = context_of(send, item->line, &origin);
	return item->parts != NULL ? add_together(send, item, &context, fault) : add_one(send, item, &context, fault);
}

enum error send_check(struct send *send, const struct input *input, struct bytes text, struct fault *fault)
{
	struct source_origin origin;
	const struct adapter_context context = context_of(send, input->line, &origin);
	struct adapter_events events;
	enum error error = adapter_map(input->format, text, &context, &events, fault);
	if (error == E_OK)
		error = outbox_check(send->outbox, events.events, events.count, fault);
	adapter_events_free(&events);
	return error;
}

enum error item_add_row(struct send *send, const struct item *item, struct rejected_row *row, struct fault *fault)
{
	enum error error = rejected_row_events(row, fault);
	if (error == E_OK)
		return add(send, item, row->events, row->count, fault);
	return outbox_refusal(error) ? item_report(send, item, NULL, 0, error, fault) : error;
}
