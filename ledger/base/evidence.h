/* Evidence: files that show somebody's misdeed to anybody, kept by whoever met it. Each is written once, and what is
 * there under its name stays as it is: the first says it all, however often it is shown again. */
#pragma once

#include "ledger/base/bytes.h"

#define EVIDENCE_FOLDER "evidence"

/* The folder of that name in `dir_fd`, made (0700) where it is not there: a descriptor to close, or -1 with errno. */
int evidence_folder(int dir_fd);
/* Keeps it in the directory `folder_fd` as a file (0600). E_IO, E_FULL, E_READ_ONLY: it is not kept. */
enum error evidence_keep(int folder_fd, const char *name, struct bytes content) MUST_USE;
