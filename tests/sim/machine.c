#include "tests/sim/machine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define BEGIN_S 1795421730u /* 23 November 2026 */
#define THREADS_MAX 4
#define STACK_BYTES (1u << 20)
#define FULL_BLOCKS_FREE 0

static struct machine *running;
static uint64_t now_us = BEGIN_S * 1000000ull;

/* ---- time and chance ---- */

uint64_t sim_now_us(void)
{
	return now_us;
}

uint64_t sim_now_s(void)
{
	return now_us / 1000000;
}

void sim_wait_us(uint64_t us)
{
	now_us += us;
}

static uint64_t schedule_state;
static uint8_t chance_key[crypto_stream_chacha20_KEYBYTES];
static uint64_t chance_block;

static uint64_t next_number(void)
{
	uint64_t z = (schedule_state += 0x9E3779B97F4A7C15u);
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

uint32_t sim_pick(uint32_t n)
{
	return (uint32_t)(next_number() % n);
}

bool sim_chance(uint32_t n)
{
	return sim_pick(n) == 0;
}

static const char *chance_name(void)
{
	return "simulation";
}

static void chance_fill(void *const out, const size_t len)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
	memset(out, 0, len);
	crypto_stream_chacha20_xor_ic(out, out, len, nonce, chance_block, chance_key);
	chance_block += len / 64 + 1;
}

static uint32_t chance_number(void)
{
	uint32_t number;
	chance_fill(&number, sizeof number);
	return number;
}

static struct randombytes_implementation chance = {
	.implementation_name = chance_name, .random = chance_number, .buf = chance_fill};

void sim_seed(uint64_t seed)
{
	schedule_state = seed;
	for (size_t i = 0; i < sizeof chance_key / sizeof seed; i++) {
		uint64_t number = next_number();
		memcpy(chance_key + i * sizeof number, &number, sizeof number);
	}
	randombytes_set_implementation(&chance);
	if (sodium_init() < 0)
		abort();
}

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (running == NULL)
		return __real_clock_gettime(clock, out);
	now_us += 2; /* whoever waits for the time to pass gets on */
	uint64_t us = now_us + (clock == CLOCK_REALTIME ? (uint64_t)(running->ahead_s * 1000000) : 0);
	out->tv_sec = (time_t)(us / 1000000);
	out->tv_nsec = (long)(us % 1000000) * 1000;
	return 0;
}

time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
	struct timespec now;
	__wrap_clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

/* ---- dying ---- */

static jmp_buf alive;
static ucontext_t home;
static bool dying;

struct thread {
	ucontext_t context;
	uint8_t *stack;
	void *(*start)(void *);
	void *argument;
	bool ended;
	bool joined; /* its place is free */
};

static struct thread threads[THREADS_MAX];
static unsigned thread_count;
static struct machine *threads_of; /* one machine at a time has any */
static struct thread *current;     /* NULL: the machine's first one */

static _Noreturn void die(void)
{
	dying = true;
	if (current != NULL)
		setcontext(&home);
	longjmp(alive, 1);
}

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
_Noreturn void __wrap__exit(int status)
{
	if (running == NULL)
		__real__exit(status);
	running->ended_itself = true;
	die();
}

static bool is_under(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0' || path[len] == ' ');
}

static void take_descriptors(const struct machine *machine)
{
	char link[64], path[512], socket[64];
	snprintf(socket, sizeof socket, "socket:[%lu]", (unsigned long)machine->socket);
	for (int fd = 3; fd < 1024; fd++) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t len = readlink(link, path, sizeof path - 1);
		if (len <= 0)
			continue;
		path[len] = '\0';
		if (is_under(path, machine->dir) || (machine->socket != 0 && strcmp(path, socket) == 0))
			close(fd);
	}
}

