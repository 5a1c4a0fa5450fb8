/* Bytes in JSON: base64 with the standard alphabet and padding (RFC 4648 section 4). NULL, too, when out of memory. */
#pragma once

#include "ledger/base/hash.h"

#include <jansson.h>

/* A new reference to a text. */
json_t *json_base64(struct bytes value);
/* A new reference to a list of such texts. */
json_t *json_hashes(const struct hash *hashes, size_t count);
