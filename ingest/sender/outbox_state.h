/* The inside of an outbox, shared by outbox.c (what callers call) and the files that are named below at what is
 * theirs. */
#pragma once

#include "ingest/sender/outbox.h"
#include "ingest/spool/builder.h"
#include "ingest/spool/spool.h"
#include "ingest/wire/client_session.h"

/* Invariants: `sent` of the waiting batches, from the oldest, are in flight or in `out`; out_start + out_len <=
 * OUTBOX_OUT_BYTES; with fd -1 nothing is in `out` or `in` and the session is CLOSED; ever_sent never falls below
 * what an earlier process may have sent, but where those batches are signed again. */
struct outbox {
	struct outbox_options options;
	struct sender_key *key; /* in guarded memory */
	struct spool *spool;
	struct filing_book *book;       /* NULL: filing was never checked */
	struct filing_checker *checker; /* NULL: it is not checked now */
	uint64_t claim;                 /* events below this sequence were checked: signed into batches */
	bool alarmed;
	uint64_t lost; /* events that the sender was told of */
	struct builder *builder;
	size_t group_batches; /* appended to the spool since its last sync */
	size_t group_bytes;
	bool full;  /* as much waits as may; ready again only once a quarter is gone, so that more batches share a sync */
	bool again; /* nothing of this input is recognised */
	bool interrupted;         /* a run before was reading from a pipe and did not come to its end */
	bool disk_full;           /* the spool's: nothing goes on before there is room */
	uint64_t disk_try_ms;     /* then it is tried again */
	uint64_t acknowledged_ms; /* when it last was told of receipts */
	uint64_t forgotten;       /* messages, when it was last looked at */
	uint8_t *scratch;         /* an event encoded, to be compared */

	/* connection */
	char host[OUTBOX_HOST_MAX + 1];
	char port[8];
	int fd; /* -1: none */
	bool connecting;
	struct tls_client *tls; /* NULL: without TLS */
	struct tls_line *line;  /* of the connection; NULL: none, or without TLS */
	uint64_t written;       /* bytes, of this connection */
	unsigned attempts;      /* since the last receipt */
	uint64_t connect_at_ms; /* when fd is -1 */
	uint64_t welcomed_ms;   /* 0: never in this run */
	bool resolved;          /* the host's name was known once */
	struct client_session session;
	size_t sent;          /* waiting batches, from the oldest, that went out on this connection */
	uint64_t sent_before; /* `ever_sent` when this connection was welcomed */
	uint64_t ever_sent;   /* batches from this sequence on never left this process, nor an earlier one */
	bool singly;          /* the ledger may have other events at the sequences of what waits: one batch at a time */
	int64_t clock_said;   /* difference of the clocks, in minutes, that was said last */
	uint8_t *out;
	size_t out_start, out_len;
	uint8_t *in;
	size_t in_len;
	char said[FAULT_TEXT_MAX + 1]; /* the last notice */

	/* what the frames of one read brought */
	uint64_t acknowledged; /* first sequence without a receipt */
	bool refused;
	struct {
		struct frame_refusal frame;
		char text[FAULT_TEXT_MAX + 1];
	} refusal;
	bool policy_asked;            /* a refusal for the policy made us ask for a newer one */
	struct policy policy_refused; /* that what was refused then had been encoded by */
	unsigned key_asked; /* how often one for the signature made us look for a newer key, since the last receipt */
};

#define SPOOL_UNWRITTEN "the spool cannot be written" /* what was to be done, for faults */

/* outbox.c */
/* Sees whether it is full, or no longer. */
void outbox_look(struct outbox *outbox);
void outbox_limits(const struct outbox *outbox, struct builder_limits *out);
/* What time it is now by the ledger's clock; only after a welcome. */
uint64_t outbox_ledger_now_s(const struct outbox *outbox);
uint64_t outbox_own_now_s(void);
/* Reads the key file again; if it holds another key of this sender, that one signs from now on. */
enum error outbox_read_key(struct outbox *outbox, bool *newer, struct fault *fault) MUST_USE;
/* Receipts and reports become durable at the caller's. A disk of theirs that is full is E_IO: the spool's own is waited
 * for, and is E_FULL. */
