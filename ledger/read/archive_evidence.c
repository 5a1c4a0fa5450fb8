/* Evidence against senders: of each used sequence the first batch with other content that the sender signed. */
#include "ledger/event/batch.h"
#include "ledger/read/archive_state.h"

enum error snapshot_visit_evidence(struct snapshot *snapshot, evidence_visitor *visit, void *context)
{
	OWNED_WALK walk = {0};
	enum error error = db_walk_first(&snapshot->txn, STORE_EVIDENCE, &walk);
	for (; error == E_OK; error = db_walk_next(&walk)) {
		struct reader r = reader_of(walk.value);
		struct evidence_row row = {.signed_batch = walk.value};
		batch_head_decode(&r, &row.head);
		if (r.error != E_OK || walk.value.len != BATCH_HEAD_BYTES + (size_t)row.head.count * HASH_BYTES)
			return E_CORRUPT;
		TRY(visit(context, &row));
	}
	return error == E_NOT_FOUND ? E_OK : error;
}
