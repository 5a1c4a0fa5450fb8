/* Reading and writing JSON. Jansson, when memory is short, reports a text that is malformed, or gives a document in
 * which texts lack letters, or writes a text in which signs are missing: none of these may be taken for what somebody
 * wrote. No other way is used for JSON that is in memory. */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

/* A new reference. `flags` are json_loadb's; `detail` (may be NULL) says where a malformed text breaks off. E_BAD_JSON,
 * E_NO_MEMORY. */
enum error json_read(struct bytes text, size_t flags, json_error_t *detail, json_t **out) MUST_USE;

/* json_dumps, to be freed; NULL, too, when any of it is missing, or `json` is NULL. */
char *json_write(const json_t *json, size_t flags) MUST_USE;
