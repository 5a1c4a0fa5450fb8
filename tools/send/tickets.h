/* What callers (callers.h) wait for, and what each is answered. The calls are made while a message is read and answers
 * of the ledger come; `tickets` NULL: nobody listens, and nothing is done. spec/sender.md, Callers on one machine */
#pragma once

#include "ingest/sender/outbox.h"

#include <jansson.h>

struct ticket;

/* A caller, as far as it is answered. */
struct asker {
	uint64_t given;   /* messages so far */
	unsigned tickets; /* of them without an answer */
	bool gone;        /* it hears nothing more */
	char *out;        /* answers that are not written yet */
	size_t out_len, out_capacity;
};

/* Invariant: tickets stand in the order in which messages were taken; gathered <= waiting. */
struct tickets {
	const char *name;      /* of the input that all callers make, of this run alone; borrowed */
	struct asker *reading; /* whose message is being read, */
	uint64_t number;       /* and which one of the input it is */
	struct ticket *oldest;
	struct ticket **newest; /* set to &oldest at first */
	struct ticket *spare;   /* for the message that is read, which is not taken where there is none */
	uint64_t waiting;       /* events of tickets */
	uint64_t gathered;      /* of them: taken since this was set to 0, */
	uint64_t gathering_ns;  /* the first of them then */
	char *receipt;          /* that came last, as JSON */
	size_t receipt_len;
	uint64_t receipt_sequence, receipt_index;
};

/* A message of the caller that is being read, this one of the input: what the next calls are about. */
void tickets_begin(struct tickets *tickets, uint64_t number);
/* Room for one more ticket: before the message is taken. E_NO_MEMORY. */
enum error tickets_reserve(struct tickets *tickets, struct fault *fault) MUST_USE;
/* The message that is being read was taken and became `events` events; 0: it is one that was taken before. Once after
 * tickets_reserve. */
void tickets_take(struct tickets *tickets, size_t events);
/* It was refused here. */
void tickets_refused(struct tickets *tickets, enum error error, const char *reason);
/* Refused by the ledger, after it was taken. */
void tickets_rejected(struct tickets *tickets, const struct outbox_rejection *rejection);
/* The receipt of a batch, taken over; then come its messages. NULL gives E_NO_MEMORY. */
enum error tickets_receipt(
	struct tickets *tickets, json_t *receipt, uint64_t first_sequence, uint64_t first_index) MUST_USE;
void tickets_acknowledged(struct tickets *tickets, const struct outbox_message *message);

/* The asker is gone: its tickets stay, and are answered to nobody. Frees what it had not written. */
void tickets_forget(struct tickets *tickets, struct asker *asker);
void tickets_free(struct tickets *tickets);
