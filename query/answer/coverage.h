/* Coverage: who reports to this ledger, since when, and who has gone silent. spec/http.md
 *
 * It stands in every answer, because "nobody looked" means little without "and these would have told". */
#pragma once

#include "ledger/read/archive.h"

#include <jansson.h>

#define COVERAGE_SILENT_S_DEFAULT 86400u /* a day: systems that are in use are used every day */

/* A new reference: {"as_of", "silent_after_seconds", "senders": [...], "witnessing"} (cosigned.h). A sender is silent
 * when nothing was received from it for longer than `silent_after_s` before `now_s`; one that never sent counts from
 * its registration. */
enum error coverage_make(struct snapshot *snapshot, uint64_t now_s, uint32_t silent_after_s, json_t **out) MUST_USE;
