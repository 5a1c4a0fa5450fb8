/* Key files: 32 secret bytes as 64 hexadecimal digits and a newline, mode 0600, written atomically.
 * spec/store.md */
#pragma once

#include "ledger/base/hash.h"

/* Creates `name` in the directory `dir_fd` with this key, synced. E_EXISTS for a name that is taken
 * when it is looked at, before the file is written. */
enum error keyfile_create(int dir_fd, const char *name, const struct key *key, struct fault *fault) MUST_USE;
/* Refuses a file that group or others may read (E_PERMISSION), and one that is not exactly a key. */
enum error keyfile_read(int dir_fd, const char *name, struct key *out, struct fault *fault) MUST_USE;
