/* A progress bar on stderr, where that is a terminal; nothing elsewhere. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "entries": what is counted */
	bool shown;       /* stderr is a terminal */
	bool drawn;       /* there is a line to take away */
	uint64_t start_ms;
	uint64_t drawn_ms;
};

/* `what` is borrowed. */
void progress_start(struct progress *progress, const char *what);
/* As often as one likes: it is drawn at most ten times a second. `total` 0: not known. */
void progress_update(struct progress *progress, uint64_t done, uint64_t total);
/* Takes the line away, so that something else can be written; the next update draws it again. */
void progress_clear(struct progress *progress);
