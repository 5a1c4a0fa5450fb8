/* Numbers as people and programs write them into arguments and parameters. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The largest index or sequence number that arguments and parameters can name: 18 digits. */
#define NUMBER_INDEX_MAX 999999999999999999u

/* Digits alone, no more of them than `most` has, from `least` to `most`. False for anything else, and for NULL. */
bool number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *out);
