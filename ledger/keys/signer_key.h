/* The key file of somebody who signs notes and is not the log: an auditor, a witness. JSON, mode 0600:
 * {"name": key name, "seed": base64 of 32 bytes}. */
#pragma once

#include "ledger/note/note.h"

struct signer_key {
	char name[ORIGIN_BYTES_MAX + 1];
	uint8_t public_key[32];
	uint8_t secret_key[64]; /* owners wipe it with signer_key_wipe */
};

void signer_key_wipe(struct signer_key *key);
/* Makes a fresh key and its file, never over an existing one. E_BAD_VALUE for a name that is no key name, E_EXISTS,
 * E_IO.
 */
enum error signer_key_create(const char *path, const char *name, struct signer_key *out, struct fault *fault) MUST_USE;
/* E_NOT_FOUND, E_PERMISSION when group or others may read it, E_BAD_KEY for anything but such a file. */
enum error signer_key_read(const char *path, struct signer_key *out, struct fault *fault) MUST_USE;
