/* National numbers of people that are written in several ways: "943 476 5919" and "9434765919", "123-45-6789" and
 * "123456789", "zzz0016" and "ZZZ0016". Each has one spelling here, because who is spelled in two ways is two people.
 * spec/event.md */
#pragma once

#include "ledger/bytes.h"
#include "ledger/limits.h"

/* Whether `id`, oid: or uri:, is such a number, and has as many digits or letters as it must have; `out`, of
 * SUBJECT_BYTES_MAX + 1 bytes, gets its one spelling and an end mark. What is longer or shorter is left alone: nobody
 * knows what it was meant to be. */
bool subject_number_spell(struct bytes id, char *out);
