/* Whose the files of a ledger are, where each of its daemons has a user of its own.
 *
 *   ingestd's user   owns everything that it writes, and alone reads the log's signing key and the evidence
 *   queryd's user    by its group: reads the store, what is filed, and the keys that open records; owns cosigned/
 *
 * What is made later gets the group by itself: the directories hand it on (setgid), and whoever makes files in them
 * asks file_mode_in (ledger/base/file.h). */
#pragma once

#include "ledger/process/user.h"

#include <stdio.h>

struct owners {
	struct user ingest;
	struct user query;
};

/* Both names or none; they must be two users of two groups. E_USAGE: see user_find. */
enum error owners_find(const char *ingest, const char *query, struct owners *out, struct fault *fault) MUST_USE;
/* Sets owners, groups and modes of all that a ledger has; can be done again, also while it runs. Nothing is done where
 * no users are given. E_NOT_FOUND: no ledger; E_EXISTS: something in it that no ledger makes there (a link, a file with
 * two names, a file of another user); E_IO. */
enum error owners_set(const char *dir, const struct owners *owners, struct fault *fault) MUST_USE;
/* A table of who may read and write what, as the files are now: for these users, or, where none are given, for the
 * owner of the directory and the group that keys/ was given to. */
enum error owners_print(const char *dir, const struct owners *owners, FILE *out, struct fault *fault) MUST_USE;
