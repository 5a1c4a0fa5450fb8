/* Base64 with the standard alphabet and padding (RFC 4648 section 4), strictly: one text for each range of bytes. */
#pragma once

#include "ledger/base/bytes.h"

#define BASE64_BYTES(len) (((len) + 2) / 3 * 4)

/* Encodes into `out`, which has room for BASE64_BYTES of them; gives the end, where it writes no end mark. Not for
 * secrets that stay secret: how long it takes depends on the value. */
char *base64_encode(struct bytes value, char *out);
void base64_write(struct bytes value, struct writer *out);
/* Decodes into `out`, which has `capacity` bytes. False when the text is not the one encoding of its bytes, or is for
 * more of them. */
bool base64_decode(struct bytes text, uint8_t *out, size_t capacity, size_t *out_len);
