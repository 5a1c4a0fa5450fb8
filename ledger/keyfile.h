/* Key files: 32 secret bytes as 64 hexadecimal digits and a newline, mode 0600, written atomically; and guarded memory
 * for keys that live long. spec/store.md */
#pragma once

#include "ledger/hash.h"

/* Creates `name` in the directory `dir_fd` with a fresh random key, synced, never over an existing file. */
enum error keyfile_create(int dir_fd, const char *name, const struct key *key, struct fault *fault) MUST_USE;
/* Refuses a file that group or others may read (E_PERMISSION), and one that is not exactly a key. */
enum error keyfile_read(int dir_fd, const char *name, struct key *out, struct fault *fault) MUST_USE;
/* Writes a whole file: temporary name, write, sync, rename, sync of the directory. */
enum error file_write_atomic(int dir_fd, const char *name, struct bytes content, unsigned mode) MUST_USE;
/* Removes what file_write_atomic left of `name` in processes that were killed. For whoever alone writes it. */
void file_remove_left(int dir_fd, const char *name);
/* The whole file, at most `max` bytes, in memory to free() with an end mark behind it. */
enum error file_read_all(int dir_fd, const char *name, size_t max, uint8_t **out, size_t *out_len) MUST_USE;
