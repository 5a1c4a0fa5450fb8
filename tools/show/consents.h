/* How an access stands to the consent that it names, by what the person's own list says. spec/event.md (EVT-22) */
#pragma once

#include <jansson.h>

/* "unknown", "withdrawn", "ended", "other" or "covered": static. NULL: the access names no consent that is judged.
 * `list` is an array of open events as answers have them (time, index and the members of events), all of the person's
 * that there are: of a part of them more is unknown. */
const char *consents_judge(const json_t *list, const json_t *access);
