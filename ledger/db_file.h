/* What is looked at in an LMDB file before LMDB itself opens it. LMDB maps the file and believes its head: a file
 * that was cut ends the process by a signal at some later read, and an empty one is taken for a new environment and
 * written over. spec/store.md */
#pragma once

#include "ledger/error.h"

/* Whether the file in the directory `path` can be an environment: its head is one, and it is about as long as
 * the head says. E_NOT_FOUND: there is none. E_CORRUPT: it is empty, no LMDB file, or cut. E_PERMISSION, E_IO. */
enum error db_file_check(const char *path, struct fault *fault) MUST_USE;

/* A page that cannot be read although the file's length looked right (it was cut by less than can be told, or the disk
 * fails) ends the process all the same: then with a sentence on standard error and status 4, not by a bare signal.
 * Done once for a process; whoever has a disposition for SIGBUS of their own keeps it. */
void db_file_name_faults(void);
