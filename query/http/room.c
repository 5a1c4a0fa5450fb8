/* Counts, and holds nothing. The limit for large answers, which may be lower than that for all, is over what all have
 * together: so however many large ones wait, there is room for a small one.
 *
 * Invariant: `used` is the sum of what all answers hold. */
#include "query/http/room.h"

#include <assert.h>

void room_init(struct room *room, size_t max, size_t large_max)
{
	*room = (struct room){.max = max, .large_max = large_max};
	pthread_mutex_init(&room->mutex, NULL);
}

void room_release(struct room *room)
{
	pthread_mutex_destroy(&room->mutex);
}

bool room_possible(const struct room *room, size_t bytes)
{
	return room == NULL || bytes <= room->large_max;
}

/* What is given back never fails, so that whoever lets go need not ask. An answer may become smaller than it was, and
 * the others gain at once. */
bool room_set(struct room *room, size_t *held, size_t bytes)
{
	bool fits = true;
	if (room != NULL) {
		pthread_mutex_lock(&room->mutex);
		assert(*held <= room->used);
		size_t others = room->used - *held;
		size_t max = bytes > ROOM_LARGE_BYTES ? room->large_max : room->max;
		fits = bytes <= *held || (others <= max && bytes <= max - others);
		if (fits)
			room->used = others + bytes;
		pthread_mutex_unlock(&room->mutex);
	}
	if (fits)
		*held = bytes;
	return fits;
}
