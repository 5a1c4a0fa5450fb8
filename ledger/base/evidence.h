/* Evidence: files that show somebody's misdeed to anybody, kept by whoever met it. The first of a name
 * stays as it is; of others under the same name the newest is kept beside it. */
#pragma once

#include "ledger/base/bytes.h"

#define EVIDENCE_FOLDER "evidence"

/* The folder of that name in `dir_fd`, made (0700) where it is not there: a descriptor to close, or -1 with errno. */
int evidence_folder(int dir_fd);
#define EVIDENCE_NEWEST ".newest"

/* Keeps it in the directory `folder_fd` as a file (0600): `name`, or where other content has that name NAME.newest,
 * which `name`, in `room` bytes, then says. E_IO, E_FULL, E_READ_ONLY, E_TOO_LONG: it is not kept. */
enum error evidence_keep(int folder_fd, char *name, size_t room, struct bytes content) MUST_USE;
