/* Paging cursors: where the next page starts, sealed. spec/http.md
 *
 * A cursor says "older than log index N" and is sealed together with the question that it belongs to, so that it fits
 * this subject and these filters only. New events arrive above it and do not move it. Sealed, because addresses end up
 * in the logs of proxies, where an index next to a person would say too much.
 *
 * nonce (24) || XChaCha20-Poly1305(index (8)), with the question as associated data, in base64url. */
#pragma once

#include "ledger/base/hash.h"

#define CURSOR_TEXT_BYTES 64u

/* `out` gets an end mark. `question` is a hash over everything but the place. */
void cursor_seal(const struct key *key, const struct hash *question, uint64_t before, char out[CURSOR_TEXT_BYTES + 1]);
/* E_BAD_VALUE: malformed, of another question, or sealed under another key. */
enum error cursor_open(const struct key *key, const struct hash *question, const char *text, uint64_t *out) MUST_USE;
