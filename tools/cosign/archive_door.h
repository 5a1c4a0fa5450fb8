/* The door (ledger/witness/door.h) for a store that is only read: what witnesses have that it does not extend. */
#pragma once

#include "ledger/read/archive.h"
#include "ledger/witness/door.h"

/* As door_ask, over HTTP; `dir_fd` is the ledger's directory. The snapshot of the store's own size is taken first, so
 * that a store that grows while it is asked never looks older than it was. */
enum error archive_door_ask(struct archive *archive, int dir_fd, const struct witness_policy *policy,
	struct door_verdict *out, struct fault *fault) MUST_USE;
