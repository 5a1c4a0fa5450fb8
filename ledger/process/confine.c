/* Only kinds of writing are handled, and none is allowed anywhere, so that reading stays free. The numbers of the first
 * version of Landlock, which all later ones know: what came later (truncation without opening for writing, sockets,
 * ioctls) is asked for where the kernel's version has it. */
#include "ledger/process/confine.h"

#include "ledger/base/own.h"

#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Debian 12's headers have the second version. */
#define TRUNCATE (1ull << 14)

#define WRITES                                                                                        \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
		LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |    \
		LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
		LANDLOCK_ACCESS_FS_MAKE_SYM)

/* From version 3 on a file cannot be cut otherwise either. */
static uint64_t writes_of(long version)
{
	return WRITES | (version >= 3 ? TRUNCATE : 0);
}

enum error confine_writes(bool *out, struct fault *fault)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	*out = version > 0;
	if (version <= 0)
		return E_OK;
	const struct landlock_ruleset_attr handled = {.handled_access_fs = writes_of(version)};
	OWNED_FD rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0);
	if (rules < 0 || syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		return fault_set(fault, E_IO, "this process cannot be kept from writing elsewhere: %m");
	return E_OK;
}
