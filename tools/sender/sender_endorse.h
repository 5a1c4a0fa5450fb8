/* Key files as `sender add` and `sender endorse` use them. */
#pragma once

#include "ingest/spool/sender_key.h"

/* The key file at `path`, or a fresh key with the id 0 that is not written yet (`*exists` false); organisation and name
 * become those of the entry. E_WRONG_ORIGIN: it is for another ledger; the errors of sender_key_read. */
enum error sender_key_take(const char *path, const struct vkey *log, const struct entry_sender *entry, bool *exists,
	struct sender_key *key, struct fault *fault) MUST_USE;
