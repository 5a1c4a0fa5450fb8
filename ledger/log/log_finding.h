/* The first thing that does not hold in a log, or why that cannot be said: for people, with the entry that it is about,
 * and without personal data. */
#pragma once

#include "ledger/base/error.h"

struct log_finding {
	uint64_t index;
	char text[FAULT_TEXT_MAX + 1];
};

/* Fills in the finding and gives back `error`. */
enum error log_finding_set(struct log_finding *finding, enum error error, uint64_t index, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
