/* A program must not outlive the one that started it: the kernel is asked to end it (PR_SET_PDEATHSIG), and it ends
 * itself if that came too late, with its parent gone already. Its output comes through a pipe that does not block, so
 * that one poll() can wait for several; it is waited for through a pidfd, because waitpid knows no limit of time. */
#include "tools/command/child.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define WAIT_TRIES 1000 /* whatever the system is, this program ends */

/* The path as the kernel knows it, not argv[0], which is whatever the caller says and may be relative to another
 * directory by now. A path that fills the buffer may have been cut, so it counts as unreadable. */
enum error child_self(char out[CHILD_PATH_MAX], struct fault *fault)
{
	ssize_t len = readlink("/proc/self/exe", out, CHILD_PATH_MAX - 1);
	if (len <= 0 || (size_t)len >= CHILD_PATH_MAX - 1)
		return fault_set(fault, E_IO, "/proc/self/exe cannot be read: %m; is /proc mounted?");
	out[len] = '\0';
	return E_OK;
}

/* In PATH another version might stand first; a daemon and the command that starts it belong together, so it is looked
 * for beside this program, and, for who runs from the build tree, where that puts it. */
enum error child_find(const char *program, const char *build_dir, char out[CHILD_PATH_MAX], struct fault *fault)
{
	char self[CHILD_PATH_MAX];
	TRY(child_self(self, fault));
	*strrchr(self, '/') = '\0';
	int len = snprintf(out, CHILD_PATH_MAX, "%s/%s", self, program);
	if (len < (int)CHILD_PATH_MAX && access(out, X_OK) == 0)
		return E_OK;
	len = snprintf(out, CHILD_PATH_MAX, "%s/../%s/%s", self, build_dir, program);
	if (len < (int)CHILD_PATH_MAX && access(out, X_OK) == 0)
		return E_OK;
	return fault_set(fault, E_NOT_FOUND, "%s is not beside this program in %s; install both together", program, self);
}

bool child_find_page(char out[CHILD_PATH_MAX])
{
	static const char *const places[] = {"../share/indsigt/web", "../query/web"};
	char self[CHILD_PATH_MAX];
	if (child_self(self, NULL) != E_OK)
		return false;
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		int len = snprintf(out, CHILD_PATH_MAX, "%s/%s", self, places[i]);
		if (len < (int)CHILD_PATH_MAX && file_is_there(out, "index.html"))
			return true;
	}
	return false;
}

/* Between fork and exec nothing may be called that takes a lock or memory: another thread may have held it. What fails
 * here ends the child with a status that the parent takes for a start that did not come off. */
static _Noreturn void become(const char *path, char *const argv[], const char *log, int output, pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);
	int errors = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : STDERR_FILENO;
	sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
		dup2(output, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0 ||
		sigprocmask(SIG_SETMASK, &none, NULL) != 0 || setpgid(0, 0) != 0)
		_exit(1);
	close(null);
	execv(path, argv);
	fprintf(stderr, "indsigt: %s cannot be started: %m\n", path);
	_exit(1);
}

/* The end of the pipe tells a reader that the child has gone, also where it was killed. */
enum error child_start(const char *path, char *const argv[], const char *log, struct child *out, struct fault *fault)
{
	int ends[2];
	pid_t parent = getpid();
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fault_set(fault, E_IO, "no pipe can be made: %m");
	pid_t pid = fork();
	if (pid == 0)
		become(path, argv, log, ends[1], parent);
	close(ends[1]);
	if (pid < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
		close(ends[0]);
		return fault_set(fault, E_IO, "no process can be started: %m");
	}
	*out = (struct child){.pid = pid, .output = ends[0]};
	return E_OK;
}

/* Cuts the first line off what was read. */
static bool take_line(struct child *child, char out[CHILD_LINE_MAX + 1])
{
	assert(child->len <= CHILD_LINE_MAX);
	const char *end = memchr(child->line, '\n', child->len);
	if (end == NULL && child->len < CHILD_LINE_MAX)
		return false;
	size_t len = end ? (size_t)(end - child->line) : child->len;
	size_t used = end ? len + 1 : len;
	memcpy(out, child->line, len);
	out[len] = '\0';
	memmove(child->line, child->line + used, child->len - used);
	child->len -= used;
	return true;
}

bool child_line(struct child *child, char out[CHILD_LINE_MAX + 1])
{
	while (!take_line(child, out)) {
		if (child->output < 0)
			return false;
		ssize_t n = read(child->output, child->line + child->len, CHILD_LINE_MAX - child->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0) {
			own_close_now(&child->output);
			return false;
		}
		child->len += (size_t)n;
	}
	return true;
}

static int wait_readable(int fd, int timeout_ms)
{
	struct pollfd waited = {.fd = fd, .events = POLLIN};
	int ready;
	do
		ready = poll(&waited, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	return ready;
}

bool child_wait_output(const struct child *child, int timeout_ms)
{
	return wait_readable(child->output, timeout_ms) != 0;
}

/* A process as a file descriptor, so that its end can be waited for with a limit. glibc 2.36 is the first with a name
 * for it that older systems lack. */
static bool ended_within(pid_t pid, int timeout_ms)
{
	OWNED_FD fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd >= 0 && wait_readable(fd, timeout_ms) > 0;
}

void child_stop(const struct child *child)
{
	if (child->pid > 0)
		(void)kill(child->pid, SIGTERM);
}

/* SIGKILL cannot be refused, but a process that hangs in the kernel (a disk that does not answer) ends only when that
 * lets go of it. Then this waits as well: to leave it behind would leave the store's lock behind. */
bool child_ended(const struct child *child, int timeout_ms)
{
	return child->pid <= 0 || ended_within(child->pid, timeout_ms);
}

int child_wait(struct child *child, int patience_ms)
{
	int status = -1;
	if (child->pid <= 0)
		return status;
	if (!ended_within(child->pid, patience_ms))
		(void)kill(child->pid, SIGKILL);
	for (unsigned tries = 0; waitpid(child->pid, &status, 0) < 0 && errno == EINTR && tries < WAIT_TRIES; tries++)
		continue;
	child_forget(child);
	return status;
}

void child_forget(struct child *child)
{
	own_close_now(&child->output);
	*child = CHILD_NONE;
}
