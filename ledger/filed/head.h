/* Subject heads: where each subject's tree stands, so that an epoch adds to it without reading what is there already,
 * and the log indexes that do not fill a chunk yet (posting.h). Derived state, written at epochs. spec/store.md
 *
 *   alias (32) || 0xFFFFFFFF ─► sealed label (32) || newest log index (8) || count (8) || frontier of the subject tree
 *                               || the last count % 256 log indexes: from the newest back, how far each is from the
 * next */
#pragma once

#include "ledger/filed/runs.h"
#include "ledger/keystore/keystore.h"
#include "ledger/tree/subject_tree.h"

/* A subject's rows: chunks of postings from number 0 on, subtrees from SUBTREE_FIRST on, the head. */
#define POSTING_KEY_BYTES RUN_KEY_BYTES_MAX
#define SUBTREE_FIRST 0x80000000u
#define POSTING_HEAD UINT32_MAX

void posting_key(const struct alias *alias, uint32_t number, uint8_t out[POSTING_KEY_BYTES]);

struct head {
	struct label label;
	uint64_t newest;                       /* log index of the last leaf */
	struct merkle_frontier frontier;       /* its size is the number of leaves */
	uint64_t indexes[POSTING_INDEXES_MAX]; /* of the last size % POSTING_INDEXES_MAX leaves, ascending */
};

#define HEAD_FIXED_BYTES (LABEL_BYTES + 8 + 8)
#define HEAD_BYTES_MAX (HEAD_FIXED_BYTES + 64 * HASH_BYTES + 8 * POSTING_INDEXES_MAX)
#define HEAD_ROW_BYTES_MAX (HEAD_BYTES_MAX + ROW_SEAL_OVERHEAD)

/* How many of `indexes` there are. */
size_t head_open_indexes(const struct head *head);
/* What is sealed in its row, with DOMAIN_HEAD under the key. */
void head_encode(const struct head *head, struct writer *out);
/* What the subject map holds of it. */
void head_value(const struct head *head, struct hash *out);
/* The head's row, which may be of any length; borrowed until the next one is read. E_NOT_FOUND for a subject that no
 * epoch has met. */
enum error head_row(struct runs *runs, const struct alias *alias, struct bytes *out) MUST_USE;
/* The head in a row. E_CORRUPT, E_UNSEALED. */
enum error head_open(const struct seal_keys *keys, struct bytes key, struct bytes sealed, struct head *out) MUST_USE;
/* E_NOT_FOUND for a subject that no epoch has met, E_UNSEALED, E_CORRUPT. */
enum error head_get(
	struct runs *runs, const struct seal_keys *keys, const struct alias *alias, struct head *out) MUST_USE;
/* Visits the heads of all subjects by alias; `visit` ends the walk with an error. */
typedef enum error head_visitor(void *context, const struct alias *alias, const struct head *head);
enum error head_visit(struct runs *runs, const struct seal_keys *keys, head_visitor *visit, void *context) MUST_USE;
