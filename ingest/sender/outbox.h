/* The sender library, an *outbox*: events go in, receipts come out, nothing is lost and nothing is doubled in between.
 *
 * How to use it
 *
 *     struct outbox_options options = {.server = "ledger.example:4710", .key_path = "key.json"};
 *     struct outbox *outbox;
 *     TRY(outbox_open(&options, &outbox, &fault));
 *     for each message, with its events:
 *         while (!outbox_ready(outbox))
 *             TRY(outbox_poll(outbox, -1, NULL, -1, &fault));
 *         error = outbox_add(outbox, events, count, &source, &fault);   // refused here: say so, go on
 *     TRY(outbox_flush(outbox, &fault));
 *     while (!outbox_idle(outbox))
 *         TRY(outbox_poll(outbox, -1, NULL, -1, &fault));
 *     outbox_close(outbox);
 *
 * What happens
 *
 *   message ─► outbox_add ─► open batch ─► (full, or outbox_flush) signed ─► spool ─► synced ─► sent ─► receipt checked
 *
 * Everything between add and receipt happens inside outbox_poll, which is plain poll(2) on one connection and never
 * blocks longer than it is told to, but for the disk and for looking up the host's name. Batches are pipelined up to
 * the window that the ledger gives; those that wait together share one sync of the spool. That sync also makes durable
 * what was acknowledged before, and the secrets behind it are destroyed; when nothing comes for a moment outbox_poll
 * does so by itself. So whoever keeps an outbox open between events lets it poll meanwhile.
 *
 * Connections that fail or are lost are made again, with growing pauses, for ever; the spool decides what is sent
 * again. A caller that dies loses what it had added since the last batch was closed, and finds the rest in the spool.
 * outbox_taken tells which messages of an input wait or were acknowledged before, and need not be added again: those
 * with the same content, whatever the input is called now. Events with an id are recognised by it wherever they come
 * from (E_EXISTS). What was refused is not remembered: it is tried again when it comes again.
 *
 * Events are judged by the welcome of this run only: nothing is taken before it. While the connection is away after
 * that they are judged by the policy that is known, and again when the next welcome brings another. What waits and is
 * not in the ledger is signed again when policy or key changed; what the ledger has is sent as it was signed then, to
 * get its receipt. A clock that is wrong is no event's fault: an event that is ahead of the ledger's clock only waits.
 *
 * A refused message never stops the others. outbox_add refuses what the schema and the sender's policy do not
 * allow. What only the ledger can refuse comes through `rejected`: its batch and the ones behind it are signed again
 * without it. A policy that changed makes the waiting batches be encoded again.
 *
 * An error from outbox_poll is final: the key is not known, the log was rolled back (E_ROLLED_BACK), a receipt does not
 * hold (E_BAD_PROOF)... The spool keeps what waits; close, repair, open again. When the spool's disk is full nothing is
 * taken or sent, a notice says so, and it goes on by itself once there is room.
 *
 * With `query` a thread checks how each batch was filed, once an epoch covers it, and what was checked is signed into
 * the batches that follow. It never holds up sending; what does not hold is kept in the spool (filing_checker.h).
 *
 * One thread uses an outbox. One process uses a spool: E_BUSY. spec/sender.md */
#pragma once

#include "ingest/sender/filing_checker.h"
#include "ledger/entry/receipt.h"
#include "ledger/event/event.h"
#include "ledger/tls/tls_client.h"

struct outbox;

/* A message that the ledger refused. Borrowed for the time of the call. */
struct outbox_rejection {
	struct bytes input; /* name; empty: from no input */
	uint64_t number;    /* in its input, from 0 */
	enum error error;
	const char *text;           /* field and reason, without personal data */
	const struct event *events; /* that the message became */
	size_t count;
	uint64_t identity; /* what its message is recognised by when only the events are left of it; 0: nothing */
};

/* One message of a batch that is in the log. Borrowed for the time of the call. */
struct outbox_message {
	struct bytes input; /* as it was added */
	uint64_t number;
	uint32_t first; /* of its events, in the batch */
	uint32_t events;
};

struct outbox_calls {
	/* A batch is in the log, proven. Comes in the order of sequences; after a crash it may come a second time. */
	void (*receipt)(void *context, const struct batch_head *batch, const struct receipt *receipt);
	/* Then each message of it that came from an input, in order. */
	void (*message)(void *context, const struct outbox_message *message);
	void (*rejected)(void *context, const struct outbox_rejection *rejection);
	/* What the two above wrote must now survive: after this the spool forgets. Errors are final. */
	enum error (*flush)(void *context);
	/* For people: connected, cannot connect, waiting. Never twice the same in a row. */
	void (*notice)(void *context, const char *text);
	void *context;
};

struct outbox_options {
	const char *server;        /* tls://HOST:PORT, or without TLS HOST:PORT; [ADDRESS]:PORT; NULL: only for
								  outbox_take_out */
	struct tls_trust tls;      /* with tls:// */
	bool plain_off_loopback;   /* without TLS, to another machine; for `query` web_trust says so */
	const char *key_path;      /* as in sender_key.h */
	const char *query;         /* address of the ledger's query daemon; NULL: filing is not checked */
	const char *spool;         /* directory; NULL: key_path with ".spool" behind it */
	uint32_t batch;            /* events in a batch, at most; 0: BATCH_EVENTS_DEFAULT */
	struct outbox_calls calls; /* each may be NULL */
};

