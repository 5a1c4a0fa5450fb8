/* RFC 3339 times, in and out. */
#pragma once

#include "ledger/base/bytes.h"

#define TIMESTAMP_TEXT_MAX 31

/* Needs a date, a time with seconds, and a zone (Z or an offset; letters may be small); up to 9 decimals; 1970 to
 * 2262-04-11; leap second 60 is refused: the count of seconds has no place for it. E_BAD_VALUE. */
enum error timestamp_parse(struct bytes text, int64_t *out_ns) MUST_USE;
/* Why timestamp_parse refuses the text: a constant text that continues "time: "; NULL if it does not. */
const char *timestamp_fault(struct bytes text);
/* The same, but a leap second (23:59:60 UTC at the end of a month) is read as the last nanosecond before it. For
 * messages whose sender cannot write it in another way. E_BAD_VALUE. */
enum error timestamp_parse_leap(struct bytes text, int64_t *out_ns) MUST_USE;
/* UTC with Z; no decimals, or 3, 6 or 9 of them, the fewest that are exact. NUL-terminated. */
void timestamp_format(int64_t time_ns, char out[TIMESTAMP_TEXT_MAX]);
/* Calendar months since 1970-01, in UTC; UINT16_MAX for a time that is later than any. */
uint16_t timestamp_month(uint64_t time_s);
/* Whole seconds. */
void timestamp_format_s(uint64_t time_s, char out[TIMESTAMP_TEXT_MAX]);
