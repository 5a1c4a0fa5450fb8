/* The first sequence that a sender has not signed to have checked ─► its batch ─► its entry in the log ─► its time. A
 * sender that has said nothing at all is silent and not late: when it began to be late nobody can say. */
#include "ledger/read/filing_lag.h"

#include "ledger/store/log.h"

enum error filing_lag_since(struct snapshot *snapshot, const struct sender *sender, uint64_t *out)
{
	uint64_t first_sequence, first_index;
	uint32_t count;
	struct entry entry;
	if (sender->filing_checked >= sender->next_sequence)
		return E_NOT_FOUND;
	TRY(snapshot_batch(snapshot, sender->id, sender->filing_checked, &first_sequence, &count, &first_index));
	TRY(log_read(snapshot_store(snapshot), first_index + (sender->filing_checked - first_sequence), &entry));
	if (entry.kind != ENTRY_EVENT && entry.kind != ENTRY_MASS)
		return E_CORRUPT;
	*out = entry.event.time_s;
	return E_OK;
}

enum error filing_lag_habit(struct snapshot *snapshot, const struct sender *sender, enum filing_habit *out)
{
	uint64_t since_s;
	*out = sender->next_sequence > 0 && sender->filing_checked == 0 ? FILING_HABIT_SILENT : FILING_HABIT_CHECKS;
	if (*out == FILING_HABIT_SILENT)
		return E_OK;
	enum error error = filing_lag_since(snapshot, sender, &since_s);
	if (error == E_NOT_FOUND)
		return E_OK;
	TRY(error);
	if (sender->last_s > since_s && sender->last_s - since_s > FILING_LAG_SECONDS)
		*out = FILING_HABIT_LAGS;
	return E_OK;
}
