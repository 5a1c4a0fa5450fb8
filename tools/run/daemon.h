/* One process that 'indsigt serve' keeps running.
 *
 *   STARTING ──"listening ADDRESS"──► RUNNING ──died──► WAITING ──back-off over──► STARTING
 *      │ died before it ever listened                     ▲                          │
 *      ▼                                                  └───────────died───────────┘
 *    serve ends, unless it could not look: that is tried again for a while (a disk, memory, an address still taken),
 *    and said once */
#pragma once

#include "tools/command/child.h"

#include <inttypes.h>
#include <stdbool.h>

#define DAEMON_EXTRA_MAX 16
#define DAEMON_FIRST_START_MS 10000u /* how long a first start that could not look is tried again */

enum daemon_state { STATE_STARTING, STATE_RUNNING, STATE_WAITING };

/* Invariant: in STATE_WAITING no process is there, in the others there is one; `address` is what was asked for until
 * the daemon has said what it became, and that ever after. */
struct daemon {
	const char *program;
	const char *build_dir;
	char path[CHILD_PATH_MAX];
	char address[CHILD_LINE_MAX + 1]; /* asked for, then the real one */
	const char *command;              /* NULL for a daemon; else its program's */
	bool wanted;
	const char *extra[DAEMON_EXTRA_MAX]; /* what it is called with, behind what each is; ended by NULL */
	enum daemon_state state;
	bool listened; /* once, at least */
	bool waits;    /* it has said that it waits, for witnesses or for room, before it signs anything */
	bool tried;    /* it ended before it ever listened, and is tried again */
	bool refused;  /* no process could be made for it the last time */
	bool reloads;  /* it was told to end, so that it begins anew with what there is then */
	char reason[CHILD_LINE_MAX + 1]; /* it ended for the last time */
	uint64_t restarts;
	int exit_code; /* of one that never came to listen: it is what 'serve' ends with, too */
	struct child child;
	uint64_t first_ms; /* when it was started for the first time */
	uint64_t started_ms;
	uint64_t again_ms; /* WAITING: when to start it */
	uint32_t backoff_ms;
};

/* Where its program is. E_NOT_FOUND. */
enum error daemon_find(struct daemon *daemon, struct fault *fault) MUST_USE;
/* Starts it with `argv`, ended by NULL. What cannot be done now (no process, no memory, no descriptor) is said once and
 * waited for: it comes back. */
void daemon_start(struct daemon *daemon, const char *const argv[]);
/* It said why it ends: "ended REASON". While it has never listened, the same reason is told once. */
bool daemon_is_end(struct daemon *daemon, const char *line);
/* It has ended, with that wait status: WAITING then. Else what ends everything: a store that was put back
 * (E_ROLLED_BACK); one that never came to listen (E_USAGE, E_STOPPED), unless it could not look or was told to end. */
enum error daemon_ended(struct daemon *daemon, int status, struct fault *fault) MUST_USE;
/* After child_stop: waits until it is gone, and says whether it ended cleanly. E_STOPPED. */
enum error daemon_wait_for_end(struct daemon *daemon, struct fault *fault) MUST_USE;
