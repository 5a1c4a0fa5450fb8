/* Numbers in JSON that is written for others. spec/README.md */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* A new reference: an integer, or decimal text over 2^53 - 1, which many readers of JSON would round. */
json_t *json_number(uint64_t number);
