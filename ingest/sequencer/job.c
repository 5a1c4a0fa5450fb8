/* Who owns what on its way through the threads: a job belongs to the queue that it is in, or to the thread that took
 * it out; a seat to whoever holds a reference, since a connection may end while its jobs are under way.
 *
 * What can fail is memory alone. A queue takes and gives whole lists under its mutex, so that a thread that has much
 * to do is woken once and not for each job. Order is kept: what was put in first comes out first. A queue that is
 * closed gives out what it still has, and then says that it is over, which is how the threads end one after the
 * other. */
#include "ingest/sequencer/job.h"

#include "ledger/base/clock.h"
#include "ledger/base/thread.h"

#include <assert.h>
#include <stdatomic.h>

/* ---- seats and jobs ---- */

struct seat *seat_new(void)
{
	struct seat *seat = calloc(1, sizeof *seat);
	if (seat != NULL)
		atomic_init(&seat->references, 1);
	return seat;
}

struct seat *seat_hold(struct seat *seat)
{
	atomic_fetch_add(&seat->references, 1);
	return seat;
}

void seat_release(struct seat *seat)
{
	if (seat != NULL && atomic_fetch_sub(&seat->references, 1) == 1)
		free(seat);
}

struct job *job_new(enum job_kind kind, uint64_t connection)
{
	struct job *job = calloc(1, sizeof *job);
	if (job == NULL)
		return NULL;
	job->kind = kind;
	job->connection = connection;
	job->fault.event = FAULT_NO_EVENT;
	return job;
}

uint32_t job_events(const struct job *job)
{
	struct batch_head head;
	struct reader in = reader_of(bytes_of(job->body, job->body_bytes));
	batch_head_decode(&in, &head);
	return in.error == E_OK ? head.count : 1;
}

/* As early as it can be: a job may wait long for its tick, and the body holds a batch secret. */
void job_drop_body(struct job *job)
{
	own_wipe(job->body, job->body_bytes);
	job->body = NULL;
}

enum error job_answer(struct job *job, struct bytes answer)
{
	assert(job->receipt == NULL);
	if ((job->receipt = malloc(answer.len)) == NULL)
		return E_NO_MEMORY;
	memcpy(job->receipt, answer.data, answer.len);
	job->receipt_bytes = answer.len;
	return E_OK;
}

void job_free(struct job *job)
{
	if (job == NULL)
		return;
	job_drop_body(job);
	seat_release(job->seat);
	prepared_free(job->prepared);
	free(job->entry);
	free(job->receipt);
	free(job);
}

/* ---- queues ---- */

void queue_init(struct queue *queue)
{
	pthread_mutex_init(&queue->mutex, NULL);
	thread_cond_init(&queue->filled);
	queue->first = NULL;
	queue->last = &queue->first;
	queue->closed = false;
	queue->nudged = false;
}

/* What is left was never answered: whoever asked is gone, or will ask again. */
void queue_free(struct queue *queue)
{
	while (queue->first != NULL) {
		struct job *job = queue->first;
		queue->first = job->next;
		job_free(job);
	}
	pthread_mutex_destroy(&queue->mutex);
	pthread_cond_destroy(&queue->filled);
}

/* Woken once the queue is free: whoever waits would only wait again, for that. */
void queue_put(struct queue *queue, struct job *jobs)
{
	if (jobs == NULL)
		return;
	pthread_mutex_lock(&queue->mutex);
	*queue->last = jobs;
	while (*queue->last != NULL)
		queue->last = &(*queue->last)->next;
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_signal(&queue->filled);
}

void queue_nudge(struct queue *queue)
{
	LOCKED(&queue->mutex);
	queue->nudged = true;
	pthread_cond_signal(&queue->filled);
}

void queue_close(struct queue *queue)
{
	LOCKED(&queue->mutex);
	queue->closed = true;
	pthread_cond_broadcast(&queue->filled);
}

struct job *queue_take(struct queue *queue, int wait_ms, bool *closed)
{
	struct timespec until = clock_in((unsigned)(wait_ms > 0 ? wait_ms : 0));
	LOCKED(&queue->mutex);
	while (queue->first == NULL && !queue->closed && !queue->nudged && wait_ms != 0) {
		if (wait_ms < 0)
			pthread_cond_wait(&queue->filled, &queue->mutex);
		else if (pthread_cond_timedwait(&queue->filled, &queue->mutex, &until) == ETIMEDOUT)
			break;
	}
	struct job *jobs = queue->first;
	queue->first = NULL;
	queue->last = &queue->first;
	queue->nudged = false;
	*closed = queue->closed && jobs == NULL;
	return jobs;
}
