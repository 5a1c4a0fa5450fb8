/* One process at a time: a lock (flock) on a directory itself. A file made for locking would be taken for left over one
 * day and removed, and then two processes would write. The lock ends with the descriptor, so with the process. */
#pragma once

#include "ledger/base/error.h"

#define PROCESS_NAME_BYTES 32

/* The name of a process' program, of which the system keeps 15 bytes; false: there is none, or it may not be known. */
bool process_name(int pid, char out[PROCESS_NAME_BYTES]) MUST_USE;

/* Locks the directory that `dir_fd` is open on, for as long as `dir_fd` and its copies are open; never waits. When
 * another process has it: `held` (E_LOCKED, E_BUSY), with the text "<before>process 12 (indsigt)<after>", or "another
 * process" where the system does not tell which one it is. E_IO: whether another has it cannot be told; the text says
 * what the system says. */
enum error lock_dir(int dir_fd, enum error held, const char *before, const char *after, struct fault *fault) MUST_USE;
