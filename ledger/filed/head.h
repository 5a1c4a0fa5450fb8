/* Subject heads: where each subject's tree stands, so that an epoch adds to it without reading what is there already.
 * Derived state, written at epochs, beside the subject's newest posting chunk. spec/store.md
 *
 *   alias (32) || 0xFFFFFFFF ─► sealed label (32) || newest log index (8) || count (8) || frontier of the subject tree
 */
#pragma once

#include "ledger/keystore/keystore.h"
#include "ledger/store/store.h"
#include "ledger/tree/subject_tree.h"

struct head {
	struct label label;
	uint64_t newest;                 /* log index of the last leaf */
	struct merkle_frontier frontier; /* its size is the number of leaves */
};

#define HEAD_FIXED_BYTES (LABEL_BYTES + 8 + 8)
#define HEAD_BYTES_MAX (HEAD_FIXED_BYTES + 64 * HASH_BYTES)

/* What is sealed in its row, with DOMAIN_HEAD under the key. */
void head_encode(const struct head *head, struct writer *out);
/* E_NOT_FOUND for a subject that no epoch has met, E_UNSEALED, E_CORRUPT. */
enum error head_get(
	struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, struct head *out) MUST_USE;
/* Visits the heads of all subjects by alias; `visit` ends the walk with an error. */
typedef enum error head_visitor(void *context, const struct alias *alias, const struct head *head);
enum error head_visit(struct db_txn *txn, const struct seal_keys *keys, head_visitor *visit, void *context) MUST_USE;
