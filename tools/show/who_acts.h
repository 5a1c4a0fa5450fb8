/* What an answer says of consents, and of reports of suspicion and their answers, in words. spec/event.md (EVT-19,
 * EVT-22) */
#pragma once

#include "tools/show/answer.h"
#include "tools/show/words.h"

#include <stdio.h>

/* `whole`: nothing was filtered out; of a part it is not known what consents rest on, so nothing is said of them. */
void who_acts(const struct answer *answer, bool whole, const struct words *words, FILE *out);
