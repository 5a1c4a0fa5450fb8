/* Memory for answers, of all requests together. Taken before it is used, so that what waits for its readers has a bound
 * that holds however many ask at once. Any thread. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* One answer over this is large. Large ones together leave room for small ones. */
#define ROOM_LARGE_BYTES (1u << 20)

struct room {
	pthread_mutex_t mutex;
	size_t max;       /* of all */
	size_t large_max; /* of all, for a large one to be begun or to grow */
	size_t used;
};

void room_init(struct room *room, size_t max, size_t large_max);
void room_release(struct room *room);
/* Lets `*held`, what an answer has of it, be `bytes`: false, and nothing changes, where there is not as much. Giving
 * back always succeeds. `room` NULL has no bound. */
bool room_set(struct room *room, size_t *held, size_t bytes);
/* Would it ever? */
bool room_possible(const struct room *room, size_t bytes);
