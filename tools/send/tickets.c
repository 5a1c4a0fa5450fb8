/* A ticket for each message that was taken, in the order in which they were; receipts come in the same order.
 *
 *   taken ─► a ticket, behind those of all messages before it ─┬─ receipt checked ─► answer with the receipt
 *                                                              ├─ refused by the ledger ─► answer with the reason
 *                                                              └─ taken before ─► answer once it is the first
 *   refused here ─► answer at once
 *
 * What can fail is memory. Where an answer cannot be written its caller is let go of: it sees its connection end, and
 * gives the message again. */
#include "tools/send/tickets.h"

#include "ledger/base/clock.h"
#include "ledger/base/grow.h"
#include "ledger/json/json_read.h"

#include <inttypes.h>
#include <stdarg.h>

struct ticket {
	struct ticket *next;
	struct asker *asker; /* NULL: it is gone */
	uint64_t given;      /* which of its messages */
	uint64_t number;     /* of the input that all callers make */
	size_t events;       /* 0: taken before */
};

static void answer(struct asker *asker, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A caller that cannot be answered for want of memory sees its connection end, and asks again. */
static void answer(struct asker *asker, const char *format, ...)
{
	char *line = NULL;
	va_list arguments;
	va_start(arguments, format);
	int len = vasprintf(&line, format, arguments);
	va_end(arguments);
	size_t needed = asker->out_len + (size_t)(len > 0 ? len : 0);
	if (len < 0 || GROW(asker->out, asker->out_capacity, needed) != E_OK) {
		asker->gone = true;
	} else {
		memcpy(asker->out + asker->out_len, line, (size_t)len);
		asker->out_len = needed;
	}
	if (len >= 0)
		free(line);
}

static void answer_refused(struct asker *asker, uint64_t given, enum error error, const char *reason)
{
	json_t *json =
		json_pack("{s:I,s:s,s:s}", "number", (json_int_t)given, "error", error_name(error), "reason", reason);
	OWNED_MEMORY char *text = json ? json_write(json, JSON_COMPACT) : NULL;
	json_decref(json);
	asker->gone |= text == NULL;
	if (text != NULL)
		answer(asker, "%s\n", text);
}

/* Takes the ticket at `link` out. */
static void tear(struct tickets *tickets, struct ticket **link)
{
	struct ticket *ticket = *link;
	*link = ticket->next;
	if (ticket->next == NULL)
		tickets->newest = link;
	tickets->waiting -= ticket->events;
	if (tickets->gathered > tickets->waiting) /* the batch was full, and closed by itself */
		tickets->gathered = tickets->waiting;
	if (ticket->asker != NULL)
		ticket->asker->tickets--;
	free(ticket);
}

/* What was taken before has its receipt by the time everything before it has. */
static void answer_known(struct tickets *tickets)
{
	while (tickets->oldest != NULL && tickets->oldest->events == 0) {
		struct ticket *ticket = tickets->oldest;
		if (ticket->asker != NULL)
			answer(ticket->asker, "{\"number\":%" PRIu64 ",\"known\":true}\n", ticket->given);
		tear(tickets, &tickets->oldest);
	}
}

/* The ticket of a message, if it is one of this run. */
static struct ticket **find(struct tickets *tickets, struct bytes input, uint64_t number)
{
	if (!bytes_equal(input, bytes_text(tickets->name)))
		return NULL;
	struct ticket **link = &tickets->oldest;
	while (*link != NULL && ((*link)->number != number || (*link)->events == 0))
		link = &(*link)->next;
	return *link != NULL ? link : NULL;
}

enum error tickets_take(struct tickets *tickets, size_t events, struct fault *fault)
{
	if (tickets == NULL)
		return E_OK;
	struct asker *asker = tickets->reading;
	struct ticket *ticket = malloc(sizeof *ticket);
	TRY(fault_set(fault, allocated(ticket), ""));
	*ticket = (struct ticket){NULL, asker, asker->given, tickets->number, events};
	*tickets->newest = ticket;
	tickets->newest = &ticket->next;
	asker->tickets++;
	tickets->waiting += events;
	if (tickets->gathered == 0)
		tickets->gathering_ns = clock_ns();
	tickets->gathered += events;
	answer_known(tickets);
	return E_OK;
}

void tickets_refused(struct tickets *tickets, enum error error, const char *reason)
{
	if (tickets != NULL)
		answer_refused(tickets->reading, tickets->reading->given, error, reason);
}

void tickets_rejected(struct tickets *tickets, const struct outbox_rejection *rejection)
{
	struct ticket **link = tickets ? find(tickets, rejection->input, rejection->number) : NULL;
	if (link == NULL)
		return;
	if ((*link)->asker != NULL)
		answer_refused((*link)->asker, (*link)->given, rejection->error, rejection->text);
	tear(tickets, link);
	answer_known(tickets);
}

enum error tickets_receipt(struct tickets *tickets, json_t *receipt, uint64_t first_sequence, uint64_t first_index)
{
	free(tickets->receipt);
	tickets->receipt = receipt ? json_write(receipt, JSON_COMPACT) : NULL;
	json_decref(receipt);
	tickets->receipt_sequence = first_sequence;
	tickets->receipt_index = first_index;
	return tickets->receipt != NULL ? E_OK : E_NO_MEMORY;
}

void tickets_acknowledged(struct tickets *tickets, const struct outbox_message *message)
{
	struct ticket **link = find(tickets, message->input, message->number);
	if (link == NULL || tickets->receipt == NULL)
		return;
	if ((*link)->asker != NULL)
		answer((*link)->asker,
			"{\"number\":%" PRIu64 ",\"sequence\":%" PRIu64 ",\"index\":%" PRIu64 ",\"events\":%" PRIu32
			",\"receipt\":%s}\n",
			(*link)->given, tickets->receipt_sequence + message->first, tickets->receipt_index + message->first,
			message->events, tickets->receipt);
	tear(tickets, link);
	answer_known(tickets);
}

void tickets_forget(struct tickets *tickets, struct asker *asker)
{
	for (struct ticket *ticket = tickets->oldest; ticket != NULL && asker->tickets > 0; ticket = ticket->next)
		if (ticket->asker == asker) {
			ticket->asker = NULL;
			asker->tickets--;
		}
	free(asker->out);
}

void tickets_free(struct tickets *tickets)
{
	while (tickets->oldest != NULL)
		tear(tickets, &tickets->oldest);
	free(tickets->receipt);
}
