/* Building batches: events in, the signed body of a batch frame out. Pure computation, but for the batch secret, which
 * is drawn when a batch is closed. spec/batch.md
 *
 *   builder_add (many messages) ─► builder_close (secret, openings, commitments, root, signature) ─► builder_reset
 *
 * All events of a message go into one batch, and a batch is of one kind. Beside the events the builder keeps which
 * message they came from, for the spool. */
#pragma once

#include "ingest/spool/sender_key.h"
#include "ingest/spool/spool.h"

/* Where a message came from: what the spool remembers of it. */
struct builder_source {
	struct bytes input; /* name; empty: from no input */
	uint64_t number;    /* in the input, from 0 */
	struct spool_identity identity;
};

struct builder_limits {
	uint32_t events_max; /* of a batch; a single message may go over it, up to BATCH_EVENTS_MAX */
	uint32_t bytes_max;  /* of a batch's body */
	uint64_t time_max_s; /* later events are refused (E_TIME_AHEAD); 0: not judged */
};

struct builder;

enum error builder_new(struct builder **out) MUST_USE;
void builder_free(struct builder *builder);

/* Adds one message with all its events, at least one. E_NO_ROOM: the batch must be
 * closed first, and then it fits. Everything else refuses the message, with nothing added: what event_encode says,
 * E_TIME_AHEAD, E_BATCH_TOO_LARGE when the message alone is more than a batch can hold. The fault's `event` is
 * the offset in the message. */
enum error builder_add(struct builder *builder, const struct event *events, size_t count, const struct policy *policy,
	const struct builder_limits *limits, const struct builder_source *source, struct fault *fault) MUST_USE;
/* Whether builder_add would take it: the same errors, and nothing is added. */
enum error builder_check(struct builder *builder, const struct event *events, size_t count, const struct policy *policy,
	const struct builder_limits *limits, struct fault *fault) MUST_USE;
/* builder_add for events that are encoded already; their commitments are made anew. */
enum error builder_add_encoded(struct builder *builder, const struct batch_event *events, size_t count,
	enum batch_kind kind, const struct builder_limits *limits, const struct builder_source *source) MUST_USE;

/* Events and messages so far. */
uint32_t builder_events(const struct builder *builder);
size_t builder_messages(const struct builder *builder);

/* Signs what is there as a batch that starts at `first_sequence`, with the claim that the filing of all events below
 * `filing_checked` was checked. `out` is borrowed until builder_reset; without
 * events its body is empty. Closing again draws a new secret. */
enum error builder_close(struct builder *builder, const struct sender_key *key, uint64_t first_sequence,
	uint64_t filing_checked, struct spool_batch *out) MUST_USE;
/* Starts the next batch; wipes the secret. */
void builder_reset(struct builder *builder);
