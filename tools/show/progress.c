/* For a person who waits. It goes to stderr, so that a result can be read from stdout, and only to a terminal, so that
 * a log file does not fill with it. Drawn at most ten times a second: writing to a terminal costs more than reading a
 * bundle of entries.
 *
 * There is one line, and whoever wants to write something else to the terminal takes it away first (progress_clear). */
#include "tools/show/progress.h"

#include "ledger/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INTERVAL_MS 100
#define BAR_COLUMNS 30

void progress_start(struct progress *progress, const char *what)
{
	*progress = (struct progress){.what = what, .shown = isatty(STDERR_FILENO) == 1, .start_ms = clock_ms()};
}

/* A total that is passed (the log grew meanwhile) shows as a full bar, not as more than one. */
static void draw_bar(uint64_t done, uint64_t total)
{
	char bar[BAR_COLUMNS + 1];
	double part = done < total ? (double)done / (double)total : 1;
	size_t full = (size_t)(part * BAR_COLUMNS);
	memset(bar, ' ', BAR_COLUMNS);
	memset(bar, '#', full);
	bar[BAR_COLUMNS] = '\0';
	fprintf(stderr, "[%s] %3d%%  ", bar, (int)(part * 100));
}

/* The rate is over the whole time, not the last moment: it is shown to say how long it will take. In the first second
 * it would say nothing. */
void progress_update(struct progress *progress, uint64_t done, uint64_t total)
{
	uint64_t now_ms = clock_ms();
	if (!progress->shown || (progress->drawn && now_ms - progress->drawn_ms < INTERVAL_MS))
		return;
	double seconds = (double)(now_ms - progress->start_ms) / 1000;
	fputs("\r\033[K", stderr);
	if (total > 0)
		draw_bar(done, total);
	fprintf(stderr, "%" PRIu64 " %s", done, progress->what);
	if (seconds >= 1)
		fprintf(stderr, ", %.0f/s", (double)done / seconds);
	fflush(stderr);
	progress->drawn = true;
	progress->drawn_ms = now_ms;
}

void progress_clear(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}
