/* The auditors' notes that lie beside a ledger, in its directory `audits/`, one file for each auditor's key.
 * spec/statement.md */
#pragma once

#include "ledger/read/archive.h"

#include <jansson.h>

/* The note about the newest epoch at or before log index `epoch_max` whose roots are those of the epoch entry:
 * {"note", "epoch"}, a new reference; *out is NULL when there is none. Files that are no notes are passed over. */
enum error audits_newest(struct snapshot *snapshot, uint64_t epoch_max, json_t **out) MUST_USE;
