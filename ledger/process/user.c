/* The order: groups while that is still allowed, then the group, then the user. What was given up is asked for again at
 * once, because a process that only believes that it has no rights is worse than one that knows that it has them. */
#include "ledger/process/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The system's lists say "not there" with 0, and what else they say may pass. */
static enum error unknown(const char *what, const char *name, struct fault *fault)
{
	bool none = errno == 0 || errno == ENOENT || errno == ESRCH;
	return none ? fault_set(
					  fault, E_USAGE, "there is no %s '%s' on this system; 'adduser --system' makes one", what, name)
				: fault_set(fault, E_IO, "the system's list of %ss cannot be read: %m", what);
}

static enum error find_group(const char *name, gid_t *out, struct fault *fault)
{
	errno = 0;
	const struct group *group = getgrnam(name);
	if (group == NULL)
		return unknown("group", name, fault);
	*out = group->gr_gid;
	return E_OK;
}

enum error user_find(const char *name, const char *group, struct user *out, struct fault *fault)
{
	*out = (struct user){.given = false};
	if (name == NULL)
		return E_OK;
	errno = 0;
	const struct passwd *account = getpwnam(name);
	if (account == NULL)
		return unknown("user", name, fault);
	struct user user = {true, account->pw_uid, account->pw_gid};
	if (group != NULL)
		TRY(find_group(group, &user.gid, fault));
	if (user.uid == 0 || user.gid == 0)
		return fault_set(
			fault, E_USAGE, "'%s' is root, or of root's group: give a user that has no rights beside its own", name);
	if (geteuid() != 0 && (user.uid != geteuid() || user.gid != getegid()))
		return fault_set(fault, E_USAGE, "only root can go on as another user; start this as root, or as that user");
	*out = user;
	return E_OK;
}

/* Whether any of it can be had again. */
static bool can_come_back(const struct user *user)
{
	uid_t real, effective, saved;
	gid_t groups[3];
	return setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setegid(0) == 0 || setgroups(0, NULL) == 0 ||
		   getresuid(&real, &effective, &saved) != 0 || real != user->uid || effective != user->uid ||
		   saved != user->uid || getresgid(&groups[0], &groups[1], &groups[2]) != 0 || groups[0] != user->gid ||
		   groups[1] != user->gid || groups[2] != user->gid || getgroups(0, NULL) != 0;
}

enum error user_become(const struct user *user, struct fault *fault)
{
	int on_death = 0;
	pid_t parent = getppid();
	if (!user->given || geteuid() != 0)
		return E_OK;
	(void)prctl(PR_GET_PDEATHSIG, &on_death);
	if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
		setresuid(user->uid, user->uid, user->uid) != 0)
		return fault_set(fault, E_IO, "root's rights cannot be given up: %m");
	if (can_come_back(user))
		abort(); /* whatever could be said here would be said with root's rights */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, on_death) != 0)
		return fault_set(fault, E_IO, "the process limits cannot be set: %m");
	if (on_death != 0 && getppid() != parent)
		raise(on_death); /* it came too late */
	return E_OK;
}

unsigned user_rights(const struct user *user, uid_t owner, gid_t group, mode_t mode)
{
	if (user->uid == 0)
		return 6 | (mode >> 6 & 1) | (mode >> 3 & 1) | (mode & 1);
	if (user->uid == owner)
		return mode >> 6 & 7;
	return (user->gid == group ? mode >> 3 : mode) & 7;
}
