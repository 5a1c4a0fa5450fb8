/* One reading is judged under the mutex by the newest time that is known to be good. The file of the operator is read
 * only when a reading would be refused without it, each time, so that a confirmation helps without a restart. A file
 * that cannot be read confirms nothing, and the refusal says so. Only good readings are remembered: one bad one must
 * not vouch for the next. */
#include "ledger/write/wall_clock.h"

#include "ledger/base/file.h"
#include "ledger/base/limits.h"
#include "ledger/base/own.h"
#include "ledger/text/timestamp.h"

#include <time.h>

#define CLOCK_NAME "clock"

void wall_clock_init(struct wall_clock *clock, int dir_fd)
{
	*clock = (struct wall_clock){.dir_fd = dir_fd};
	pthread_mutex_init(&clock->mutex, NULL);
}

void wall_clock_destroy(struct wall_clock *clock)
{
	pthread_mutex_destroy(&clock->mutex);
}

void wall_clock_follow(struct wall_clock *clock, uint64_t log_s)
{
	pthread_mutex_lock(&clock->mutex);
	clock->log_s = log_s;
	pthread_mutex_unlock(&clock->mutex);
}

bool wall_clock_good(uint64_t now_s, uint64_t known_s, uint64_t confirmed_s)
{
	if (now_s <= known_s || now_s - known_s <= CLOCK_JUMP_SECONDS_MAX)
		return true;
	/* One time was confirmed, not all that lie before it. */
	uint64_t apart_s = now_s > confirmed_s ? now_s - confirmed_s : confirmed_s - now_s;
	return confirmed_s != 0 && apart_s <= CLOCK_JUMP_SECONDS_MAX;
}

enum error wall_clock_confirmed(int dir_fd, uint64_t *out_s)
{
	OWNED_MEMORY uint8_t *text = NULL;
	size_t len = 0;
	int64_t time_ns = 0;
	enum error error = file_read_all(dir_fd, CLOCK_NAME, TIMESTAMP_TEXT_MAX + 1, &text, &len);
	if (error != E_OK)
		return error == E_TOO_LONG ? E_BAD_VALUE : error;
	if (len == 0 || text[len - 1] != '\n' || timestamp_parse(bytes_of(text, len - 1), &time_ns) != E_OK)
		return E_BAD_VALUE;
	*out_s = (uint64_t)(time_ns / 1000000000);
	return E_OK;
}

enum error wall_clock_confirm(int dir_fd, uint64_t now_s)
{
	char text[TIMESTAMP_TEXT_MAX + 1];
	timestamp_format_s(now_s, text);
	strcat(text, "\n");
	return file_write_atomic(dir_fd, CLOCK_NAME, bytes_text(text), 0644);
}

static enum error refuse(uint64_t now_s, uint64_t log_s, bool unreadable, struct fault *fault)
{
	char now[TIMESTAMP_TEXT_MAX];
	char log[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(now_s, now);
	timestamp_format_s(log_s, log);
	return fault_set(fault, E_CLOCK,
		"the clock says %s, over %u days after the log's time (%s), and nothing is signed; set the clock right, or%s "
		"confirm it with 'indsigt clock DIR --confirm'",
		now, CLOCK_JUMP_SECONDS_MAX / 86400, log, unreadable ? " (the file 'clock' cannot be read)" : "");
}

enum error wall_clock_now(struct wall_clock *clock, uint64_t *out_s, struct fault *fault)
{
	time_t now = time(NULL);
	uint64_t now_s = now > 0 ? (uint64_t)now : 0;
	uint64_t confirmed_s = 0;
	enum error read = E_OK;
	pthread_mutex_lock(&clock->mutex);
	uint64_t log_s = clock->log_s;
	uint64_t known_s = clock->seen_s > log_s ? clock->seen_s : log_s;
	bool good = log_s == 0 || wall_clock_good(now_s, known_s, 0);
	if (!good) {
		read = wall_clock_confirmed(clock->dir_fd, &confirmed_s);
		good = wall_clock_good(now_s, known_s, confirmed_s);
	}
	if (good && now_s > clock->seen_s)
		clock->seen_s = now_s;
	pthread_mutex_unlock(&clock->mutex);
	if (!good)
		return refuse(now_s, log_s, read != E_OK && read != E_NOT_FOUND, fault);
	*out_s = now_s > log_s ? now_s : log_s;
	return E_OK;
}
