/* A sender (the library) with a key and a spool, and a ledger that it sends to, for the tests of the outbox. */
#pragma once

#include "ingest/sender/outbox.h"
#include "tests/lib/fake_ledger.h"
#include "tests/lib/unit.h"

extern struct fixture fixture;
extern struct fake fake;
extern char key_path[96];
extern char spool_path[104];

/* What the calls saw. */
struct seen {
	uint64_t next; /* first sequence without a receipt */
	bool gaps;     /* somebody else's events are between */
	unsigned receipts;
	unsigned repeated;
	unsigned rejected;
	uint64_t rejected_number;
	enum error rejected_error;
	size_t rejected_events;
	char rejected_text[256];
	char rejected_subject[64];
	enum error flush_fails; /* set by a test: what flushing gives once a message was refused */
	unsigned flushes;
	unsigned flushed_receipts;
	char notice[256];
	char notices[8192];
};

extern struct seen seen;

/* The calls of an outbox that a test opens itself; `context` is &seen. */
void on_receipt(void *context, const struct batch_head *batch, const struct receipt *receipt);
void on_rejected(void *context, const struct outbox_rejection *rejection);
enum error on_flush(void *context);
void on_notice(void *context, const char *text);
/* Makes the ledger, a key for its sender and an empty `seen`; and removes them. */
void begin(void);
void end(void);
/* Opens the outbox, on the spool that is there or a new one; `batch`: events in a batch, 0 for what is usual. */
struct outbox *start(uint32_t batch);
/* One turn of both sides; the sender's error. */
enum error turn(struct outbox *outbox, struct fault *fault);
/* Turns until a message can be added. */
void until_ready(struct outbox *outbox);
/* Sends what was added, and turns until all of it has its answer; the sender's error. */
enum error finish(struct outbox *outbox, struct fault *fault);
void must_finish(struct outbox *outbox);

extern bool passing; /* messages come from a pipe */

/* Message n as `events` events about different subjects. */
enum error add(struct outbox *outbox, uint64_t n, size_t events, const char *extra);
/* One event each. */
void add_many(struct outbox *outbox, uint64_t from, uint64_t to);
/* Messages 0 to 7, until four batches may be in flight. */
void open_window(struct outbox *outbox);
/* The sequence that the ledger wants next. */
uint64_t ledger_has(void);
/* The sender's row, and the next change of it, which changes nothing yet. */
struct entry_sender next_change(enum sender_action action, struct sender *row);
/* Appends it, in a tick of its own. */
void append_change(struct entry_sender *entry);
/* By the operator, in the middle of sending; `word` as in policy_apply. */
void change_policy(const char *word);
