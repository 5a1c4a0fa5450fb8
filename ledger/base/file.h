/* Whole small files, written so that a power cut leaves the old one or the new one. */
#pragma once

#include "ledger/base/bytes.h"

#include <dirent.h>

/* Writes a whole file: temporary name, write, sync, rename, sync of the directory. */
enum error file_write_atomic(int dir_fd, const char *name, struct bytes content, unsigned mode) MUST_USE;
/* Removes what file_write_atomic left of `name` in processes that were killed. For whoever alone writes it. */
void file_remove_left(int dir_fd, const char *name);
/* The whole file, at most `max` bytes, in memory to free() with an end mark behind it. */
enum error file_read_all(int dir_fd, const char *name, size_t max, uint8_t **out, size_t *out_len) MUST_USE;
/* The names in the directory `name` of `dir_fd`, for readdir and closedir; NULL with errno. */
DIR *file_list(int dir_fd, const char *name);