/* Where a message came from. */
struct outbox_source {
	struct bytes input; /* its name, for people */
	uint64_t number;    /* in the input, from 0 */
	struct bytes text;  /* the message as it stands there; only a keyed hash is kept */
	bool passing;       /* it comes once, and equal ones are others, but after a run that did not end (a pipe) */
	uint64_t identity;  /* of the message that was refused when only events were left of it; or 0 */
	uint64_t place;     /* stands for where it is: it is recognised there, and its equal elsewhere is another; or 0 */
};

/* Reads the key, opens the spool; does not connect yet. E_USAGE (server, batch), errors of sender_key_read and
 * spool_open. `options` is copied, but for the texts, which must live as long as the outbox. */
enum error outbox_open(const struct outbox_options *options, struct outbox **out, struct fault *fault) MUST_USE;
/* Forgets the open batch (call outbox_flush first); the spool keeps the rest. */
void outbox_close(struct outbox *outbox);
OWN(outbox, outbox_close);

/* True if outbox_add may be called: the policy is known and there is room. */
bool outbox_ready(const struct outbox *outbox);
/* How the ledger filed what was sent (with `query`): checked in the background. `text` (FAULT_TEXT_MAX + 1 bytes) says
 * why it does not hold, or why checking does not go on. FILING_DONE without `query`. */
enum filing_state outbox_filing(struct outbox *outbox, char *text);
/* The sequence below which all is checked. */
uint64_t outbox_filing_checked(const struct outbox *outbox);
/* True if nothing waits: no open batch, no batch without a receipt. */
bool outbox_idle(const struct outbox *outbox);
/* Events in the open batch and in waiting ones. */
uint64_t outbox_waiting(const struct outbox *outbox);
/* The messages that they came from. */
uint64_t outbox_waiting_messages(const struct outbox *outbox);
/* True if all that waits is durable in the spool, but for the open batch: not while its disk is full. */
bool outbox_saved(const struct outbox *outbox);
/* True if a part of the spool could not be read: messages may be lost. */
bool outbox_damaged(const struct outbox *outbox);
/* The log that receipts are checked against. */
const struct vkey *outbox_log(const struct outbox *outbox);
/* The sender's organisation and name as its key file says; may be empty. */
const char *outbox_org(const struct outbox *outbox);
uint32_t outbox_sender(const struct outbox *outbox);
const char *outbox_name(const struct outbox *outbox);
/* The policy that events are split by; NULL before the ledger was ever reached. */
const struct policy *outbox_policy(const struct outbox *outbox);
/* What its messages' own words mean, by the registration; nothing before the ledger was ever reached. */
const struct source *outbox_source(const struct outbox *outbox);

/* Adds one message, which became `count` events: all are taken, in one batch, or none. Only when outbox_ready. The
 * fault of a refused message names field and reason. E_EXISTS: the same event, by its id, waits or was acknowledged
 * before; a purpose that is the very text of outbox_policy() is none of the event's own. E_NO_MEMORY: nothing of it was
 * taken. E_IO is final. `source` may be NULL. */
enum error outbox_add(struct outbox *outbox, const struct event *events, size_t count,
	const struct outbox_source *source, struct fault *fault) MUST_USE;
/* Whether it would take them: the same refusals, and nothing is added. Only when outbox_ready. */
enum error outbox_check(struct outbox *outbox, const struct event *events, size_t count, struct fault *fault) MUST_USE;
/* Gives every waiting message back through `rejected`, and forgets it: for a sender that can send no more. The ledger
 * may have some of them without that the sender knows. */
enum error outbox_take_out(struct outbox *outbox, struct fault *fault) MUST_USE;
/* True if `error` of outbox_add means that this message is refused, and not that the outbox is at its end. */
bool outbox_refusal(enum error error);
/* Closes the open batch, if there is one. Only the next outbox_poll makes it durable and sends it. */
enum error outbox_flush(struct outbox *outbox, struct fault *fault) MUST_USE;
/* The same, and all that waits is durable in the spool; nothing is sent. E_FULL: its disk has no room. */
enum error outbox_save(struct outbox *outbox, struct fault *fault) MUST_USE;

/* To be called before the first message of an input, whose equal messages are counted from here on. With `again`
 * nothing of it is recognised, neither by content nor by id. For a passing one: what spool_piped_begin gives. */
enum error outbox_begin_input(
	struct outbox *outbox, struct bytes input, bool passing, bool again, struct fault *fault) MUST_USE;
/* Every input was read to its end, and nothing waits: what passing ones bring later is new. */
void outbox_end_inputs(struct outbox *outbox);
/* What the spool recognises the content of a message by; never 0. */
uint64_t outbox_content(const struct outbox *outbox, const struct outbox_source *source);
/* What stands for a text as long as the spool lives, and says nothing about it; never 0. */
uint64_t outbox_hash(const struct outbox *outbox, struct bytes text);
/* Counts the message; true if as many equal ones as the input has had by now wait or were acknowledged. To be called
 * once for each, before outbox_add. With a place: true if this one, there, does; nothing is counted. */
enum error outbox_taken(
	struct outbox *outbox, const struct outbox_source *source, bool *out, struct fault *fault) MUST_USE;
/* The same for an input of which its caller counts the equal messages, since several of its kind come at once: whether
 * `nth` of them (this one is the nth) wait or were acknowledged. */
bool outbox_has(const struct outbox *outbox, const struct outbox_source *source, uint32_t nth);

/* Syncs, sends, receives. Waits until something happened, the outbox became ready, `input_fd` (unless it is -1) can be
 * read (then *input_ready is true), a signal came, or `timeout_ms` passed (-1: no limit). */
enum error outbox_poll(
	struct outbox *outbox, int input_fd, bool *input_ready, int timeout_ms, struct fault *fault) MUST_USE;
