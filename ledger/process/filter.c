/* One list that all share, one of each daemon; the kernel runs what libseccomp makes of them at each call. Killed is
 * the process and not the thread: a daemon that goes on without one of its threads would answer nobody and look alive.
 * The same holds for calls by another way into the kernel, as those of 32-bit programs. */
#include "ledger/process/filter.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct call common[] = {
	/* memory */
	{"brk", CALL_ANY},
	{"mmap", CALL_RESERVE},
	{"mmap2", CALL_RESERVE},
	{"munmap", CALL_ANY},
	{"mremap", CALL_ANY},
	{"mprotect", CALL_RESERVE},
	{"madvise", CALL_ANY},
	{"mlock", CALL_ANY},
	{"mlock2", CALL_ANY},
	{"munlock", CALL_ANY},
	{"msync", CALL_ANY},
	{"mincore", CALL_ANY},
	{"membarrier", CALL_ANY},
	/* threads, and the end */
	{"clone", CALL_THREAD},
	{"clone3", CALL_NO_SUCH},
	{"set_robust_list", CALL_ANY},
	{"get_robust_list", CALL_ANY},
	{"rseq", CALL_ANY},
	{"set_tid_address", CALL_ANY},
	{"gettid", CALL_ANY},
	{"getpid", CALL_ANY},
	{"getppid", CALL_ANY},
	{"futex", CALL_ANY},
	{"futex_time64", CALL_ANY},
	{"futex_waitv", CALL_ANY},
	{"sched_yield", CALL_ANY},
	{"sched_getaffinity", CALL_ANY},
	{"sched_getparam", CALL_ANY},
	{"sched_getscheduler", CALL_ANY},
	{"getcpu", CALL_ANY},
	{"exit", CALL_ANY},
	{"exit_group", CALL_ANY},
	{"arch_prctl", CALL_ANY},
	{"prctl", CALL_ANY},
	{"restart_syscall", CALL_ANY},
	{"tgkill", CALL_OWN},
	{"getrusage", CALL_ANY},
	{"sysinfo", CALL_ANY},
	{"prlimit64", CALL_ANY},
	{"getrlimit", CALL_ANY},
	{"ugetrlimit", CALL_ANY},
	{"uname", CALL_ANY},
	/* time */
	{"clock_gettime", CALL_ANY},
	{"clock_gettime64", CALL_ANY},
	{"clock_getres", CALL_ANY},
	{"clock_getres_time64", CALL_ANY},
	{"clock_nanosleep", CALL_ANY},
	{"clock_nanosleep_time64", CALL_ANY},
	{"nanosleep", CALL_ANY},
	{"gettimeofday", CALL_ANY},
	{"time", CALL_ANY},
	{"timerfd_create", CALL_ANY},
	{"timerfd_settime", CALL_ANY},
	{"timerfd_gettime", CALL_ANY},
	{"alarm", CALL_ANY},
	{"setitimer", CALL_ANY},
	/* signals */
	{"rt_sigaction", CALL_ANY},
	{"rt_sigprocmask", CALL_ANY},
	{"rt_sigreturn", CALL_ANY},
	{"rt_sigpending", CALL_ANY},
	{"rt_sigtimedwait", CALL_ANY},
	{"rt_sigsuspend", CALL_ANY},
	{"sigaltstack", CALL_ANY},
	{"sigreturn", CALL_ANY},
	{"signalfd4", CALL_ANY},
	/* who this is */
	{"getuid", CALL_ANY},
	{"geteuid", CALL_ANY},
	{"getgid", CALL_ANY},
	{"getegid", CALL_ANY},
	{"getresuid", CALL_ANY},
	{"getresgid", CALL_ANY},
	{"getgroups", CALL_ANY},
	{"getrandom", CALL_ANY},
	{"capget", CALL_ANY},
	/* what is open */
	{"read", CALL_ANY},
	{"readv", CALL_ANY},
	{"pread64", CALL_ANY},
	{"preadv", CALL_ANY},
	{"preadv2", CALL_ANY},
	{"write", CALL_ANY},
	{"writev", CALL_ANY},
	{"pwrite64", CALL_ANY},
	{"pwritev", CALL_ANY},
	{"pwritev2", CALL_ANY},
	{"close", CALL_ANY},
	{"close_range", CALL_ANY},
	{"dup", CALL_ANY},
	{"dup2", CALL_ANY},
	{"dup3", CALL_ANY},
	{"lseek", CALL_ANY},
	{"_llseek", CALL_ANY},
	{"fcntl", CALL_ANY},
	{"fcntl64", CALL_ANY},
	{"flock", CALL_ANY},
	{"ioctl", CALL_ANY},
	{"fadvise64", CALL_ANY},
	{"fadvise64_64", CALL_ANY},
	{"readahead", CALL_ANY},
	{"sendfile", CALL_ANY},
	{"sendfile64", CALL_ANY},
	{"pipe", CALL_ANY},
	{"pipe2", CALL_ANY},
	{"eventfd2", CALL_ANY},
	{"poll", CALL_ANY},
	{"ppoll", CALL_ANY},
	{"ppoll_time64", CALL_ANY},
	{"select", CALL_ANY},
	{"pselect6", CALL_ANY},
	{"epoll_create", CALL_ANY},
	{"epoll_create1", CALL_ANY},
	{"epoll_ctl", CALL_ANY},
	{"epoll_wait", CALL_ANY},
	{"epoll_pwait", CALL_ANY},
	{"epoll_pwait2", CALL_ANY},
	/* files, by name: the user's rights and what is confined decide which */
	{"open", CALL_ANY},
	{"openat", CALL_ANY},
	{"access", CALL_ANY},
	{"faccessat", CALL_ANY},
	{"faccessat2", CALL_ANY},
	{"stat", CALL_ANY},
	{"stat64", CALL_ANY},
	{"lstat", CALL_ANY},
	{"lstat64", CALL_ANY},
	{"fstat", CALL_ANY},
	{"fstat64", CALL_ANY},
	{"newfstatat", CALL_ANY},
	{"fstatat64", CALL_ANY},
	{"statx", CALL_ANY},
	{"statfs", CALL_ANY},
	{"statfs64", CALL_ANY},
	{"fstatfs", CALL_ANY},
	{"fstatfs64", CALL_ANY},
	{"readlink", CALL_ANY},
	{"readlinkat", CALL_ANY},
	{"getdents", CALL_ANY},
	{"getdents64", CALL_ANY},
	{"getcwd", CALL_ANY},
	{"umask", CALL_ANY},
	/* the network */
	{"socket", CALL_FAMILY},
	{"socketpair", CALL_ANY},
	{"bind", CALL_ANY},
	{"listen", CALL_ANY},
	{"accept", CALL_ANY},
	{"accept4", CALL_ANY},
	{"connect", CALL_ANY},
	{"shutdown", CALL_ANY},
	{"getsockname", CALL_ANY},
	{"getpeername", CALL_ANY},
	{"getsockopt", CALL_ANY},
	{"setsockopt", CALL_ANY},
	{"sendto", CALL_ANY},
	{"recvfrom", CALL_ANY},
	{"sendmsg", CALL_ANY},
	{"recvmsg", CALL_ANY},
	{"sendmmsg", CALL_ANY},
	{"recvmmsg", CALL_ANY},
	{"recvmmsg_time64", CALL_ANY},
	/* only tried, by libraries that do without */
	{"sched_setaffinity", CALL_REFUSED},
	{"sched_setscheduler", CALL_REFUSED},
	{"set_mempolicy", CALL_REFUSED},
	{"get_mempolicy", CALL_REFUSED},
	{"io_uring_setup", CALL_NO_SUCH},
	{"memfd_create", CALL_NO_SUCH},
};

