/* FHIR's date parameters: a prefix and a time whose precision makes it a range (R4, search.html#date). spec/fhir.md
 *
 *   what is asked   [begin, end)    what a resource says, as precise as it is written   [begin, end)
 *
 * Nanoseconds since 1970; a time without a zone is UTC, which is the server's own. */
#pragma once

#include "ledger/base/bytes.h"

enum date_prefix { DATE_EQ, DATE_NE, DATE_LT, DATE_GT, DATE_LE, DATE_GE, DATE_SA, DATE_EB, DATE_AP };

struct date_range {
	int64_t begin, end;
};

struct search_date {
	enum date_prefix prefix;
	struct date_range range;
};

/* A year, month, day, minute, second or decimals of it, from 1970 to 2261, with an optional prefix. `now_s`: how near
 * is about. E_BAD_VALUE. */
enum error search_date_parse(struct bytes text, uint64_t now_s, struct search_date *out) MUST_USE;
/* The range of an instant as it is written. E_BAD_VALUE. */
enum error search_date_instant(struct bytes text, struct date_range *out) MUST_USE;
bool search_date_matches(const struct search_date *date, struct date_range target);
