/* What the store keeps of events that are lost: no record, no alias pack of a batch all of whose events are lost, and
 * no place in the filing tree, so that the packs behind them name places further to the front. spec/loss.md */
#pragma once

#include "ledger/store/store.h"

/* Where the numbering has to begin anew when something from `first` on is lost: before anything is dropped. */
struct lost_rows {
	uint64_t from;     /* log index */
	uint64_t position; /* of the first pack at or behind it */
};

/* `losses`: as they were. E_CORRUPT when a row is none. */
enum error lost_rows_begin(
	struct db_txn *txn, const struct losses *losses, uint64_t first, struct lost_rows *out) MUST_USE;
/* Takes away the records of event and mass entries in [first, end), and the packs of the batches that lie in it
 * altogether. *dropped is set when there was anything. */
enum error lost_rows_drop(struct db_txn *txn, uint64_t first, uint64_t end, bool *dropped) MUST_USE;
/* Gives each pack its place in the filing tree. `losses`: as they are now. */
enum error lost_rows_end(struct db_txn *txn, const struct losses *losses, const struct lost_rows *rows) MUST_USE;