static void take_maps(const struct machine *machine)
{
	char line[1024];
	unsigned long from, to;
	int at;
	FILE *maps = fopen("/proc/self/maps", "re");
	assert(maps != NULL);
	while (fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %n", &from, &to, &at) == 2 && is_under(line + at, machine->dir))
			munmap((void *)from, to - from);
	fclose(maps);
}

static void bury(struct machine *machine)
{
	take_descriptors(machine);
	take_maps(machine);
	for (unsigned i = 0; machine == threads_of && i < thread_count; i++)
		free(threads[i].stack);
	if (machine == threads_of)
		thread_count = 0;
	current = NULL;
	dying = false;
	machine->socket = 0;
	machine->fuse = 0;
}

bool machine_run(struct machine *machine, void (*work)(void *context), void *context)
{
	assert(running == NULL);
	running = machine;
	machine->ended_itself = false;
	if (setjmp(alive) == 0) {
		work(context);
		running = NULL;
		return true;
	}
	running = NULL;
	bury(machine);
	return false;
}

/* ---- threads ---- */

static void thread_main(void)
{
	struct thread *self = current;
	self->start(self->argument);
	self->ended = true;
	setcontext(&home);
}

static void resume(struct thread *thread)
{
	current = thread;
	swapcontext(&home, &thread->context);
	current = NULL;
	if (dying)
		longjmp(alive, 1);
}

static void yield(void)
{
	struct thread *self = current;
	swapcontext(&self->context, &home);
}

bool machine_has_threads(void)
{
	return thread_count > 0;
}

void machine_run_threads(void)
{
	unsigned first = thread_count > 0 ? sim_pick(thread_count) : 0;
	for (unsigned i = 0; i < thread_count; i++) {
		struct thread *thread = &threads[(first + i) % thread_count];
		if (!thread->ended)
			resume(thread);
	}
}

int __real_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
	if (running == NULL)
		return __real_pthread_create(out, attributes, start, argument);
	assert(thread_count == 0 || threads_of == running);
	threads_of = running;
	unsigned at = 0;
	while (at < thread_count && !threads[at].joined)
		at++;
	assert(at < THREADS_MAX);
	thread_count += at == thread_count;
	struct thread *thread = &threads[at];
	*thread = (struct thread){.stack = malloc(STACK_BYTES), .start = start, .argument = argument};
	getcontext(&thread->context);
	/* Whoever begins a thread blocks signals while it does; but no seed goes on for ever. */
	sigdelset(&thread->context.uc_sigmask, SIGALRM);
	thread->context.uc_stack.ss_sp = thread->stack;
	thread->context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&thread->context, thread_main, 0);
	*out = at + 1;
	return 0;
}

/* What is done does not depend on the computer that this runs on. */
unsigned __wrap_jobs_processors(void);
unsigned __wrap_jobs_processors(void)
{
	return 1;
}

/* A command waits for a thread that it has begun, or one thread for another. */
static void let_others_run(void)
{
	if (current != NULL) {
		yield();
		return;
	}
	machine_run_threads();
	now_us += 1000;
}

int __real_pthread_join(pthread_t thread, void **out);
int __wrap_pthread_join(pthread_t thread, void **out);
int __wrap_pthread_join(pthread_t thread, void **out)
{
	if (running == NULL)
		return __real_pthread_join(thread, out);
	struct thread *joined = &threads[thread - 1];
	while (!joined->ended)
		let_others_run();
	free(joined->stack);
	joined->stack = NULL;
	joined->joined = true;
	bool all = true;
	for (unsigned i = 0; i < thread_count; i++)
		all &= threads[i].joined;
	thread_count = all ? 0 : thread_count;
	return 0;
}

/* Waiting ends whenever the thread is run again: whoever waits looks again. */
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
	(void)condition;
	pthread_mutex_unlock(mutex);
	let_others_run();
	pthread_mutex_lock(mutex);
	return 0;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
	uint64_t until_us = (uint64_t)until->tv_sec * 1000000 + (uint64_t)until->tv_nsec / 1000;
	if (now_us >= until_us)
		return ETIMEDOUT;
	return __wrap_pthread_cond_wait(condition, mutex);
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)left;
	uint64_t until_us = now_us + (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_nsec / 1000;
	while (current != NULL && now_us < until_us)
		yield();
	return 0;
}

