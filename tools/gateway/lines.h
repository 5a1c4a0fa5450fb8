/* All lines of the syslog door: who comes in, whose turn it is, and how they end. spec/gateway.md
 *
 *   round:  what was taken is on the disk? ─► accept ─► each line's share of bytes ─► messages ─► batch closed
 *              ▲                                                                               │
 *              └───────────────────────────── synced ◄─────────────────────────────────────────┘
 *
 * Nothing is read while anything that was read is not on the disk: what a peer has handed over and this process has
 * read is in the spool or among the refused ones before more is read. What is not read waits at the peer's, by TCP. */
#pragma once

#include "tools/gateway/line.h"
#include "tools/gateway/posts.h"

#define LINES_MAX 1024u
#define LINES_OTHER_FDS 64u       /* what the spool, what is refused and the ledger take beside them */
#define LINES_ROUND_READS 64u     /* of all lines, before what they gave is on the disk */
#define LINES_SHAKES 40u          /* handshakes that go on in a round */
#define LINES_SHAKE_MS 10000u     /* a handshake may take, once it has begun */
#define LINES_GIVES_WAY_MS 60000u /* of silence, before a line gives way to a new one */
#define LINES_BEAT_MS 1000
#define LINES_DRAIN_MS 5000u /* after a signal, for what is on its way */
#define LINES_TELLS 6u       /* of one line's trouble, in LINES_TELLS_MS */
#define LINES_TELLS_MS 60000u

struct lines_options {
	const char *listen; /* HOST:PORT; NULL: there is no such door */
	struct tls_files tls;
	const char *client_ca; /* or NULL: whose keys the registration names */
};

/* What became of lines, for who runs this; of messages `struct send` counts. */
struct lines_counts {
	uint64_t accepted, refused, broken; /* lines; broken: they ended within a message */
	uint64_t repeated;                  /* messages that came on a line before */
};

struct lines {
	struct send *send;
	const struct lines_options *options;
	struct tls_server *tls;
	int listener;
	bool listening;
	bool crowded; /* there was no descriptor for one more, and nobody has gone since */
	bool more;    /* a line may have bytes that nobody tells of */
	struct line *first;
	unsigned count, most;   /* most: set before lines_open */
	unsigned reads, shakes; /* in this round */
	uint64_t number;        /* of the next message, of whichever line */
	uint64_t beat_ms;
	uint64_t tells_ms; /* since when `tells` counts */
	unsigned tells;
	struct posts posts; /* of the other door, whose turn comes in the same rounds */
	struct lines_counts counts;
	uint64_t status_ms, status_sum; /* when it was written last, and about how much (status.h) */
};

/* The door stands open, and its address is known, before the ledger is; what comes waits until it is. Zeroed, but for
 * `send` and `options`. */
enum error lines_open(struct lines *lines, struct address *out, struct fault *fault) MUST_USE;
/* One round, which waits until there is something to do or LINES_BEAT_MS have passed. */
enum error lines_go_round(struct lines *lines, struct fault *fault) MUST_USE;
/* No more lines; those that are there are told, and read until they end or LINES_DRAIN_MS have passed. */
enum error lines_drain(struct lines *lines, struct fault *fault) MUST_USE;
void lines_close(struct lines *lines);
