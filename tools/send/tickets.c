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

struct ticket {
	struct ticket *next;
	struct asker *asker; /* NULL: it is gone */
	uint64_t given;      /* which of its messages */
	uint64_t number;     /* of the input that all callers make */
	size_t events;       /* 0: taken before */
};

/* A caller that cannot be answered for want of memory sees its connection end, and asks again. */
static void answer(struct asker *asker, const char *part, size_t len)
{
	if (asker->gone || GROW(asker->out, asker->out_capacity, asker->out_len + len) != E_OK) {
		asker->gone = true;
		return;
	}
	memcpy(asker->out + asker->out_len, part, len);
	asker->out_len += len;
}

static void answer_refused(struct asker *asker, uint64_t given, enum error error, const char *reason)
{
	json_t *json =
		json_pack("{s:I,s:s,s:s}", "number", (json_int_t)given, "error", error_name(error), "reason", reason);
	OWNED_MEMORY char *text = json ? json_write(json, JSON_COMPACT) : NULL;
	json_decref(json);
	asker->gone |= text == NULL;
	if (text != NULL)
		answer(asker, text, strlen(text));
	answer(asker, "\n", 1);
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
		char line[64];
		int len = snprintf(line, sizeof line, "{\"number\":%" PRIu64 ",\"known\":true}\n", ticket->given);
		if (ticket->asker != NULL)
			answer(ticket->asker, line, (size_t)len);
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

void tickets_begin(struct tickets *tickets, uint64_t number)
{
	if (tickets == NULL)
		return;
	tickets->number = number;
	tickets->reading->given++;
}

enum error tickets_reserve(struct tickets *tickets, struct fault *fault)
{
	if (tickets == NULL || tickets->spare != NULL)
		return E_OK;
	tickets->spare = malloc(sizeof *tickets->spare);
	return fault_set(fault, allocated(tickets->spare), "");
}

void tickets_take(struct tickets *tickets, size_t events)
{
	if (tickets == NULL)
		return;
	struct asker *asker = tickets->reading;
	struct ticket *ticket = OWN_TAKE(tickets->spare);
	*ticket = (struct ticket){NULL, asker, asker->given, tickets->number, events};
	*tickets->newest = ticket;
	tickets->newest = &ticket->next;
	asker->tickets++;
	tickets->waiting += events;
	if (tickets->gathered == 0)
		tickets->gathering_ns = clock_ns();
	tickets->gathered += events;
	answer_known(tickets);
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
	/* Those behind it that were taken for ones before them may have meant this one, which is remembered no more. */
	while (*link != NULL) {
		struct ticket *ticket = *link;
		if (ticket->events > 0) {
			link = &ticket->next;
			continue;
		}
		if (ticket->asker != NULL)
			answer_refused(ticket->asker, ticket->given, E_STOPPED,
				"taken for a message before it, which may be one that was refused: give it again");
		tear(tickets, link);
	}
	answer_known(tickets);
}

enum error tickets_receipt(struct tickets *tickets, json_t *receipt, uint64_t first_sequence, uint64_t first_index)
{
	free(tickets->receipt);
	tickets->receipt = receipt ? json_write(receipt, JSON_COMPACT) : NULL;
	tickets->receipt_len = tickets->receipt ? strlen(tickets->receipt) : 0;
	json_decref(receipt);
	tickets->receipt_sequence = first_sequence;
	tickets->receipt_index = first_index;
	return tickets->receipt != NULL ? E_OK : E_NO_MEMORY;
}

void tickets_acknowledged(struct tickets *tickets, const struct outbox_message *message)
{
	struct ticket **link = find(tickets, message->input, message->number);
	char head[160];
	if (link == NULL || tickets->receipt == NULL)
		return;
	struct asker *asker = (*link)->asker;
	if (asker != NULL) {
		int len = snprintf(head, sizeof head,
			"{\"number\":%" PRIu64 ",\"sequence\":%" PRIu64 ",\"index\":%" PRIu64 ",\"events\":%" PRIu32
			",\"receipt\":",
			(*link)->given, tickets->receipt_sequence + message->first, tickets->receipt_index + message->first,
			message->events);
		answer(asker, head, (size_t)len);
		answer(asker, tickets->receipt, tickets->receipt_len);
		answer(asker, "}\n", 2);
	}
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
	free(tickets->spare);
	free(tickets->receipt);
}
