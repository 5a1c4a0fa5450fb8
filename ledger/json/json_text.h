/* JSON that somebody else wrote: parsed strictly, and refused with the sort of fault that it has. spec/event.md
 *
 * Strictly: an object or array, nothing behind it, UTF-8, no name twice in an object, no NUL in a text. The fault's
 * text says what is wrong, where, and what that usually means, and holds nothing of the text but the name that is
 * twice, unless that may be somebody's number. */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

/* E_BAD_JSON, E_NO_MEMORY. `out` is the caller's to json_decref. */
enum error json_text_parse(struct bytes text, json_t **out, struct fault *fault) MUST_USE;
/* A member's name, or "?" in its stead when it has six digits in a row: a table of people has their numbers for names,
 * and a fault is not to hold those. */
const char *json_text_name(const char *name);
