/* The sender library: events go in, receipts come out, nothing is lost and nothing is doubled in between.
 *
 * How to use it
 *
 *     struct sender_options options = {.server = "ledger.example:4710", .key_path = "key.json"};
 *     struct sender *sender;
 *     TRY(sender_open(&options, &sender, &fault));
 *     for each message, with its events:
 *         while (!sender_ready(sender))
 *             TRY(sender_poll(sender, -1, NULL, -1, &fault));
 *         error = sender_add(sender, events, count, &source, &fault);   // refused here: say so, go on
 *     TRY(sender_flush(sender, &fault));
 *     while (!sender_idle(sender))
 *         TRY(sender_poll(sender, -1, NULL, -1, &fault));
 *     sender_close(sender);
 *
 * What happens
 *
 *   message ─► sender_add ─► open batch ─► (full, or sender_flush) signed ─► spool ─► synced ─► sent ─► receipt checked
 *
 * Everything between add and receipt happens inside sender_poll, which is plain poll(2) on one connection and never
 * blocks longer than it is told to, but for the disk and for looking up the host's name. Batches are pipelined up to
 * the window that the ledger gives; those that wait together share one sync of the spool.
 *
 * Connections that fail or are lost are made again, with growing pauses, for ever; the spool decides what is sent
 * again. A caller that dies loses what it had added since the last batch was closed, and finds the rest in the spool:
 * with a `source` it is told by sender_taken which messages of the same input it need not add again.
 *
 * A refused message never stops the others. sender_add refuses what the schema and the sender's policy do not
 * allow. What only the ledger can refuse comes through `rejected`: its batch and the ones behind it are signed again
 * without it. A policy that changed makes the waiting batches be encoded again.
 *
 * An error from sender_poll is final: the key is not known, the log was rolled back (E_ROLLED_BACK), a receipt does not
 * hold (E_BAD_PROOF), the disk is full (E_FULL)... The spool keeps what waits; close, repair, open again.
 *
 * One thread uses a sender. One process uses a spool: E_BUSY. spec/sender.md */
#pragma once

#include "ledger/event.h"
#include "ledger/receipt.h"

struct sender;

/* A message that the ledger refused. Borrowed for the time of the call. */
struct sender_rejection {
	struct bytes input; /* name; empty: from no input */
	uint64_t number;    /* in its input, from 0 */
	enum error error;
	const char *text;           /* field and reason, without personal data */
	const struct event *events; /* that the message became */
	size_t count;
};

struct sender_calls {
	/* A batch is in the log, proven. Comes in the order of sequences; after a crash it may come a second time. */
	void (*receipt)(void *context, const struct batch_head *batch, const struct receipt *receipt);
	void (*rejected)(void *context, const struct sender_rejection *rejection);
	/* What the two above wrote must now survive: after this the spool forgets. Errors are final. */
	enum error (*flush)(void *context);
	/* For people: connected, cannot connect, waiting. Never twice the same in a row. */
	void (*notice)(void *context, const char *text);
	void *context;
};

struct sender_options {
	const char *server;        /* HOST:PORT, [ADDRESS]:PORT */
	const char *key_path;      /* as in sender_key.h */
	const char *spool;         /* directory; NULL: key_path with ".spool" behind it */
	uint32_t batch;            /* events in a batch, at most; 0: BATCH_EVENTS_DEFAULT */
	struct sender_calls calls; /* each may be NULL */
};

/* Where a message came from, so that a later run does not take it twice. */
struct sender_source {
	struct bytes input; /* a name that means the same next time: a real path, "-" */
	uint64_t number;    /* in the input, from 0, without gaps */
	struct bytes text;  /* the message as it stands there; only a keyed hash is kept */
};

/* Reads the key, opens the spool; does not connect yet. E_USAGE (server, batch), errors of sender_key_read and
 * spool_open. `options` is copied, but for the texts, which must live as long as the sender. */
enum error sender_open(const struct sender_options *options, struct sender **out, struct fault *fault) MUST_USE;
/* Forgets the open batch (call sender_flush first); the spool keeps the rest. */
void sender_close(struct sender *sender);

/* True if sender_add may be called: the policy is known and there is room. */
bool sender_ready(const struct sender *sender);
/* True if nothing waits: no open batch, no batch without a receipt. */
bool sender_idle(const struct sender *sender);
/* Events in the open batch and in waiting ones. */
uint64_t sender_waiting(const struct sender *sender);
/* The log that receipts are checked against; the sender's id. */
const struct vkey *sender_log(const struct sender *sender);
uint32_t sender_id(const struct sender *sender);
/* The policy that events are split by; NULL before the first connection ever. */
const struct policy *sender_policy(const struct sender *sender);

/* Adds one message, which became `count` events: all are taken, in one batch, or none. Only when sender_ready. A
 * refused message is remembered as taken; the fault names field and reason. E_IO, E_FULL, E_NO_MEMORY are final.
 * `source` may be NULL. */
enum error sender_add(struct sender *sender, const struct event *events, size_t count,
	const struct sender_source *source, struct fault *fault) MUST_USE;
/* Remembers a message that could not even be read as taken. */
enum error sender_refuse(struct sender *sender, const struct sender_source *source, struct fault *fault) MUST_USE;
/* True if `error` of sender_add means that this message is refused, and not that the sender is at its end. */
bool sender_refusal(enum error error);
/* Closes the open batch, if there is one. Only the next sender_poll makes it durable and sends it. */
enum error sender_flush(struct sender *sender, struct fault *fault) MUST_USE;

/* True if the message was taken by this or an earlier run. */
enum error sender_taken(
	struct sender *sender, const struct sender_source *source, bool *out, struct fault *fault) MUST_USE;
/* To be called before the first message of an input: closes the open batch if it holds messages of the same input, so
 * that sender_taken knows of them. With `again` what earlier runs took from it is forgotten. */
enum error sender_begin_input(struct sender *sender, struct bytes input, bool again, struct fault *fault) MUST_USE;

/* Syncs, sends, receives. Waits until something happened, the sender became ready, `input_fd` (unless it is -1) can be
 * read (then *input_ready is true), a signal came, or `timeout_ms` passed (-1: no limit). */
enum error sender_poll(
	struct sender *sender, int input_fd, bool *input_ready, int timeout_ms, struct fault *fault) MUST_USE;
