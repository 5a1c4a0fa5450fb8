/* Preparing a batch: everything that depends on chance, clock or keys is decided here, so that what is left
 * (ledger_append) is a deterministic function of the log and the prepared batch.
 *
 *   frame body ─► form ─► schema and policy ─► commitments ─► batch root ─► signature ─► aliases, subject keys ─► seal
 * ─► prepared
 *
 * A preparer belongs to one thread. Batches of one sender must pass through one preparer, in order. */
#pragma once

#include "ledger/batch.h"

struct ledger;
struct preparer;

struct prepared {
	struct batch_head head;
	uint64_t sender_version; /* log index of the sender entry that it was judged by */
	uint64_t receive_s;
	uint16_t period_month;    /* of receive_s: months since 1970-01 */
	struct hash *commitments; /* head.count of them */
	struct bytes aliases;     /* sealed pack of aliases, empty for mass batches */
	struct bytes records;     /* head.count times range32: sealed record */
	struct bytes new_keys;    /* subject keys first used here: times (key id, alias, wrapped key) */
	size_t bytes;             /* what it weighs against TICK_BYTES_MAX and the in-flight limits */
};

enum error preparer_open(struct ledger *ledger, struct preparer **out, struct fault *fault) MUST_USE;
void preparer_close(struct preparer *preparer);

/* `body` is the body of a batch frame from a session of `sender`. `out` is one allocation, to be freed with
 * prepared_free; the batch secret is wiped from `body`'s copy. `fault` names event, field and limit. */
enum error prepare_batch(struct preparer *preparer, uint32_t sender, struct bytes body, uint64_t now_s,
	struct prepared **out, struct fault *fault) MUST_USE;
void prepared_free(struct prepared *prepared);
