/* The rules of a log as the pages say them (ENTRY-11 to ENTRY-23 of spec/entry.md, LOSS-1 to LOSS-4, EPO-8 and EPO-9):
 * all entries in an array, and each question answered by looking through all of them. It keeps nothing else, so it
 * cannot forget what the state of the ledger and its auditors (ledger/log/log_state.h) may: those are compared with it.
 */
#pragma once

#include "ledger/entry/entry.h"

struct naive_log {
	const struct vkey *vkey; /* borrowed */
	struct entry *entries;   /* owned; each has the form that spec/entry.md asks for */
	uint64_t size;
	uint64_t capacity;
};

void naive_log_free(struct naive_log *log);
/* May this entry, which has the form that it should have, stand at index log->size? */
bool naive_log_allows(const struct naive_log *log, const struct entry *next);
/* A copy; whatever it is. To take entries away again `size` is set. */
void naive_log_add(struct naive_log *log, const struct entry *entry);
