/* Where a process may not open enough files there are fewer connections: accepting would fail over and over. */
#include "query/server/http_server.h"

#include <sys/resource.h>

enum error http_fit_files(uint32_t *connections, struct fault *fault)
{
	struct rlimit files;
	const rlim_t wanted = *connections + HTTP_OTHER_FDS;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return fault_set(fault, E_IO, "the limit of open files cannot be read: %m");
	if (files.rlim_cur < wanted) {
		files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
		if (setrlimit(RLIMIT_NOFILE, &files) != 0)
			return fault_set(fault, E_IO, "the limit of open files cannot be set: %m");
	}
	if (files.rlim_cur < HTTP_FDS_MIN)
		return fault_set(fault, E_IO, "this process may open only %ju files, and needs %u at least ('ulimit -n')",
			(uintmax_t)files.rlim_cur, HTTP_FDS_MIN);
	if (files.rlim_cur >= wanted)
		return E_OK;
	uint32_t quarter = (uint32_t)files.rlim_cur / 4;
	*connections = files.rlim_cur > HTTP_OTHER_FDS + quarter ? (uint32_t)files.rlim_cur - HTTP_OTHER_FDS : quarter;
	return E_OK;
}
