/* `indsigt send`: what its parts share. send.c is the command, send_input.c reads inputs and hands their messages to
 * the outbox.
 *
 * The numbers in it are what the last line that a person reads is made of: each message is counted once where it ends
 * up, so that they add up to what was read. */
#pragma once

#include "ingest/sender/outbox.h"
#include "ingest/spool/equals.h"
#include "tools/send/kept.h"
#include "tools/send/messages.h"
#include "tools/send/rejected_row.h"
#include "tools/send/tally.h"
#include "tools/send/tickets.h"
#include "tools/show/progress.h"

#include <netinet/in.h>

/* Told of each message that is read, at once: `events` it became, 0 if it is one that was taken before. What is refused
 * stands with the refused ones; but for E_STOPPED: it stands nowhere. */
struct send_heard {
	void (*taken)(void *context, size_t events);
	void (*refused)(void *context, enum error error, const char *reason);
	/* Of several that are taken together: why this one (from 0) keeps all from being it. `refused` comes behind. */
	void (*part)(void *context, size_t number, enum error error, const char *reason);
	void *context;
};

/* Invariant: waited + added - moved messages are acknowledged or wait in the spool; `ended` is E_OK until something
 * ends the run, and then the first such thing. */
struct send {
	struct outbox *outbox;
	struct outbox_options options;
	enum adapter_format format;
	bool format_given;
	bool follow;               /* inputs are followed as they grow */
	char **paths;              /* inputs; none: standard input */
	const char *rejected_path; /* as the user named it, or NULL */
	bool again;
	const char *resume;             /* what standard input is called, if it is remembered as a file is; or NULL */
	bool check_filing;              /* nothing else */
	bool take_out;                  /* likewise: what waits becomes rows of refused messages */
	const char *listen;             /* the socket of callers, in place of inputs; or NULL */
	const char *user;               /* to go on as, or NULL */
	struct tickets *tickets;        /* while callers are listened to */
	const struct send_heard *heard; /* by who has an answer to give; or NULL */
	bool reloads;                   /* SIGHUP is one of its signals, */
	bool reload;                    /* and came */
	bool silent;                    /* receipts are not printed */
	/* Until something happened, while a message waits for room: for whoever looks after more than this one input. */
	enum error (*meanwhile)(struct send *send, struct fault *fault);
	void *following; /* its own */
	char spool[PATH_MAX];
	struct rejected rejected;
	struct tally tally;
	struct progress progress;
	int signals; /* signalfd */
	int events;  /* epoll: signals, and an input that can be waited for */
	bool stopped;
	bool full;        /* it was said that there is no room for what is refused */
	bool unread;      /* ended before the inputs were */
	enum error ended; /* what ended the run while there was more from a pipe: nothing is taken any more */
	struct fault ended_fault;
	enum error write_error; /* of stdout or the rejected file */
	uint64_t acknowledged;  /* events */
	uint64_t batches;
	uint64_t waited;   /* messages that an earlier run had left in the spool */
	uint64_t messages; /* of the inputs */
	uint64_t added;
	uint64_t nobody; /* of these: about no person */
	uint64_t refused;
	uint64_t moved;          /* of the refused ones: by the ledger, after they were added */
	uint64_t skipped;        /* sent before */
	uint64_t met;            /* of these: by their place in a file that is followed */
	uint64_t left;           /* read, and then nothing: ended before it had a place */
	uint64_t repeated;       /* rows of a message that another row of the input has, too */
	char run[17];            /* which run this is */
	uint64_t inputs_refused; /* whole inputs that look like something else */
};

/* A line over which messages come from another machine: each once, or, when it was broken off, again on another line.
 * Who is at its other end is said by the registration (source.h), by what is known of it. */
struct send_line {
	struct equals equals;
	char certificate[2 * HASH_BYTES + 1]; /* of its public key, in hex; empty: it showed none */
	char address[INET6_ADDRSTRLEN];
	uint64_t repeated; /* messages that came on a line before */
};

/* Where messages come from. */
struct input {
	int fd;
	struct bytes name;
	uint64_t number; /* of the next message */
	enum adapter_format format;
	const char *says; /* what it looks like, if all of it is refused for that */
	uint64_t place;   /* of the message, in a file that is followed (outbox_source); or 0 */
	bool regular;
	bool passing; /* of a pipe: what comes is new, unless it has an id or a run before was interrupted */
	bool in_parts;
	struct send_line *line;    /* or NULL */
	struct kept kept;          /* the message that comes in parts */
	struct rejected_seen seen; /* rows of refused ones */
};

/* Reports a refused message; the error of writing it is kept in `write_error`. */
void send_report(struct send *send, const struct refused *refused);
/* A row that was not read goes back as it is. */
void send_keep_row(struct send *send, struct bytes row);
/* Whether to try again what `error` is of: the disk was full, and there has been time for it to be less so. Says it
 * once. */
bool send_room(struct send *send, enum error error);
/* Sets `stopped` if a signal came. */
void send_look_for_signal(struct send *send);
/* Until something happened. `fd`: send->signals, or send->events where an input is waited for too. */
enum error send_wait(struct send *send, int fd, struct fault *fault) MUST_USE;
/* One message as it came. E_STOPPED after a signal. */
enum error send_message(struct send *send, struct input *input, struct message *message, struct fault *fault) MUST_USE;
/* Each message of a text in memory, as one that came over the input. */
enum error send_text(struct send *send, struct input *input, struct bytes text, struct fault *fault) MUST_USE;
/* Several messages that are taken together or not at all, in the order of `parts`: in one batch, so that they stand in
 * the ledger together, too. They came in `whole`, which is what is counted and kept of them as one message; they are
 * recognised by themselves, in their order. E_STOPPED after a signal. */
enum error send_together(struct send *send, struct input *input, const struct message *whole, const struct bytes *parts,
	size_t count, struct fault *fault) MUST_USE;
/* Whether the message would be taken now: what refuses it, which is told to nobody else. Only when the outbox is ready.
 */
enum error send_check(struct send *send, const struct input *input, struct bytes text, struct fault *fault) MUST_USE;
/* All between opening the spool and closing it, for a program that takes messages until it is told to end: `work` gets
 * the open outbox, and gives E_STOPPED after a signal. What was taken is durable afterwards, or is said to be nowhere.
 */
enum error send_serve(struct send *send, enum error (*work)(struct send *send, void *context, struct fault *fault),
	void *context, struct fault *fault) MUST_USE;
/* Sends all messages of a file, "-" is standard input. E_STOPPED after a signal. */
enum error send_file(struct send *send, const char *path, struct fault *fault) MUST_USE;
