/* The user that a daemon goes on as, once it has what only root may take (a port below 1024).
 *
 *     TRY(user_find(options->user, options->group, &user, fault));      nobody is looked up later
 *     ... bind ...
 *     TRY(user_become(&user, fault));                                   for good
 */
#pragma once

#include "ledger/base/error.h"

#include <sys/types.h>

struct user {
	bool given; /* false: the process stays whose it is */
	uid_t uid;
	gid_t gid;
};

/* `name` NULL: nobody is given. `group` NULL: the group that the user's account has. Only root may become another user:
 * anybody else may name only itself, and then nothing changes. E_USAGE for a name that the system does not know, or
 * that is root's; E_IO. */
enum error user_find(const char *name, const char *group, struct user *out, struct fault *fault) MUST_USE;
/* Real, effective and saved ids, no other groups, no capabilities; then asks for root's rights back, and ends the
 * process if it gets them. The wish to end with its parent (PR_SET_PDEATHSIG), which the kernel drops with the ids, is
 * renewed. E_IO: nothing may go on. */
enum error user_become(const struct user *user, struct fault *fault) MUST_USE;
/* What `uid` in the groups `gid` (one) may do with a file of that owner, group and mode, as the kernel decides it: bits
 * 4 read, 2 write, 1 execute. Root may read and write all. */
unsigned user_rights(const struct user *user, uid_t owner, gid_t group, mode_t mode);
