/* Key files: 32 secret bytes as 64 hexadecimal digits and a newline, mode 0600, written atomically; and guarded memory
 * for keys that live long. spec/store.md */
#pragma once

#include "ledger/base/hash.h"

/* Creates `name` in the directory `dir_fd` with a fresh random key, synced, never over an existing file. */
enum error keyfile_create(int dir_fd, const char *name, const struct key *key, struct fault *fault) MUST_USE;
/* Refuses a file that group or others may read (E_PERMISSION), and one that is not exactly a key. */
enum error keyfile_read(int dir_fd, const char *name, struct key *out, struct fault *fault) MUST_USE;
