/* How far a sender is behind in checking the filing of its own events. spec/http.md (coverage), spec/entry.md
 *
 * A sender signs "filing checked up to" into its batches. The last batch of a sender that checks is never said to be
 * checked, so being behind is a matter of time: from the oldest event that it has not said that of, to its newest
 * batch. */
#pragma once

#include "ledger/read/archive.h"

/* Ledger time of the oldest event that the sender has not signed to have checked; E_NOT_FOUND if there is none. */
enum error filing_lag_since(struct snapshot *snapshot, const struct sender *sender, uint64_t *out) MUST_USE;

enum filing_habit {
	FILING_HABIT_CHECKS, /* or has not sent anything */
	FILING_HABIT_LAGS, /* it checked once, and left out events older than FILING_LAG_SECONDS before its newest batch */
	FILING_HABIT_SILENT, /* it reports and has never said that it checks */
};

enum error filing_lag_habit(struct snapshot *snapshot, const struct sender *sender, enum filing_habit *out) MUST_USE;
