/* The system calls that a daemon may make (seccomp): a list; any other ends the process, by SIGSYS. What it might be
 * made to do by a fault in a library, it cannot: start a program, load a module, trace others, mount, make keys.
 *
 * A build without libseccomp (-Dseccomp=disabled, and builds under sanitizers) installs nothing. */
#pragma once

#include "ledger/base/error.h"

#include <stddef.h>

enum call_rule {
	CALL_ANY,
	CALL_THREAD,  /* clone: a thread of this process, no process */
	CALL_OWN,     /* tgkill: of this process, which is how it ends itself */
	CALL_FAMILY,  /* socket: unix, internet; netlink for its routes, which resolvers ask for */
	CALL_RESERVE, /* mmap, mprotect: no memory that is written and executed */
	CALL_NO_SUCH, /* answered as by an older kernel (ENOSYS): the C library then does it otherwise */
	CALL_REFUSED  /* answered with EPERM: it is only tried */
};

/* A name that this machine's kernel has no number for is passed over. */
struct call {
	const char *name;
	enum call_rule rule;
};

/* For all threads, for good: these, and what every threaded program of ours needs (filter.c: memory, threads, time,
 * signals, sockets, reading files). E_IO: this kernel has no seccomp, and nothing may go on. */
enum error filter_install(const struct call *calls, size_t count, struct fault *fault) MUST_USE;
