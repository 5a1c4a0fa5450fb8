/* What of an event is free text, and whether people's numbers stand in it where none are to be. spec/quality.md */
#pragma once

#include "ledger/event/event.h"
#include "ledger/mandate/source.h"

/* Fields that somebody's words stand in. */
uint64_t free_texts(void);
/* Bits of the free texts in which a number was found, but for those in which the registration says that they are to be
 * expected (identifiers-in=FIELD); `how`: what was found, as of subject_in_text. A field that is not there has none. */
uint64_t free_texts_with_numbers(const struct event *event, const struct source *source, unsigned *how);
