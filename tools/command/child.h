/* Programs that this one starts, and that end with it. */
#pragma once

#include "ledger/base/error.h"

#include <stddef.h>
#include <sys/types.h>

#define CHILD_LINE_MAX 511u
#define CHILD_PATH_MAX 4096u

/* Invariant: `output` is -1 or a descriptor that this owns; `pid` is 0 or a process that was not waited for yet. `line`
 * is what was read of its output and is no whole line yet, so a line may come in any number of pieces. */
struct child {
	pid_t pid;  /* 0: none */
	int output; /* what it writes on stdout; does not block; -1: none */
	size_t len;
	char line[CHILD_LINE_MAX + 1];
};

#define CHILD_NONE ((struct child){.output = -1})

/* Path of a program that is installed with this one: in the directory of this one, or in `build_dir` beside that (the
 * build tree). E_NOT_FOUND. */
enum error child_find(
	const char *program, const char *build_dir, char out[CHILD_PATH_MAX], struct fault *fault) MUST_USE;
/* The citizen's page that is installed with this program, or was built beside it. False: there is none, as after a
 * build without npm. */
bool child_find_page(char out[CHILD_PATH_MAX]);
/* Path of this program itself. */
enum error child_self(char out[CHILD_PATH_MAX], struct fault *fault) MUST_USE;

/* Starts `path` with `argv`, stderr appended to the file `log` (NULL: where it goes here), stdin from /dev/null, stdout
 * to `out->output`, no signal blocked, in a process group of its own (Ctrl-C is for this program alone), and SIGTERM
 * when the thread that called this ends. */
enum error child_start(
	const char *path, char *const argv[], const char *log, struct child *out, struct fault *fault) MUST_USE;
/* The next whole line of its output, without the newline; false: none yet, or no more (then `output` is -1). A line
 * that is too long is cut. */
bool child_line(struct child *child, char out[CHILD_LINE_MAX + 1]);
/* Waits up to `timeout_ms` (-1: for ever) for output or its end; false when the time is over. */
bool child_wait_output(const struct child *child, int timeout_ms);
/* SIGTERM. To be sent once: a program that is about to end may have taken its handler down already. */
void child_stop(const struct child *child);
/* Waits up to `timeout_ms` until it is gone; true then, and where none was running. It is still to be waited for. */
bool child_ended(const struct child *child, int timeout_ms);
/* Waits until it is gone, with SIGKILL after `patience_ms`. Gives its wait status (-1: none was running). */
int child_wait(struct child *child, int patience_ms);
/* Lets go of the pipe of a child that was waited for. */
void child_forget(struct child *child);
