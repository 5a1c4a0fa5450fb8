/* Key files as `sender add` and `sender endorse` use them. */
#pragma once

#include "ingest/spool/sender_key.h"

/* The key file at `path`, or a fresh key with the id 0 that is not written yet (`*exists` false); organisation and name
 * become those of the entry. E_WRONG_ORIGIN: it is for another ledger; the errors of sender_key_read. */
enum error sender_key_take(const char *path, const struct vkey *log, const struct entry_sender *entry, bool *exists,
	struct sender_key *key, struct fault *fault) MUST_USE;
/* Writes it where it says anything else than the file that `exists`. E_EXISTS: that is in use, its spool beside it, and
 * stays as it is: what waits there was signed under what it says. */
enum error sender_key_keep(const char *path, const struct sender_key *key, bool exists, struct fault *fault) MUST_USE;
