/* Two lists and a lock. The eventfd says only that something is done, not what: the loop takes all there is, so a wake
 * that is lost in another, or one too many, does no harm.
 *
 * Invariant: a piece of work is in `todo`, in a thread's hands, in `later`, with somebody it waits for or in `done`, in
 * one of them. Stopping leaves the lists as they are, for workers_free. Signals are for the loop. */
#include "query/server/workers.h"

#include "ledger/base/thread.h"
#include "ledger/process/process.h"

#include <sys/eventfd.h>

struct works {
	struct work *first;
	struct work **last;
};

struct workers {
	work_function *function;
	void *context;
	int wake_fd;
	uint32_t count;
	uint32_t started;
	pthread_t threads[WORKERS_MAX];

	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t more;
	struct works todo;
	struct works done;
	struct works later;
	uint64_t wakes; /* how often */
	bool stopping;
};

static void push(struct works *works, struct work *work)
{
	work->next = NULL;
	*works->last = work;
	works->last = &work->next;
}

static struct work *take_all(struct works *works)
{
	struct work *first = works->first;
	works->first = NULL;
	works->last = &works->first;
	return first;
}

/* Under the lock, and only where there is something. */
static struct work *pop(struct works *works)
{
	struct work *work = works->first;
	works->first = work->next;
	if (works->first == NULL)
		works->last = &works->first;
	return work;
}

/* Under the lock. Where there was something already the loop was told of that, and takes all there is. */
static void push_done(struct workers *workers, struct work *work)
{
	bool tell = workers->done.first == NULL;
	push(&workers->done, work);
	if (tell)
		eventfd_write(workers->wake_fd, 1); /* fails only where it is full, and then the loop is awake */
}

void workers_done(struct workers *workers, struct work *work)
{
	pthread_mutex_lock(&workers->lock);
	push_done(workers, work);
	pthread_mutex_unlock(&workers->lock);
}

static void *work_on(void *context)
{
	struct workers *workers = context;
	pthread_mutex_lock(&workers->lock);
	for (;;) {
		while (!workers->stopping && workers->todo.first == NULL)
			pthread_cond_wait(&workers->more, &workers->lock);
		if (workers->stopping)
			break;
		struct work *work = pop(&workers->todo);
		const uint64_t wakes = workers->wakes;
		pthread_mutex_unlock(&workers->lock);
		enum work_end end = workers->function(workers->context, work);
		process_wipe_traces(); /* who asked, and what the answer was */
		pthread_mutex_lock(&workers->lock);
		if (end == WORK_LATER) /* woken meanwhile: what it waits for may be there */
			push(workers->wakes != wakes ? &workers->todo : &workers->later, work);
		else if (end == WORK_DONE)
			push_done(workers, work);
	}
	pthread_mutex_unlock(&workers->lock);
	return NULL;
}

enum error workers_new(
	uint32_t count, work_function *function, void *context, struct workers **out, struct fault *fault)
{
	struct workers *workers = calloc(1, sizeof *workers);
	TRY(fault_set(fault, allocated(workers), ""));
	workers->function = function;
	workers->context = context;
	workers->count = count < WORKERS_MAX ? count : WORKERS_MAX;
	workers->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	workers->todo.last = &workers->todo.first;
	workers->done.last = &workers->done.first;
	workers->later.last = &workers->later.first;
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->more, NULL);
	*out = workers;
	return workers->wake_fd >= 0 ? E_OK : fault_set(fault, E_IO, "the event loop cannot be made: %m");
}

enum error workers_start(struct workers *workers, struct fault *fault)
{
	int failed = 0;
	while (workers->started < workers->count && failed == 0) {
		failed = thread_start(&workers->threads[workers->started], work_on, workers);
		workers->started += failed == 0;
	}
	return failed == 0 ? E_OK : fault_set(fault, E_IO, "a thread cannot be made: %s", strerror(failed));
}

void workers_stop(struct workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	workers->stopping = true;
	pthread_cond_broadcast(&workers->more);
	pthread_mutex_unlock(&workers->lock);
	for (; workers->started > 0; workers->started--)
		pthread_join(workers->threads[workers->started - 1], NULL);
}

static void release_all(struct work *work, void (*release)(struct work *work))
{
	while (work != NULL) {
		struct work *next = work->next;
		release(work);
		work = next;
	}
}

/* The threads have ended, so nobody holds the lock. */
void workers_free(struct workers *workers, void (*release)(struct work *work))
{
	release_all(take_all(&workers->todo), release);
	release_all(take_all(&workers->done), release);
	release_all(take_all(&workers->later), release);
	own_close(&workers->wake_fd);
	pthread_cond_destroy(&workers->more);
	pthread_mutex_destroy(&workers->lock);
	free(workers);
}

void workers_give(struct workers *workers, struct work *work)
{
	pthread_mutex_lock(&workers->lock);
	push(&workers->todo, work);
	pthread_cond_signal(&workers->more);
	pthread_mutex_unlock(&workers->lock);
}

void workers_wake(struct workers *workers)
{
	LOCKED(&workers->lock);
	workers->wakes++;
	if (workers->later.first == NULL)
		return;
	*workers->todo.last = workers->later.first;
	workers->todo.last = workers->later.last;
	(void)take_all(&workers->later);
	pthread_cond_broadcast(&workers->more);
}

void workers_tell(struct workers *workers)
{
	eventfd_write(workers->wake_fd, 1);
}

int workers_fd(const struct workers *workers)
{
	return workers->wake_fd;
}

struct work *workers_take(struct workers *workers)
{
	eventfd_t count;
	eventfd_read(workers->wake_fd, &count); /* empty or not, the list is looked at */
	pthread_mutex_lock(&workers->lock);
	struct work *first = take_all(&workers->done);
	pthread_mutex_unlock(&workers->lock);
	return first;
}
