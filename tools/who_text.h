/* An answer as text for people: a table of accesses, and what stands around it. */
#pragma once

#include "tools/answer.h"
#include "tools/words.h"

#include <stdio.h>

/* Repeats of one day (all but the time the same) share a row; the newest access comes first. Times are local.
 * E_NO_MEMORY. */
enum error who_text(const struct answer *answer, const struct words *words, FILE *out) MUST_USE;
