/* Ledgers that file wrongly with all their keys: what their next epoch commits to is not what the log and the labels
 * give. Used between two calls on an open fixture; an event is told by its batch and its place in that. */
#pragma once

#include "tests/lib/audited.h"

extern struct secrets *secrets; /* for what lies in the store; load_secrets */

struct event_place {
	uint64_t first_index; /* of its batch */
	uint64_t first_sequence;
	uint32_t count;
	uint32_t at;      /* in the batch */
	uint32_t subject; /* its number */
};

uint64_t event_index(const struct event_place *event);
/* Makes an epoch that files the event under the subject of the event before it. With `covered_up` the ledger then puts
 * back what the label stream is made of. */
void epoch_moved(const struct event_place *event, bool covered_up);
/* Makes an epoch that leaves the event out of its subject's tree, or puts its leaf in before the subject's own ones,
 * which may be a second time. */
void epoch_miscounted(const struct event_place *event, bool doubled);
