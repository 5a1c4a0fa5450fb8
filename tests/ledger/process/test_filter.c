/* The lists of both daemons, installed in a child: what they do works, and what they must not do ends it. */
#include "ingest/daemon/calls.h"
#include "ledger/process/confine.h"
#include "ledger/process/process.h"
#include "query/daemon/calls.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	const struct call *calls;
	const size_t *count;
} lists[] = {{"ingestd", ingestd_calls, &ingestd_calls_count}, {"queryd", queryd_calls, &queryd_calls_count}};

/* How a child ends that installs the list and then does this; 0: the work's own end. */
static int end_of(size_t list, int (*work)(void))
{
	int status = 0;
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct fault fault;
		if (process_harden(&fault) != E_OK || filter_install(lists[list].calls, *lists[list].count, &fault) != E_OK)
			_exit(100);
		_exit(work());
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- what must end it ---- */

static int start_program(void)
{
	char *const none[] = {NULL};
	return execve("/bin/true", none, none);
}

static int become_two(void)
{
	return (int)syscall(SYS_fork);
}

static int trace(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int look_into_another(void)
{
	return (int)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static int mount_something(void)
{
	return mount("none", "/nowhere", "tmpfs", 0, NULL);
}

static int load_module(void)
{
	return (int)syscall(SYS_finit_module, -1, "", 0);
}

static int make_key(void)
{
	return (int)syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static int run_in_kernel(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int change_user(void)
{
	return setuid(0);
}

static int listen_to_all(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int signal_another(void)
{
	return kill(getppid(), 0);
}

static int signal_a_thread_of_another(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

/* Out of a thread that is not the first: the process would live on. */
static void *in_the_old_way(void *context)
{
#ifdef __x86_64__
	__asm__ volatile("int $0x80" : : "a"(20) : "memory"); /* getpid of 32-bit programs */
#else
	(void)syscall(SYS_setuid, 0); /* there is no other way */
#endif
	return context;
}

static int call_another_way(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, in_the_old_way, NULL) == 0 && pthread_join(thread, NULL) == 0 ? 0 : 1;
}

static int write_and_run(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int make_runnable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

START_TEST(a_forbidden_call_ends_the_process)
{
	static const struct {
		const char *name;
		int (*work)(void);
	} cases[] = {{"execve", start_program}, {"fork", become_two}, {"ptrace", trace},
		{"process_vm_readv", look_into_another}, {"mount", mount_something}, {"finit_module", load_module},
		{"keyctl", make_key}, {"bpf", run_in_kernel}, {"setuid", change_user}, {"a packet socket", listen_to_all},
		{"kill", signal_another}, {"tgkill of another", signal_a_thread_of_another},
		{"mmap of what is written and run", write_and_run}, {"mprotect to that", make_runnable}};
	for (size_t list = 0; list < 2; list++)
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
			ck_assert_msg(end_of(list, cases[i].work) == -SIGSYS, "%s: %s ended with %d", lists[list].name,
				cases[i].name, end_of(list, cases[i].work));
}
END_TEST

/* Where the kernel has no such way it is a fault of the program's memory. */
START_TEST(another_way_into_the_kernel_ends_the_process)
{
	for (size_t list = 0; list < 2; list++) {
		int end = end_of(list, call_another_way);
		ck_assert_msg(end == -SIGSYS || end == -SIGSEGV, "%s: ended with %d", lists[list].name, end);
	}
}
END_TEST

/* ---- what only one of them may ---- */

static int remove_a_file(void)
{
	return unlinkat(AT_FDCWD, "/nowhere/none", 0) == 0 || errno != ENOENT;
}

static int rename_a_file(void)
{
	return renameat(AT_FDCWD, "/nowhere/none", AT_FDCWD, "/nowhere/other") == 0 || errno != ENOENT;
}

static int cut_a_file(void)
{
	return ftruncate(-1, 0) == 0 || errno != EBADF;
}

START_TEST(only_ingestd_changes_files)
{
	int (*const works[])(void) = {remove_a_file, rename_a_file, cut_a_file};
	for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
		ck_assert_int_eq(end_of(0, works[i]), 0);
		ck_assert_int_eq(end_of(1, works[i]), -SIGSYS);
	}
}
END_TEST

/* ---- what both do ---- */

static void *in_a_thread(void *context)
{
	*(int *)context = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return NULL;
}

static int usual(void)
{
	int fd = -1;
	pthread_t thread;
	void *memory = malloc(1 << 20);
	bool good = memory != NULL && pthread_create(&thread, NULL, in_a_thread, &fd) == 0 &&
				pthread_join(thread, NULL) == 0 && fd >= 0 && socket(AF_INET6, SOCK_STREAM, 0) >= 0 &&
				socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
	free(memory);
	return good ? 0 : 1;
}

static int end_itself(void)
{
	abort();
}

START_TEST(what_both_do_works)
{
	ck_assert_int_eq(end_of(0, end_itself), -SIGABRT);
	ck_assert_int_eq(end_of(1, end_itself), -SIGABRT);
	ck_assert_int_eq(end_of(0, usual), 0);
	ck_assert_int_eq(end_of(1, usual), 0);
}
END_TEST

/* ---- where it may write ---- */

static struct place place;

static int write_anywhere(void)
{
	bool known = false;
	struct fault fault;
	int old = open(place.path, O_RDONLY | O_DIRECTORY);
	int before = openat(old, "before", O_RDWR | O_CREAT, 0600);
	if (before < 0 || confine_writes(&known, &fault) != E_OK)
		return 1;
	int made = openat(old, "made", O_WRONLY | O_CREAT, 0600);
	int opened = openat(old, "before", O_WRONLY);
	int read_only = openat(old, "before", O_RDONLY);
	bool still = pwrite(before, "x", 1, 0) == 1; /* what was open stays as it was */
	if (!known)
		return made >= 0 && read_only >= 0 ? 77 : 2;
	return made < 0 && opened < 0 && read_only >= 0 && still ? 0 : 3;
}

/* Also as root. */
START_TEST(a_confined_process_opens_nothing_for_writing)
{
	int status = 0;
	place_make(&place);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct fault fault;
		_exit(process_harden(&fault) == E_OK ? write_anywhere() : 100);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	place_remove(&place);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		fprintf(stderr, "this kernel knows no Landlock: only the rights of files count\n");
	else
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

UNIT_MAIN("filter", a_forbidden_call_ends_the_process, another_way_into_the_kernel_ends_the_process,
	only_ingestd_changes_files, what_both_do_works, a_confined_process_opens_nothing_for_writing)