enum error outbox_call_flush(const struct outbox *outbox, struct fault *fault) MUST_USE;
void outbox_notice(struct outbox *outbox, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* outbox_filing.c */
/* Opens the book if there is one, or makes it and starts the checker if the options say so. */
enum error outbox_filing_open(struct outbox *outbox, const char *spool_path, struct fault *fault) MUST_USE;
void outbox_filing_close(struct outbox *outbox);
/* The receipt of this batch, which is still in the spool, was checked. */
enum error outbox_filing_note(
	struct outbox *outbox, const struct batch_head *batch, const struct receipt *receipt, struct fault *fault) MUST_USE;
/* What was noted becomes durable. */
enum error outbox_filing_commit(struct outbox *outbox, struct fault *fault) MUST_USE;
/* Takes over what the checker has found meanwhile. */
void outbox_filing_look(struct outbox *outbox);

/* outbox_line.c */
/* Reads the server's address into host and port, and what TLS takes: E_USAGE, errors of tls_client_open. */
enum error outbox_line_address(struct outbox *outbox, struct fault *fault) MUST_USE;
void outbox_line_close(struct outbox *outbox);
/* Closes, and says when to try again. */
void outbox_line_lost(struct outbox *outbox, const char *why);

/* To the next address of the server; when the socket can be written, outbox_line_connected. Losing it is no error.
 * E_IO: there is no such host; E_USAGE: it is another machine, and nobody has allowed to go there without TLS. */
enum error outbox_line_connect(struct outbox *outbox, struct fault *fault) MUST_USE;
void outbox_line_connected(struct outbox *outbox);
/* What is written goes to the ledger now. */
bool outbox_line_is_open(const struct outbox *outbox);
/* As send(2) and recv(2); of TLS that reads, as tls_client.h. */
ssize_t outbox_line_send(struct outbox *outbox, const void *data, size_t len) MUST_USE;
ssize_t outbox_line_recv(struct outbox *outbox, void *data, size_t len) MUST_USE;
/* Reading came to an end: it is lost. */
void outbox_line_ended(struct outbox *outbox);
/* Reading gave this number: it is lost. E_IO: what answers is not what was meant, and never was in this run. */
enum error outbox_line_failed(struct outbox *outbox, int number, struct fault *fault) MUST_USE;
/* Of what was written, what is not in the system's queue any more. */
uint64_t outbox_line_gone(const struct outbox *outbox);
/* What poll(2) is to wait for, and what of it says that there is something to read. */
short outbox_line_waits(const struct outbox *outbox);
short outbox_line_reads(const struct outbox *outbox);

/* outbox_adopt.c: makes what waits fit a welcome. */
enum error outbox_adopt(struct outbox *outbox, const struct frame_welcome *welcome, struct fault *fault) MUST_USE;
/* Says so when the ledger's clock and this machine's are far apart. */
void outbox_compare_clocks(struct outbox *outbox);
/* What is to be done about a batch that the ledger refused as too far ahead: true if the event is not ahead of this
 * machine's clock, and `why` (FAULT_TEXT_MAX + 1 bytes) says whose clock is behind. */
enum error outbox_clock_is_wrong(
	struct outbox *outbox, uint32_t event, bool *out, char *why, struct fault *fault) MUST_USE;

/* outbox_refusal.c: the refused batch is the oldest that waits. */
/* The ledger does not know the key that the hello was signed with: the key file may have a newer one. */
enum error outbox_hello_refused(struct outbox *outbox, const char *text, struct fault *fault) MUST_USE;
enum error outbox_act_on_refusal(struct outbox *outbox, struct fault *fault) MUST_USE;

/* True if the ledger has events at all sequences of the batch, by the last welcome. */
bool outbox_is_below(const struct outbox *outbox, const struct batch_head *head);
/* The ledger has others at the sequence of this batch, which was sent for the first time: it is not there, and is
 * signed again where the ledger is at the next welcome. False: it may have been sent before. */
bool outbox_came_second(struct outbox *outbox, uint64_t first_sequence);
/* What is still possible after a final error; may be empty. */
const char *outbox_way_out(enum error error);

/* outbox_redo.c */
struct outbox_redo {
	size_t i;                        /* the first waiting batch that is signed again */
	uint64_t start;                  /* at this sequence */
	uint32_t event;                  /* of that batch, whose message is left out and reported, or FAULT_NO_EVENT */
	enum error error;                /* why */
	const char *text;                /* likewise */
	const struct spool_terms *terms; /* that hold from then on; NULL: as before */
	bool encode;                     /* events are split by them */
};

/* Signs the waiting batches from the `i`-th on again. */
enum error outbox_redo(struct outbox *outbox, const struct outbox_redo *what, struct fault *fault) MUST_USE;
/* Takes the oldest waiting batch out: all its messages are reported as refused. */
enum error outbox_set_aside(struct outbox *outbox, enum error error, const char *text, struct fault *fault) MUST_USE;
/* The time of event `event` of the oldest waiting batch. */
enum error outbox_event_time(struct outbox *outbox, uint32_t event, int64_t *out_s) MUST_USE;
