/* The first restart is at once, so that senders hardly notice; what keeps dying is started less and less often. */
#include "tools/run/daemon.h"

#include "ledger/base/clock.h"
#include "ledger/process/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define BACKOFF_MS_FIRST 50u
#define BACKOFF_MS_RUNNING 500u /* the most after a daemon that came to listen: back within a second, always */
#define BACKOFF_MS_MAX 5000u    /* the most after one that did not, or a command that gave up by itself */
#define STEADY_MS 10000u        /* a daemon that lived this long is well: its next restart is at once */
#define PATIENCE_MS 30000       /* for a daemon to end cleanly */

enum error daemon_find(struct daemon *daemon, struct fault *fault)
{
	bool beside = daemon->command == NULL || daemon->build_dir != NULL;
	return beside ? child_find(daemon->program, daemon->build_dir, daemon->path, fault)
				  : child_self(daemon->path, fault);
}

/* ---- starting ---- */

/* A first start that fails is tried until DAEMON_FIRST_START_MS is over, and then once more: what was in the way may go
 * at the last moment. */
static void wait_for_start(struct daemon *daemon, uint64_t now_ms)
{
	daemon->state = STATE_WAITING;
	daemon->again_ms = now_ms + daemon->backoff_ms;
	daemon->backoff_ms = daemon->backoff_ms == 0 ? BACKOFF_MS_FIRST : daemon->backoff_ms * 2;
	if (daemon->backoff_ms > BACKOFF_MS_MAX)
		daemon->backoff_ms = BACKOFF_MS_MAX;
	uint64_t last_ms = daemon->first_ms + DAEMON_FIRST_START_MS;
	if (!daemon->listened && now_ms < last_ms && daemon->again_ms > last_ms)
		daemon->again_ms = last_ms;
}

/* Told through the environment how often it was started again, so that the daemon itself can say so to a monitor. */
static enum error start(struct daemon *daemon, const char *const argv[], struct fault *fault)
{
	char restarts[32];
	snprintf(restarts, sizeof restarts, "%" PRIu64, daemon->restarts);
	daemon->state = STATE_STARTING;
	daemon->started_ms = clock_ms();
	if (daemon->first_ms == 0)
		daemon->first_ms = daemon->started_ms;
	setenv(PROCESS_RESTARTS, restarts, true);
	enum error error = child_start(daemon->path, (char *const *)(uintptr_t)argv, NULL, &daemon->child, fault);
	unsetenv(PROCESS_RESTARTS); /* nobody keeps this one */
	return error;
}

void daemon_start(struct daemon *daemon, const char *const argv[])
{
	struct fault fault;
	bool again = daemon->refused;
	daemon->refused = start(daemon, argv, &fault) != E_OK;
	if (!daemon->refused)
		return;
	if (!again)
		fprintf(stderr, "indsigt: %s cannot be started: %s; trying again\n", daemon->program, fault.text);
	daemon->child = CHILD_NONE;
	wait_for_start(daemon, clock_ms());
}

/* ---- ending ---- */

bool daemon_is_end(struct daemon *daemon, const char *line)
{
	static const char word[] = "ended ";
	const char *reason = line + sizeof word - 1;
	if (strncmp(line, word, sizeof word - 1) != 0)
		return false;
	if (daemon->listened || strcmp(daemon->reason, reason) != 0)
		fprintf(stderr, "%s: %s\n", daemon->program, reason);
	strcpy(daemon->reason, reason);
	return true;
}

static const char *how_it_ended(int status)
{
	return WIFSIGNALED(status) ? "by signal" : "with status";
}

static int number_it_ended(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

enum error daemon_ended(struct daemon *daemon, int status, struct fault *fault)
{
	uint64_t now_ms = clock_ms();
	const char *how = how_it_ended(status);
	int number = number_it_ended(status);
	bool typed_here = daemon->command == NULL;       /* what it is called with; a command's is in a file */
	bool gave_up = !typed_here && WIFEXITED(status); /* its sender is revoked, say: that lasts */
	child_forget(&daemon->child);
	if (WIFEXITED(status) && number == EXIT_ROLLED_BACK)
		return fault_set(fault, E_ROLLED_BACK,
			"ALARM: witnesses hold more of this log than the store does; an old store was put back, and nothing is "
			"served from it; see 'indsigt help recovery'");
	daemon->exit_code = WIFEXITED(status) ? number : 0;
	bool may_pass = WIFEXITED(status) && number == EXIT_NOT_LOOKED && now_ms - daemon->first_ms < DAEMON_FIRST_START_MS;
	if (!daemon->listened && !may_pass && !daemon->reloads) /* or it was told to, and is not to blame */
		return fault_set(fault, WIFEXITED(status) && number == EXIT_USAGE && typed_here ? E_USAGE : E_STOPPED,
			"%s did not start (it ended %s %d)", daemon->program, how, number);
	if (daemon->state == STATE_RUNNING && now_ms - daemon->started_ms >= STEADY_MS)
		daemon->backoff_ms = 0;
	else if (daemon->state == STATE_RUNNING && !gave_up && daemon->backoff_ms > BACKOFF_MS_RUNNING)
		daemon->backoff_ms = BACKOFF_MS_RUNNING;
	if (daemon->reloads) /* perhaps by the signal, before it was ready for one */
		daemon->backoff_ms = 0;
	else if (daemon->listened)
		fprintf(stderr, "indsigt: %s ended %s %d and is started again (restart %" PRIu64 ")\n", daemon->program, how,
			number, ++daemon->restarts);
	else if (!daemon->tried)
		fprintf(stderr, "indsigt: %s did not start; trying for %u s\n", daemon->program, DAEMON_FIRST_START_MS / 1000);
	daemon->tried |= !daemon->reloads; /* it is said once */
	daemon->reloads = false;
	wait_for_start(daemon, now_ms);
	return E_OK;
}

/* One that has not come to listen yet may still die of the signal itself; there is nothing to finish in it. */
static bool ended_well(const struct daemon *daemon, int status)
{
	bool waits = daemon->command && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PARTLY; /* in its spool */
	return status <= 0 || waits ||
		   (daemon->state == STATE_STARTING && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* It may say why it ends. That it is gone is seen by the process and not by the end of its output, which somebody else
 * may hold open; the few lines that it said are in the pipe then. */
static int gone(struct daemon *daemon)
{
	char line[CHILD_LINE_MAX + 1];
	(void)child_ended(&daemon->child, PATIENCE_MS);
	while (child_line(&daemon->child, line))
		(void)daemon_is_end(daemon, line);
	return child_wait(&daemon->child, 0);
}

enum error daemon_wait_for_end(struct daemon *daemon, struct fault *fault)
{
	int status = gone(daemon);
	return ended_well(daemon, status)
			   ? E_OK
			   : fault_set(fault, E_STOPPED, "%s did not end cleanly but %s %d; 'indsigt audit' says if all is well",
					 daemon->program, how_it_ended(status), number_it_ended(status));
}