/* A dead holder's mutex is made anew by whoever opens the environment next; the kernel is told of none. */
int __wrap_pthread_mutexattr_setrobust(pthread_mutexattr_t *attributes, int robust);
int __wrap_pthread_mutexattr_setrobust(pthread_mutexattr_t *attributes, int robust)
{
	(void)attributes;
	(void)robust;
	return 0;
}

/* Several snapshots in one thread: here the mirror and the witnesses' asker are none of their own. */
#define ENV_NO_TLS 0x200000u
int __real_mdb_env_open(void *env, const char *path, unsigned flags, mode_t mode);
int __wrap_mdb_env_open(void *env, const char *path, unsigned flags, mode_t mode);
int __wrap_mdb_env_open(void *env, const char *path, unsigned flags, mode_t mode)
{
	return __real_mdb_env_open(env, path, flags | ENV_NO_TLS, mode);
}

/* ---- files ---- */

enum fate { FATE_DONE, FATE_FULL, FATE_FAILS, FATE_HALF, FATE_DEAD_AFTER };

/* The disk, and not a pipe or a socket. */
static bool disk_fails(int fd)
{
	struct stat info;
	if (running->failing == 0 || fstat(fd, &info) != 0 || !(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) ||
		!sim_chance(running->failing))
		return false;
	running->failed = true;
	return true;
}

/* What becomes of the call; dies if it is not even begun. A call that fails was not made, or half of it, or all. */
static enum fate fate_of_call(int fd, bool needs_room)
{
	if (running == NULL)
		return FATE_DONE;
	bool now = running->fuse == 1;
	if (running->fuse > 0 && !now)
		running->fuse--;
	if (now && running->torn == 0)
		die();
	if (now)
		return running->torn == 1 ? FATE_HALF : FATE_DEAD_AFTER;
	if (disk_fails(fd))
		return FATE_FAILS;
	return needs_room && running->full ? FATE_FULL : FATE_DONE;
}

static size_t part_of(enum fate fate, size_t len)
{
	if (fate == FATE_FAILS)
		return len * sim_pick(3) / 2;
	return fate == FATE_HALF ? (len + 1) / 2 : len;
}

/* A call that is made as a whole or not. */
static bool is_made(enum fate fate)
{
	return fate == FATE_FAILS ? sim_chance(2) : fate != FATE_HALF;
}

static ssize_t after(enum fate fate, ssize_t result)
{
	if (fate == FATE_HALF || fate == FATE_DEAD_AFTER)
		die();
	if (fate == FATE_FAILS)
		errno = EIO;
	return fate == FATE_FAILS ? -1 : result;
}

#define WRAP_PWRITE(name)                                                    \
	ssize_t __real_##name(int fd, const void *data, size_t len, off_t at);   \
	ssize_t __wrap_##name(int fd, const void *data, size_t len, off_t at);   \
	ssize_t __wrap_##name(int fd, const void *data, size_t len, off_t at)    \
	{                                                                        \
		enum fate fate = fate_of_call(fd, true);                             \
		if (fate == FATE_FULL) {                                             \
			errno = ENOSPC;                                                  \
			return -1;                                                       \
		}                                                                    \
		return after(fate, __real_##name(fd, data, part_of(fate, len), at)); \
	}

WRAP_PWRITE(pwrite)
WRAP_PWRITE(pwrite64)

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	enum fate fate = fate_of_call(fd, true);
	if (fate == FATE_FULL) {
		errno = ENOSPC;
		return -1;
	}
	return after(fate, __real_write(fd, data, part_of(fate, len)));
}

ssize_t __real_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count)
{
	enum fate fate = fate_of_call(fd, true);
	if (fate == FATE_FULL) { /* as a disk has it: a part fits */
		ssize_t n = __real_writev(fd, parts, 1);
		errno = ENOSPC;
		return count > 1 ? n : -1;
	}
	return after(fate, __real_writev(fd, parts, (int)part_of(fate, (size_t)count)));
}

