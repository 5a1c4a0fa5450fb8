/* Whose the files of a ledger are, where each of its daemons has a user of its own.
 *
 *   ingestd's user   owns everything that it writes, and alone reads the log's signing key and the evidence
 *   queryd's user    by its group: reads the store, what is filed, and the keys that open records; owns cosigned/
 *   gateway's user   has DIR/gateway, where it is given one: the key and the spool of the sender that it is
 *
 * What is made later gets the group by itself: the directories hand it on (setgid), and whoever makes files in them
 * asks file_mode_in (ledger/base/file.h). */
#pragma once

#include "ledger/process/user.h"

#define OWNERS_GATEWAY_DIR "gateway" /* in the ledger's directory, where an operator puts the gateway's key */
#define OWNERS_GATEWAY_KEY OWNERS_GATEWAY_DIR "/key.json"

struct owners {
	struct user ingest;
	struct user query;
	struct user gateway;
	bool one; /* both are the same user, who has a ledger alone: no modes are set */
};

/* Both names or none; they must be two users of two groups. E_USAGE: see user_find. */
enum error owners_find(const char *ingest, const char *query, struct owners *out, struct fault *fault) MUST_USE;
/* `name` NULL: nobody is given. A third user, of a group of its own; after owners_find. E_USAGE. */
enum error owners_find_gateway(const char *name, struct owners *owners, struct fault *fault) MUST_USE;
/* Sets owners, groups and modes of all that a ledger has; can be done again, also while it runs. Nothing is done where
 * no users are given. E_NOT_FOUND: no ledger; E_EXISTS: something in it that no ledger makes there (a link, a file with
 * two names, a file of another user; in the directory itself what no ledger makes is left alone); E_IO. */
enum error owners_set(const char *dir, const struct owners *owners, struct fault *fault) MUST_USE;
/* Whose it is, as the files say it: the owner of the directory, and the group that keys/ was given to, with the owner
 * of cosigned/. What does not show is -1. E_IO. */
enum error owners_look(int dir_fd, struct owners *out, struct fault *fault) MUST_USE;
/* For root, after a command that may have made files in a ledger that is somebody else's: hands them over. What fails
 * is told on stderr. */
void owners_keep(const char *dir);
