/* Base64 with the standard alphabet and padding (RFC 4648 section 4), strictly: one text for each range of bytes. */
#pragma once

#include "ledger/base/bytes.h"

/* Decodes into `out`, which has `capacity` bytes. False when the text is not the one encoding of its bytes, or is for
 * more of them. */
bool base64_decode(struct bytes text, uint8_t *out, size_t capacity, size_t *out_len);
