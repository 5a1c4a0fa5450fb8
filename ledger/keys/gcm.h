/* AES-256-GCM (NIST SP 800-38D), which records are sealed with: by libsodium where the processor has instructions for
 * AES, which is all that libsodium has it for, by OpenSSL elsewhere. After sodium_init; any thread. */
#pragma once

#include "ledger/base/error.h"
#include "ledger/base/hash.h"

#define GCM_NONCE_BYTES 12
#define GCM_TAG_BYTES 16

/* In place: `text` becomes what is sealed, and the tag that belongs to it goes to `tag`. No nonce may seal two texts
 * under one key. E_NO_MEMORY. */
enum error gcm_seal(const struct key *key, const uint8_t nonce[GCM_NONCE_BYTES], struct bytes associated, uint8_t *text,
	size_t len, uint8_t tag[GCM_TAG_BYTES]) MUST_USE;
/* `sealed` (with its tag behind it) into `out`, sealed.len - GCM_TAG_BYTES bytes, of which nothing counts unless E_OK
 * comes back. E_UNSEALED, E_NO_MEMORY. */
enum error gcm_open(const struct key *key, const uint8_t nonce[GCM_NONCE_BYTES], struct bytes associated,
	struct bytes sealed, uint8_t *out) MUST_USE;
