/* Key files: 32 secret bytes as 64 hexadecimal digits and a newline, written atomically. Mode 0600; one that a group
 * reads by its role may be 0640 where the directory was given to that group ('indsigt own'). spec/store.md */
#pragma once

#include "ledger/base/hash.h"

enum keyfile_readers {
	KEYFILE_OWNER, /* nobody else, ever: it signs */
	KEYFILE_GROUP  /* the group of the directory too, where file_is_shared */
};

/* Creates `name` in the directory `dir_fd` with this key, synced. E_EXISTS for a name that is taken
 * when it is looked at, before the file is written. */
enum error keyfile_create(
	int dir_fd, const char *name, enum keyfile_readers readers, const struct key *key, struct fault *fault) MUST_USE;
/* Refuses a file that others than `readers` may read (E_PERMISSION), and one that is not exactly a key. */
enum error keyfile_read(
	int dir_fd, const char *name, enum keyfile_readers readers, struct key *out, struct fault *fault) MUST_USE;
