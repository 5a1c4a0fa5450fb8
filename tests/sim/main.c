/* sim [--seed N | --seeds A..B] [--steps N] [--verbose]: runs the seeds, each in a process of its own. TAP. */
#include "tests/sim/sim.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINES 48
#define SEED_S_MAX 120 /* of real time, on a machine that is busy */

static bool verbose;
static uint64_t seed;
static char place[64];
static char said[LINES][256];
static unsigned said_count;

const char *sim_place(void)
{
	return place;
}

static void put_line(const char *text)
{
	uint64_t us = sim_now_us();
	snprintf(said[said_count++ % LINES], sizeof said[0], "%lu.%03u %s", (unsigned long)(us / 1000000 % 10000000),
		(unsigned)(us / 1000 % 1000), text);
	if (verbose)
		printf("# %s\n", said[(said_count - 1) % LINES]);
}

void sim_say(const char *format, ...)
{
	char text[224];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	put_line(text);
}

void sim_fail(const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	for (unsigned i = verbose || said_count < LINES ? 0 : said_count - LINES; !verbose && i < said_count; i++)
		printf("# %s\n", said[i % LINES]);
	printf("# seed %lu: %s\n", (unsigned long)seed, text);
	fflush(stdout);
	syscall(SYS_exit_group, 1);
	__builtin_unreachable();
}

void sim_shell(const char *format, ...)
{
	char command[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(command, sizeof command, format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		sim_fail("%s", command);
}

/* What the project's code says to people. */
static ssize_t hear(void *cookie, const char *data, size_t len)
{
	(void)cookie;
	int n = (int)(len > 200 ? 200 : len);
	while (n > 0 && data[n - 1] == '\n')
		n--;
	if (n > 0)
		sim_say("  %.*s", n, data);
	bool may = memmem(data, len, "the clock says", 14) != NULL || memmem(data, len, "make room", 9) != NULL;
	if (memmem(data, len, "ALARM", 5) != NULL && !may)
		sim_fail("an alarm: %.*s", n, data);
	return (ssize_t)len;
}

static _Noreturn void run_seed(unsigned steps)
{
	alarm(SEED_S_MAX);
	FILE *ears = fopencookie(NULL, "w", (cookie_io_functions_t){.write = hear});
	setvbuf(ears, NULL, _IOLBF, 0);
	stderr = ears;
	sim_seed(seed);
	schedule_run(steps);
	fflush(stdout);
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

static bool seed_holds(unsigned steps)
{
	int status = 0;
	const char *base = getenv("TMPDIR");
	char command[96];
	snprintf(place, sizeof place, "%s/indsigt-sim-XXXXXX", base != NULL ? base : "/tmp");
	if (mkdtemp(place) == NULL)
		sim_fail("no place in %s", base);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		run_seed(steps);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		sim_fail("no process");
	if (WIFSIGNALED(status))
		printf("# seed %lu: ended by signal %d\n", (unsigned long)seed, WTERMSIG(status));
	snprintf(command, sizeof command, "rm -rf %s", place);
	(void)!system(command);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"seed", required_argument, NULL, 's'},
		{"seeds", required_argument, NULL, 'r'}, {"steps", required_argument, NULL, 'n'},
		{"verbose", no_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
	unsigned long first = 1, last = 50;
	unsigned steps = 300, failed = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 's')
			first = last = strtoul(optarg, NULL, 10);
		else if (option == 'n')
			steps = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'v')
			verbose = true;
		else if (option != 'r' || sscanf(optarg, "%lu..%lu", &first, &last) != 2)
			return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%lu\n", last - first + 1);
	for (seed = first; seed <= last; seed++) {
		bool holds = seed_holds(steps);
		failed += !holds;
		printf("%sok %lu - seed %lu\n", holds ? "" : "not ", (unsigned long)(seed - first + 1), (unsigned long)seed);
		fflush(stdout);
	}
	return failed > 0;
}
