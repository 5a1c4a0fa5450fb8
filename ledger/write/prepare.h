/* Preparing a batch: everything that depends on chance, clock or keys is decided here, so that what is left
 * (ledger_append) is a deterministic function of the log, the tick's time and the prepared batch.
 *
 *   frame body ─► form ─► sender, registration ─┬─► revoked? ─► signature ─► commitments
 *                                               │     ─► header, schema, policy, time ─► aliases, keys ─► seal
 *                                               └─► a sequence used before: commitments, to be compared (repeat.c)
 *
 * A batch that begins below its sender's next sequence is only to be compared with what is stored: its form and
 * commitments are checked, nothing is judged by the registration of today, and nothing is sealed.
 *
 * A preparer belongs to one thread at a time; it is made with preparer_open (ledger.h). Batches of one sender must pass
 * through one preparer, in order. Every prepared batch must reach ledger_append, also when it is then refused, or
 * ledger_keep_keys: it may carry the key that a later batch is sealed under. */
#pragma once

#include "ledger/keys/secrets.h"
#include "ledger/keystore/keystore.h"
#include "ledger/store/registry.h"

struct preparer;

/* What a preparer works with; all borrowed, all usable from its thread. */
struct prepare_context {
	const char *origin;
	const struct secrets *secrets;
	struct registry *registry;
	struct keystore *keystore;
};

/* One piece of memory: what it points to stands behind it, and goes with it. */
struct prepared {
	struct batch_head head;
	uint64_t sender_version; /* log index of the sender entry that it was judged by; 0: it is only to be compared */
	uint64_t receive_s;
	uint16_t period_month;          /* of receive_s: months since 1970-01 */
	const struct hash *commitments; /* head.count of them */
	struct bytes aliases;           /* sealed pack of aliases, empty for mass batches */
	struct bytes records;           /* head.count times range16: sealed record */
	struct bytes new_keys;          /* subject and period keys first used here (keystore_write) */
	size_t bytes;                   /* what it weighs against TICK_BYTES_MAX and the in-flight limits */
};

enum error preparer_new(const struct prepare_context *context, struct preparer **out, struct fault *fault) MUST_USE;
void preparer_close(struct preparer *preparer);
OWN(preparer, preparer_close);

/* `body` is the body of a batch frame from a session of `sender`; it holds the batch secret, so the caller wipes it.
 * `now_s` is ledger_now's: by it times are judged, and the entries will bear it or a later one.
 * `out` is one allocation, freed with prepared_free. `fault` names event, field and limit. */
enum error prepare_batch(struct preparer *preparer, uint32_t sender, struct bytes body, uint64_t now_s,
	struct prepared **out, struct fault *fault) MUST_USE;
void prepared_free(struct prepared *prepared);
