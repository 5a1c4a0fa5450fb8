/* The inside of an outbox, shared by outbox.c (what callers call), outbox_link.c (the connection) and outbox_redo.c
 * (signing again). */
#pragma once

#include "ingest/builder.h"
#include "ingest/client_session.h"
#include "ingest/filing_checker.h"
#include "ingest/outbox.h"
#include "ingest/spool.h"

#define OUTBOX_OUT_BYTES (2u * FRAME_BYTES_MAX)
#define OUTBOX_IN_BYTES (CLIENT_FRAME_BYTES_MAX + FRAME_HEAD_BYTES)
#define OUTBOX_GROUP_BATCHES 32u    /* that share one sync of the spool, at most */
#define OUTBOX_GROUP_BYTES 1048576u /* likewise */
#define OUTBOX_HOST_MAX 255u

struct outbox {
	struct outbox_options options;
	struct sender_key key;
	struct spool *spool;
	struct filing_book *book;       /* NULL: filing was never checked */
	struct filing_checker *checker; /* NULL: it is not checked now */
	uint64_t claim;                 /* events below this sequence were checked: signed into batches */
	bool alarmed;
	uint64_t lost; /* events that the sender was told of */
	struct builder *builder;
	size_t group_batches; /* appended to the spool since its last sync */
	size_t group_bytes;
	bool full; /* as much waits as may; ready again only once a quarter is gone, so that more batches share a sync */

	/* connection */
	char host[OUTBOX_HOST_MAX + 1];
	char port[8];
	int fd; /* -1: none */
	bool connecting;
	unsigned attempts;      /* since the last receipt */
	uint64_t connect_at_ms; /* when fd is -1 */
	uint64_t welcomed_ms;   /* 0: never */
	struct client_session session;
	size_t sent; /* waiting batches, from the oldest, that went out on this connection */
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
	bool policy_asked; /* a refusal for the policy made us ask for a newer one */
};

/* outbox.c */
/* Sees whether it is full, or no longer. */
void outbox_look(struct outbox *outbox);
void outbox_limits(const struct outbox *outbox, struct builder_limits *out);
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

/* outbox_link.c */
/* Reads HOST:PORT into host and port: E_USAGE. */
enum error outbox_link_address(struct outbox *outbox, struct fault *fault) MUST_USE;
void outbox_link_close(struct outbox *outbox);
/* Closes, and says when to try again. */
void outbox_link_lost(struct outbox *outbox, const char *why);

/* outbox_redo.c: signs the waiting batches from the `i`-th on again. Without the message of event `event` of that batch
 * (unless it is FAULT_NO_EVENT), which is reported with `error` and `text`; with `encode`, under the spool's policy. */
enum error outbox_redo(struct outbox *outbox, size_t i, uint32_t event, enum error error, const char *text, bool encode,
	struct fault *fault) MUST_USE;
