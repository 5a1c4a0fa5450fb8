/* A mirror's own signature: a cosignature (key type 0x04) that says that the mirror holds the whole log under the
 * checkpoint, verified and on disk, and shows it to everybody. C2SP tlog-mirror, spec/mirror.md
 *
 * The key is a signer's key file (ledger/keys/signer_key.h), DIR/key; a mirror without one signs nothing. */
#pragma once

#include "ledger/note/cosignature.h"

#define MIRROR_KEY_FILE "key"

struct mirror_key;

/* Makes the key file in the mirror's directory. E_BAD_VALUE for a name that is none, E_EXISTS, E_IO. */
enum error mirror_key_create(const char *dir, const char *name, struct vkey *out, struct fault *fault) MUST_USE;
/* In guarded memory. `*out` is NULL, and E_OK, where there is no key file. */
enum error mirror_key_open(const char *dir, struct mirror_key **out, struct fault *fault) MUST_USE;
void mirror_key_close(struct mirror_key *key);
/* Writes the note with the mirror's line behind it, as of now, in the place of older ones: what a mirror is shown may
 * have come from itself. The note alone without a key (NULL). E_NO_ROOM. */
enum error mirror_key_cosign(
	const struct mirror_key *key, struct bytes note, uint64_t now_s, struct writer *out) MUST_USE;
