/* Values that stand where nobody knew an identifier: filed, they would be one person whom everybody has looked at.
 * spec/event.md */
#pragma once

#include "ledger/base/bytes.h"

/* Whether the value is no identifier but a word for a missing one ("unknown", "null"), a template that was not filled
 * in ("{{patientId}}", "<id>"), the same letter x all over, or signs and zeros alone. "0" is an identifier: who counts
 * from 0 has one such person. */
bool subject_placeholder(struct bytes value);
