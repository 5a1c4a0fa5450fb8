/* The auditors' notes that lie beside a ledger, in its directory `audits/`, one file for each auditor's key.
 * spec/statement.md */
#pragma once

#include "ledger/read/archive.h"
#include "query/http/text.h"

/* The note about the newest epoch at or before log index `epoch_max` whose roots are those of the epoch entry:
 * {"note", "epoch"}; nothing when there is none. Files that are no notes are passed over. */
enum error audits_write(struct text *text, const char *name, struct snapshot *snapshot, uint64_t epoch_max) MUST_USE;
