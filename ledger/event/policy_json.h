/* A sender's policy as JSON: the words that make it from the default. spec/entry.md */
#pragma once

#include "ledger/event/policy.h"

#include <jansson.h>

/* A new array of texts; NULL: out of memory. */
json_t *policy_to_json(const struct policy *policy);
