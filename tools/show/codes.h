/* Texts of an event that are codes of another format, in the reader's language. spec/mapping.md (MPG-3) */
#pragma once

#include "ledger/mapping/mapping.h"
#include "tools/show/words.h"

#include <stddef.h>

/* `text` as it is shown: the table's words for a code or a display that it has, the text itself for all else. What
 * happened may be several with ", " between, each looked up by itself. `own`: it is in the
 * sender's own words, of which only what is a code without small letters means one (MPG-6). `out` has
 * `room` bytes; cut with its end mark. */
void codes_say(const struct words *words, enum mapping_kind kind, const char *text, bool own, size_t room, char *out);
