/* Notes are taken in memory under a mutex; the file is written on the beat alone, so for this only the network
 * thread ever waits for the disk.
 *
 * The file is made once, whole, and then written in place: on a full disk that still works, which is when it is
 * needed. One that cannot be made is tried again at each beat and told of once; one that somebody removed is made
 * anew. */
#include "ingest/sequencer/health.h"

#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/base/thread.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* `changed` is set with the mutex held and cleared by the beat that takes the status into the file; the file itself
 * is the network thread's and needs none. */
struct health {
	pthread_mutex_t mutex;
	struct status status;
	bool changed; /* and not yet in the file */
	int dir_fd;
	int fd; /* of the file, -1 until it could be made; network thread only */
	bool said;
};

enum error health_new(const char *dir, struct health **out)
{
	struct health *health = calloc(1, sizeof *health);
	TRY(allocated(health));
	pthread_mutex_init(&health->mutex, NULL);
	health->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (health->dir_fd >= 0)
		file_remove_left(health->dir_fd, STATUS_NAME);
	health->fd = -1;
	health->status.writer_ms = clock_ms();
	health->status.restarts = status_restarts();
	*out = health;
	return E_OK;
}

/* The file is removed only by the one that made it: a second daemon that could not start must not take the first
 * one's word away. */
void health_free(struct health *health)
{
	if (health == NULL)
		return;
	if (health->fd >= 0) {
		close(health->fd);
		unlinkat(health->dir_fd, STATUS_NAME, 0);
	}
	own_close(&health->dir_fd);
	pthread_mutex_destroy(&health->mutex);
	free(health);
}

bool health_set(struct health *health, enum status_reason reason, bool so)
{
	LOCKED(&health->mutex);
	bool was = health->status.since_s[reason] != 0;
	if (so != was)
		health->status.since_s[reason] = so ? (uint64_t)time(NULL) : 0;
	health->changed |= so != was;
	return so != was;
}

bool health_changed(struct health *health)
{
	LOCKED(&health->mutex);
	return health->changed;
}

void health_writer(struct health *health)
{
	LOCKED(&health->mutex);
	health->status.writer_ms = clock_ms();
}

void health_certificate(struct health *health, uint64_t ends_s)
{
	LOCKED(&health->mutex);
	health->status.certificate_s = ends_s;
	health->changed = true;
}

void health_snapshot(struct health *health, uint64_t age_s)
{
	LOCKED(&health->mutex);
	health->status.snapshot_s = age_s;
}

/* Counted by error, so that an operator sees what is refused without a line of log for each batch. */
void health_refused(struct health *health, uint32_t sender, enum error error)
{
	LOCKED(&health->mutex);
	if ((unsigned)error < STATUS_ERRORS)
		health->status.refused[error]++;
	for (size_t i = 0; i < STATUS_REFUSED_OF_MAX; i++) {
		struct status_refused *row = &health->status.refused_of[i];
		if (row->count > 0 && (row->sender != sender || row->error != error))
			continue;
		*row = (struct status_refused){sender, error, row->count + 1};
		return;
	}
}

/* The first time, and until there is room for it: a file of full size, which is then written in place. */
static void make_file(struct health *health, const uint8_t text[STATUS_BYTES])
{
	if (file_write_atomic(health->dir_fd, STATUS_NAME, bytes_of(text, STATUS_BYTES), 0644) == E_OK)
		health->fd = openat(health->dir_fd, STATUS_NAME, O_WRONLY | O_CLOEXEC);
	if (health->fd < 0 && !health->said)
		fprintf(stderr, "indsigt-ingestd: " STATUS_NAME " cannot be written; /healthz will say that ingest is away\n");
	health->said = true;
}

/* Somebody has removed it: what is written there is read by nobody. */
static void drop_removed(struct health *health)
{
	struct stat info;
	if (health->fd < 0 || (fstat(health->fd, &info) == 0 && info.st_nlink > 0))
		return;
	close(health->fd);
	health->fd = -1;
}

void health_beat(struct health *health)
{
	uint8_t text[STATUS_BYTES];
	pthread_mutex_lock(&health->mutex);
	health->status.beat_ms = clock_ms();
	health->changed = false;
	enum error error = status_encode(&health->status, text);
	pthread_mutex_unlock(&health->mutex);
	if (error != E_OK)
		return;
	drop_removed(health);
	if (health->fd < 0)
		make_file(health, text);
	else
		(void)!pwrite(health->fd, text, sizeof text, 0);
}