#define ALLOW SCMP_ACT_ALLOW
#define MASKED(argument, mask, value) SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value)

static int add(scmp_filter_ctx filter, int number, enum call_rule rule)
{
	switch (rule) {
	case CALL_ANY:
		return seccomp_rule_add(filter, ALLOW, number, 0);
	case CALL_THREAD:
		return seccomp_rule_add(filter, ALLOW, number, 1, MASKED(0, CLONE_THREAD, CLONE_THREAD));
	case CALL_OWN:
		return seccomp_rule_add(filter, ALLOW, number, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	case CALL_FAMILY: {
		static const unsigned families[] = {AF_UNIX, AF_INET, AF_INET6};
		int rc = seccomp_rule_add(
			filter, ALLOW, number, 2, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE));
		for (size_t i = 0; rc == 0 && i < sizeof families / sizeof families[0]; i++)
			rc = seccomp_rule_add(filter, ALLOW, number, 1, SCMP_A0(SCMP_CMP_EQ, families[i]));
		return rc;
	}
	case CALL_RESERVE: { /* the mask of "writable and executable" cannot be asked for as "not both" in one rule */
		int rc = seccomp_rule_add(filter, ALLOW, number, 1, MASKED(2, PROT_EXEC, 0));
		return rc != 0 ? rc : seccomp_rule_add(filter, ALLOW, number, 1, MASKED(2, PROT_WRITE | PROT_EXEC, PROT_EXEC));
	}
	case CALL_NO_SUCH:
		return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
	case CALL_REFUSED:
		return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
	return -EINVAL;
}

static int add_all(scmp_filter_ctx filter, const struct call *calls, size_t count)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		int number = seccomp_syscall_resolve_name(calls[i].name);
		if (number != __NR_SCMP_ERROR)
			rc = add(filter, number, calls[i].rule);
	}
	return rc;
}

enum error filter_install(const struct call *calls, size_t count, struct fault *fault)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	rc = rc != 0 ? rc : seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	rc = rc != 0 ? rc : add_all(filter, common, sizeof common / sizeof common[0]);
	rc = rc != 0 ? rc : add_all(filter, calls, count);
	rc = rc != 0 ? rc : seccomp_load(filter);
	seccomp_release(filter);
	errno = -rc;
	if (rc != 0)
		return fault_set(fault, E_IO,
			"system calls cannot be restricted: %m; a kernel without seccomp needs a build with -Dseccomp=disabled");
	return E_OK;
}

#else

enum error filter_install(const struct call *calls, size_t count, struct fault *fault)
{
	(void)calls, (void)count, (void)fault;
	return E_OK;
}

#endif
