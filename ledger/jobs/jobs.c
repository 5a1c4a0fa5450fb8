/* A ring of places, and three numbers that only go up:
 *
 *   taken <= begun <= given <= taken + places        place n is that of job n modulo places
 *    └ the oldest      └ the next that a worker begins
 *
 * Jobs are begun in order, so what is taken next is never behind others. One mutex guards the numbers and what is done;
 * a job itself is between jobs_give and its end the worker's that has begun it, and otherwise the giver's. */
#include "ledger/jobs/jobs.h"

#include "ledger/base/thread.h"

#include <assert.h>
#include <sched.h>

struct worker {
	struct jobs *jobs;
	unsigned number;
	pthread_t thread;
};

struct jobs {
	jobs_work *work;
	void *context;
	size_t places;
	size_t job_bytes;
	uint8_t *memory;
	pthread_mutex_t mutex;
	pthread_cond_t begin; /* there is something to begin, or it ends */
	pthread_cond_t end;   /* something is done */
	uint64_t taken, begun, given;
	bool *done; /* of each place */
	bool ending;
	unsigned threads;
	struct worker workers[JOBS_WORKERS_MAX];
};

unsigned jobs_processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
	return count < 1 ? 1 : (unsigned)count < JOBS_WORKERS_MAX ? (unsigned)count : JOBS_WORKERS_MAX;
}

static void *place_of(const struct jobs *jobs, uint64_t number)
{
	return jobs->memory + number % jobs->places * jobs->job_bytes;
}

/* With the mutex held, which is let go meanwhile. */
static void work_on_next(struct jobs *jobs, unsigned worker)
{
	uint64_t number = jobs->begun++;
	pthread_mutex_unlock(&jobs->mutex);
	jobs->work(jobs->context, worker, place_of(jobs, number));
	pthread_mutex_lock(&jobs->mutex);
	jobs->done[number % jobs->places] = true;
	pthread_cond_signal(&jobs->end); /* only the giver waits for it */
}

static void *run(void *context)
{
	const struct worker *worker = context;
	struct jobs *jobs = worker->jobs;
	pthread_mutex_lock(&jobs->mutex);
	while (!jobs->ending) {
		if (jobs->begun < jobs->given)
			work_on_next(jobs, worker->number);
		else
			pthread_cond_wait(&jobs->begin, &jobs->mutex);
	}
	pthread_mutex_unlock(&jobs->mutex);
	return NULL;
}

enum error jobs_open(
	unsigned workers, jobs_work *work, void *context, size_t places, size_t job_bytes, struct jobs **out)
{
	assert(workers > 0 && workers <= JOBS_WORKERS_MAX && places > 0);
	struct jobs *jobs = calloc(1, sizeof *jobs);
	TRY(allocated(jobs));
	*jobs = (struct jobs){.work = work, .context = context, .places = places, .job_bytes = job_bytes};
	jobs->memory = calloc(places, job_bytes);
	jobs->done = calloc(places, sizeof *jobs->done);
	if (jobs->memory == NULL || jobs->done == NULL) {
		free(jobs->memory);
		free(jobs->done);
		free(jobs);
		return E_NO_MEMORY;
	}
	pthread_mutex_init(&jobs->mutex, NULL);
	pthread_cond_init(&jobs->begin, NULL);
	pthread_cond_init(&jobs->end, NULL);
	for (unsigned i = 0; i + 1 < workers; i++) {
		struct worker *worker = &jobs->workers[i];
		*worker = (struct worker){.jobs = jobs, .number = i + 1};
		if (thread_start(&worker->thread, run, worker) != 0)
			break;
		jobs->threads++;
	}
	*out = jobs;
	return E_OK;
}

void jobs_close(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	pthread_mutex_lock(&jobs->mutex);
	jobs->ending = true;
	pthread_cond_broadcast(&jobs->begin);
	pthread_mutex_unlock(&jobs->mutex);
	for (unsigned i = 0; i < jobs->threads; i++)
		pthread_join(jobs->workers[i].thread, NULL);
	pthread_cond_destroy(&jobs->end);
	pthread_cond_destroy(&jobs->begin);
	pthread_mutex_destroy(&jobs->mutex);
	free(jobs->done);
	free(jobs->memory);
	free(jobs);
}

/* `taken` and `given` are changed by the giver alone, so it may read them without the mutex. */
void *jobs_next(struct jobs *jobs)
{
	return jobs->given - jobs->taken < jobs->places ? place_of(jobs, jobs->given) : NULL;
}

void jobs_give(struct jobs *jobs)
{
	LOCKED(&jobs->mutex);
	assert(jobs->given - jobs->taken < jobs->places);
	jobs->done[jobs->given % jobs->places] = false;
	jobs->given++;
	pthread_cond_signal(&jobs->begin);
}

void *jobs_take(struct jobs *jobs)
{
	if (jobs->taken == jobs->given)
		return NULL;
	LOCKED(&jobs->mutex);
	while (!jobs->done[jobs->taken % jobs->places]) {
		if (jobs->begun < jobs->given)
			work_on_next(jobs, 0);
		else
			pthread_cond_wait(&jobs->end, &jobs->mutex);
	}
	return place_of(jobs, jobs->taken);
}

void jobs_drop(struct jobs *jobs)
{
	LOCKED(&jobs->mutex);
	assert(jobs->taken < jobs->begun);
	jobs->taken++;
}
