/* Reporting accesses to a ledger from a C or C++ program: libindsigt-sender. indsigt-sender(3), spec/sender.md
 *
 *     struct indsigt_sender_options options = {.size = sizeof options};
 *     options.server = "tls://log.example.org:7514";
 *     options.key = "ksd.key";
 *     if (indsigt_sender_open(&options, &sender, &fault) != INDSIGT_OK) ...
 *     while ((got = indsigt_sender_report(sender, json, strlen(json), &fault)) == INDSIGT_BUSY)
 *         if (indsigt_sender_poll(sender, -1, &fault) != INDSIGT_OK) ...
 *     if (indsigt_sender_save(sender, -1, &fault) != INDSIGT_OK) ... // now it survives whatever happens here
 *     while (indsigt_sender_waiting(sender) > 0)
 *         if (indsigt_sender_poll(sender, -1, &fault) != INDSIGT_OK) ... // now it is in the log, proven
 *     indsigt_sender_close(sender);
 *
 * An event is an object in JSON (`indsigt help event`). Give events an "id": then reporting one again, after a crash
 * say, is harmless. Batches that wait are in a spool on disk, which one process at a time has; the next one goes on
 * with them.
 *
 * One thread at a time uses a sender; several senders, each with a key and a spool of its own, may be used by several
 * threads. After fork() it is the parent's alone: the child calls nothing of it, not even to close it. Nothing is
 * written to standard output or error. No signal is touched, and none is sent (SIGPIPE). */
#ifndef INDSIGT_SENDER_H
#define INDSIGT_SENDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum indsigt_result {
	INDSIGT_OK = 0,
	INDSIGT_KNOWN = 1, /* this very event, by its id, was taken before: nothing is to be done */
	INDSIGT_BUSY = 2,  /* nothing can be taken now: the ledger was not reached yet, or what waits fills the spool. Poll,
						  try again */
	INDSIGT_REFUSED = 3, /* the event is not one that the ledger takes; the fault names the field */
	INDSIGT_TIMEOUT = 4, /* the time is over */
	INDSIGT_FAILED = 5   /* final: close. What waits stays in the spool */
};

struct indsigt_fault {
	char error[32];   /* a short name, of spec/errors.md: "bad-value" */
	char reason[512]; /* for people, without anybody's number */
};

struct indsigt_sender;

/* Texts are copied. All but the first three may be 0. */
struct indsigt_sender_options {
	size_t size;             /* of this struct, as it was compiled; what this library does not know has to be 0 */
	const char *server;      /* the ledger: tls://HOST:PORT; without TLS, HOST:PORT */
	const char *key;         /* file of 'indsigt sender add', 0600 */
	const char *spool;       /* directory; KEY.spool */
	const char *ca;          /* PEM: who is believed, in place of the system's authorities */
	const char *certificate; /* PEM, shown to a ledger that asks */
	const char *certificate_key;
	int plain_off_loopback; /* without TLS to another machine */
	unsigned batch;         /* events in a batch at most: 1 to 4096; 1000 */
	/* Called in indsigt_sender_poll and indsigt_sender_save; `notice` in indsigt_sender_open and indsigt_sender_report,
	 * too. What they are given is theirs until they return; they call nothing of this sender. */
	void (*receipt)(
		void *context, uint64_t first_index, uint64_t first_sequence, uint32_t events); /* in the log, proven */
	void (*rejected)(void *context, const char *event, const char *error,
		const char *reason);                         /* by the ledger, after it was taken: JSON */
	void (*notice)(void *context, const char *text); /* for people: connected, cannot connect, waiting */
	void *context;
};

/* Reads the key and opens the spool; the ledger is looked for in indsigt_sender_poll. INDSIGT_OK, INDSIGT_FAILED. */
enum indsigt_result indsigt_sender_open(
	const struct indsigt_sender_options *options, struct indsigt_sender **out, struct indsigt_fault *fault);
/* What was not saved is forgotten; what was waits in the spool. NULL is allowed. */
void indsigt_sender_close(struct indsigt_sender *sender);

/* Takes one event; it is durable after the next indsigt_sender_save. INDSIGT_OK, KNOWN, BUSY, REFUSED, FAILED. */
enum indsigt_result indsigt_sender_report(
	struct indsigt_sender *sender, const char *json, size_t len, struct indsigt_fault *fault);
/* Signs what was taken, and waits until it is on disk: as a rule a millisecond, longer only where the disk is full.
 * `timeout_ms` -1: as long as it takes. INDSIGT_OK, TIMEOUT, FAILED. */
enum indsigt_result indsigt_sender_save(struct indsigt_sender *sender, int timeout_ms, struct indsigt_fault *fault);
/* Connects, sends, receives, until something has happened or the time is over; asking for the address of the server's
 * name takes as long as it takes. To be called while anything waits, and now and then otherwise. INDSIGT_OK, TIMEOUT,
 * FAILED. */
enum indsigt_result indsigt_sender_poll(struct indsigt_sender *sender, int timeout_ms, struct indsigt_fault *fault);
/* Events that were taken and have no receipt yet. */
uint64_t indsigt_sender_waiting(const struct indsigt_sender *sender);

#ifdef __cplusplus
}
#endif

#endif
