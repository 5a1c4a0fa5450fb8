/* The limit is for a kernel that writes core dumps itself; where they are piped to a program it is not asked, and only
 * that the process is not dumpable counts. Both are set, so that neither is trusted alone. */
#include "ledger/process/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum error process_hide(struct fault *fault)
{
	const struct rlimit none = {0, 0};
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		return fault_set(fault, E_IO, "this process cannot be kept out of core dumps: %m");
	return E_OK;
}

enum error process_harden(struct fault *fault)
{
	TRY(process_hide(fault));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fault_set(fault, E_IO, "this process cannot be kept from gaining rights: %m");
	umask(027);
	return E_OK;
}
