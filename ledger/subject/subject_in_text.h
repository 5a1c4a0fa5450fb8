/* People's numbers in texts that are none for them: a description, a reason. spec/quality.md
 *
 * What is found is a sign: a number of a case may look like a person's. Danish person numbers have a check, modulus 11,
 * which since 2007 not all of them fulfil, so that it makes a sign stronger and its lack makes it no weaker. */
#pragma once

#include "ledger/base/bytes.h"

#define IN_TEXT_OWN 1u     /* the value of the id that it is about stands there */
#define IN_TEXT_NUMBER 2u  /* a Danish person number, by its form: DDMMYYNNNN or DDMMYY-NNNN */
#define IN_TEXT_CHECKED 4u /* ... that fulfils the check */

/* What a canonical id says beside whose number it is; borrowed. */
struct bytes subject_own(struct bytes subject);
/* Which of these are found, as words of their own. `value` is of whom the event is about, or empty; one of less than
 * IN_TEXT_VALUE_BYTES_MIN bytes is not looked for, since it may be anything. */
#define IN_TEXT_VALUE_BYTES_MIN 6u
unsigned subject_in_text(struct bytes text, struct bytes value);
