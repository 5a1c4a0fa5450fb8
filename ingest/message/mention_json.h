/* Patients who are mentioned in words anywhere in a JSON value. spec/adapters.md, "Mentions in words" */
#pragma once

#include "ingest/message/mention.h"

#include <jansson.h>

#define MENTION_JSON_DEPTH_MAX 64

/* Texts are looked at as MENTION_TEXT, names of members and what stands as `key` or `name` as names. E_BAD_JSON: it is
 * nested too deep; E_NO_MEMORY. */
enum error mention_json(const json_t *value, bool *out) MUST_USE;
