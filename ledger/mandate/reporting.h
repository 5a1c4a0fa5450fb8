/* What a sender may report, by its registration: the one rule for the ledger that takes an event, and for everybody who
 * checks that it was right to. */
#pragma once

#include "ledger/event/event.h"
#include "ledger/mandate/mandate.h"

/* The `system` of the events that say what is read in this very ledger. */
#define SYSTEM_OF_READS "Indsigt"

/* Whether a sender that is registered for `own` may report this event: of its organisation (BATCH-8), with a grant
 * or a mandate (EVT-16), as a read of this ledger (EVT-17), a report (EVT-18), a consent (EVT-20); the fault names the
 * field. A field that is not there is not judged. E_POLICY. */
enum error reporting_check(
	const struct mandate *mandate, const char *own, const struct event *event, struct fault *fault) MUST_USE;
