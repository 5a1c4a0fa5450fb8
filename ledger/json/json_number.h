/* Numbers and times in JSON. spec/README.md */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

/* A new reference: an integer, or decimal text over 2^53 - 1, which many readers of JSON would round. */
json_t *json_number(uint64_t number);
/* A new reference: text, as timestamp_format_s writes it. */
json_t *json_time(uint64_t time_s);
/* Is there a number with a minus sign, which no format here has, not even -0? In a text that is JSON. */
bool json_has_minus(struct bytes text);
