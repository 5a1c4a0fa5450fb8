/* RFC 3339 times, in and out. */
#pragma once

#include "ledger/bytes.h"

#define TIMESTAMP_TEXT_MAX 31

/* Needs a date, a time with seconds, and a zone (Z or an offset); up to 9 decimals; 1970 to 2261; leap
 * second 60 is refused. E_BAD_VALUE. */
enum error timestamp_parse(struct bytes text, int64_t *out_ns) MUST_USE;
/* UTC with Z; no decimals, or 3, 6 or 9 of them, the fewest that are exact. NUL-terminated. */
void timestamp_format(int64_t time_ns, char out[TIMESTAMP_TEXT_MAX]);
/* Whole seconds. */
void timestamp_format_s(uint64_t time_s, char out[TIMESTAMP_TEXT_MAX]);
