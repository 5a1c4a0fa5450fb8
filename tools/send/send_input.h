/* `indsigt send`: what its parts share. send.c is the command, send_input.c reads inputs and hands their messages to
 * the outbox.
 *
 * The numbers in it are what the last line that a person reads is made of: each message is counted once where it ends
 * up, so that they add up to what was read. */
#pragma once

#include "ingest/sender/outbox.h"
#include "tools/send/kept.h"
#include "tools/send/messages.h"
#include "tools/send/rejected_row.h"
#include "tools/send/tickets.h"
#include "tools/show/progress.h"

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
	const char *resume;      /* what standard input is called, if it is remembered as a file is; or NULL */
	bool check_filing;       /* nothing else */
	bool take_out;           /* likewise: what waits becomes rows of refused messages */
	const char *listen;      /* the socket of callers, in place of inputs; or NULL */
	const char *user;        /* to go on as, or NULL */
	struct tickets *tickets; /* while callers are listened to */
	/* Until something happened, while a message waits for room: for whoever looks after more than this one input. */
	enum error (*meanwhile)(struct send *send, struct fault *fault);
	void *following; /* its own */
	char spool[PATH_MAX];
	struct rejected rejected;
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
	struct kept kept;          /* the message that comes in parts */
	struct rejected_seen seen; /* rows of refused ones */
};

/* Reports a refused message; the error of writing it is kept in `write_error`. */
void send_report(struct send *send, const struct refused *refused);
/* Whether to try again what `error` is of: the disk was full, and there has been time for it to be less so. Says it
 * once. */
bool send_room(struct send *send, enum error error);
/* Sets `stopped` if a signal came. */
void send_look_for_signal(struct send *send);
/* Until something happened. `fd`: send->signals, or send->events where an input is waited for too. */
enum error send_wait(struct send *send, int fd, struct fault *fault) MUST_USE;
/* One message as it came. E_STOPPED after a signal. */
enum error send_message(struct send *send, struct input *input, struct message *message, struct fault *fault) MUST_USE;
/* Sends all messages of a file, "-" is standard input. E_STOPPED after a signal. */
enum error send_file(struct send *send, const char *path, struct fault *fault) MUST_USE;
