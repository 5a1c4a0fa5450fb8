/* National numbers of people that are written in several ways: "943 476 5919" and "9434765919", "123-45-6789" and
 * "123456789", "zzz0016" and "ZZZ0016". Each has one spelling here, because who is spelled in two ways is two people.
 * spec/event.md */
#pragma once

#include "ledger/base/bytes.h"

/* What an id, oid: or uri:, is by the registers that are known here. */
enum subject_number {
	NUMBER_UNKNOWN, /* of no such register, or of a length or with letters that nobody knows the meaning of */
	NUMBER_SPELLED, /* it has as many digits or letters as it must have */
	NUMBER_SHORT, /* one or two digits are missing: a leading zero, or the century, and the same person has two numbers
				   */
};

/* `out`, of SUBJECT_BYTES_MAX + 1 bytes, gets the one spelling of a NUMBER_SPELLED and an end mark. */
enum subject_number subject_number_spell(struct bytes id, char *out);
