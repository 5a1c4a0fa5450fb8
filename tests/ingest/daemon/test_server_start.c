/* The start of ingestd when the kernel refuses an event: it says so and ends, or it runs whole. Never is there one that
 * runs and hears nobody, or that no signal ends. */
#include "ingest/daemon/server.h"
#include "tests/lib/fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fixture f;
static int ends[2];
static int refused_at; /* the call of epoll_ctl, from 1 on, that finds no room; 0: none */
static int calls;

/* libevent's calls come here. */
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	if (++calls == refused_at) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

static void listening(const char *address)
{
	(void)address;
	refused_at = 0;
	ck_assert_int_eq(write(ends[1], "l", 1), 1);
}

/* What the child says: 'l' when it listens, 'e' when it ends with a sentence. */
static pid_t start(char *said)
{
	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		struct fault fault = {.text = ""};
		struct server_options options = {.dir = f.dir,
			.listen = "127.0.0.1:0",
			.epoch_seconds = 1,
			.frame_timeout_ms = 1000,
			.write_timeout_ms = 1000,
			.connections_max = 4};
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fixture_open(&f);
		ck_ok(address_bind(options.listen, &options.bound, &options.address, &fault));
		enum error error = server_run(f.ledger, &options, listening, &fault);
		if (error != E_OK && fault.text[0] != '\0')
			ck_assert_int_eq(write(ends[1], "e", 1), 1);
		fixture_close(&f);
		_exit(error == E_OK ? 0 : 1);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], said, 1), 1);
	close(ends[0]);
	return child;
}

START_TEST(it_runs_whole_or_says_why)
{
	bool any = false;
	fixture_make(&f);
	fixture_close(&f);
	for (refused_at = 1; refused_at < 12; refused_at++) {
		char said = 0;
		int status = 0;
		calls = 0;
		pid_t child = start(&said);
		any |= said == 'e';
		if (said == 'l')
			ck_assert_int_eq(kill(child, SIGTERM), 0);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == (said == 'l' ? 0 : 1), "call %d: status %x",
			refused_at, (unsigned)status);
	}
	ck_assert(any);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("server_start", it_runs_whole_or_says_why)
