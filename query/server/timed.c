/* What waits is few: a list, looked through when the timer is due, which is set for the first of it. The timer is the
 * kernel's own: the loop's are of whole milliseconds, and round up from when they were set, which tells when that was.
 */
#include "query/server/timed.h"

#include "ledger/base/clock.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct waiting {
	struct waiting *next;
	struct work *work;
	uint64_t due_us;
};

struct timed {
	int timer_fd;
	struct event *timer;
	void (*due)(void *context, struct work *work);
	void (*release)(struct work *work);
	void *context;
	struct waiting *first; /* by due_us, ascending */
};

/* A time that has passed is due at once. */
static void set_timer(const struct timed *timed)
{
	if (timed->first == NULL)
		return;
	const uint64_t due_us = timed->first->due_us;
	const struct itimerspec due = {
		.it_value = {.tv_sec = (time_t)(due_us / 1000000), .tv_nsec = (long)(due_us % 1000000 * 1000)}};
	timerfd_settime(timed->timer_fd, TFD_TIMER_ABSTIME, &due, NULL);
}

static void on_timer(evutil_socket_t fd, short events, void *context)
{
	uint64_t times;
	(void)events;
	struct timed *timed = context;
	if (read(fd, &times, sizeof times) < 0) /* set anew meanwhile */
		return;
	while (timed->first != NULL && timed->first->due_us <= clock_us()) {
		struct waiting *waiting = timed->first;
		timed->first = waiting->next;
		timed->due(timed->context, waiting->work);
		free(waiting);
	}
	set_timer(timed);
}

enum error timed_new(struct event_base *base, void (*due)(void *context, struct work *work), void *context,
	void (*release)(struct work *work), struct timed **out)
{
	OWNED(timed_release) struct timed *timed = calloc(1, sizeof *timed);
	TRY(allocated(timed));
	timed->due = due;
	timed->context = context;
	timed->release = release;
	timed->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timed->timer_fd < 0)
		return E_IO;
	timed->timer = event_new(base, timed->timer_fd, EV_READ | EV_PERSIST, on_timer, timed);
	if (timed->timer == NULL || event_add(timed->timer, NULL) != 0)
		return E_NO_MEMORY;
	*out = OWN_TAKE(timed);
	return E_OK;
}

/* Without memory it goes out at once: that tells less than no answer to one of them would. */
void timed_add(struct timed *timed, struct work *work, uint64_t begun_us)
{
	const uint64_t step_us = HTTP_TIMED_MS * 1000ull;
	struct waiting *waiting = malloc(sizeof *waiting);
	if (waiting == NULL) {
		timed->due(timed->context, work);
		return;
	}
	struct waiting **place = &timed->first;
	waiting->work = work;
	waiting->due_us = begun_us + ((clock_us() - begun_us) / step_us + 1) * step_us;
	while (*place != NULL && (*place)->due_us <= waiting->due_us)
		place = &(*place)->next;
	waiting->next = *place;
	*place = waiting;
	set_timer(timed);
}

void timed_free(struct timed *timed)
{
	while (timed->first != NULL) {
		struct waiting *waiting = timed->first;
		timed->first = waiting->next;
		timed->release(waiting->work);
		free(waiting);
	}
	if (timed->timer != NULL)
		event_free(timed->timer);
	if (timed->timer_fd >= 0)
		close(timed->timer_fd);
	free(timed);
}