/* A disk that fails to read. */
#define WRAP_READ(declaration, call)             \
	ssize_t __real_##declaration;                \
	ssize_t __wrap_##declaration;                \
	ssize_t __wrap_##declaration                 \
	{                                            \
		if (running != NULL && disk_fails(fd)) { \
			errno = EIO;                         \
			return -1;                           \
		}                                        \
		return __real_##call;                    \
	}

WRAP_READ(read(int fd, void *out, size_t len), read(fd, out, len))
WRAP_READ(pread(int fd, void *out, size_t len, off_t at), pread(fd, out, len, at))
WRAP_READ(pread64(int fd, void *out, size_t len, off_t at), pread64(fd, out, len, at))

/* Processes end here, machines do not: what was written is there. */
#define WRAP_SYNC(name)                                \
	int __wrap_##name(int fd);                         \
	int __wrap_##name(int fd)                          \
	{                                                  \
		return (int)after(fate_of_call(fd, false), 0); \
	}

WRAP_SYNC(fdatasync)
WRAP_SYNC(fsync)
WRAP_SYNC(syncfs)

#define WRAP_FTRUNCATE(name)                                                                      \
	int __real_##name(int fd, off_t len);                                                         \
	int __wrap_##name(int fd, off_t len);                                                         \
	int __wrap_##name(int fd, off_t len)                                                          \
	{                                                                                             \
		enum fate fate = fate_of_call(fd, false);                                                 \
		return (int)after(fate, is_made(fate) || fate == FATE_HALF ? __real_##name(fd, len) : 0); \
	}

WRAP_FTRUNCATE(ftruncate)
WRAP_FTRUNCATE(ftruncate64)

int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	enum fate fate = fate_of_call(from_dir, false);
	return (int)after(fate, is_made(fate) ? __real_renameat(from_dir, from, to_dir, to) : 0);
}

int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags)
{
	enum fate fate = fate_of_call(dir, false);
	return (int)after(fate, is_made(fate) ? __real_unlinkat(dir, name, flags) : 0);
}

#define WRAP_STATVFS(name)                                    \
	int __real_##name(const char *path, struct statvfs *out); \
	int __wrap_##name(const char *path, struct statvfs *out); \
	int __wrap_##name(const char *path, struct statvfs *out)  \
	{                                                         \
		int result = __real_##name(path, out);                \
		bool full = running != NULL && running->full;         \
		out->f_bavail = full ? FULL_BLOCKS_FREE : 1u << 30;   \
		return result;                                        \
	}

WRAP_STATVFS(statvfs)
WRAP_STATVFS(statvfs64)

/* ---- the network ---- */

static bool network_up;
static int waiting_fd = -1; /* the other end of a socket that is not connected yet */
static int accepted_fd = -1;
static struct machine *accepted_from;

void network_listen(bool listening)
{
	network_up = listening;
}

int network_accept(struct machine **from)
{
	int fd = accepted_fd;
	accepted_fd = -1;
	*from = accepted_from;
	return fd;
}

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol)
{
	int pair[2];
	struct stat info;
	if (running == NULL || family != AF_INET)
		return __real_socket(family, type, protocol);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0 || fstat(pair[0], &info) != 0)
		return -1;
	if (waiting_fd >= 0)
		close(waiting_fd);
	waiting_fd = pair[1];
	running->socket = info.st_ino;
	return pair[0];
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	(void)fd;
	(void)address;
	(void)len;
	int other = waiting_fd;
	waiting_fd = -1;
	if (!network_up || running->offline || accepted_fd >= 0) {
		close(other);
		errno = ECONNREFUSED;
		return -1;
	}
	accepted_fd = other;
	accepted_from = running;
	return 0;
}

int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return __real_poll(fds, count, running != NULL ? 0 : timeout_ms);
}
