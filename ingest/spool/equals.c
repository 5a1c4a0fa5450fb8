/* Two tables by turns: what only the older one knows moves to the newer one when it comes again, and when the newer one
 * is full the older one is forgotten. Open addressing; the hashes are keyed, and spread by themselves. */
#include "ingest/spool/equals.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MIN 64u

/* Its place, or the free one where it belongs; NULL of a table without places. */
static struct equal *find(const struct equal_table *table, uint64_t hash)
{
	if (table->places == 0)
		return NULL;
	size_t at = (size_t)hash & (table->places - 1);
	while (table->items[at].hash != 0 && table->items[at].hash != hash)
		at = (at + 1) & (table->places - 1);
	return &table->items[at];
}

static enum error grow(struct equal_table *table)
{
	if ((table->used + 1) * 2 <= table->places)
		return E_OK;
	struct equal_table wide = {.places = table->places > 0 ? 2 * table->places : PLACES_MIN, .used = table->used};
	wide.items = calloc(wide.places, sizeof *wide.items);
	TRY(allocated(wide.items));
	for (size_t i = 0; i < table->places; i++)
		if (table->items[i].hash != 0)
			*find(&wide, table->items[i].hash) = table->items[i];
	free(table->items);
	*table = wide;
	return E_OK;
}

static void turn(struct equals *equals)
{
	free(equals->older.items);
	equals->older = equals->newer;
	equals->newer = (struct equal_table){0};
}

enum error equals_count(struct equals *equals, uint64_t hash, uint32_t *nth)
{
	if (equals->newer.used == EQUALS_WINDOW)
		turn(equals);
	TRY(grow(&equals->newer));
	struct equal *equal = find(&equals->newer, hash);
	if (equal->hash == 0) {
		const struct equal *before = find(&equals->older, hash);
		equals->newer.used++;
		*equal = (struct equal){hash, before != NULL ? before->count : 0};
	}
	*nth = ++equal->count;
	return E_OK;
}

bool equals_says_moment(struct bytes message)
{
	static const char form[] = "00:00:00.0"; /* a digit for each 0 */
	const size_t len = sizeof form - 1, point = len - 2;
	if (message.len < len)
		return false;
	for (const uint8_t *at = message.data, *end = message.data + message.len; at < end; at++) {
		at = memchr(at, '.', (size_t)(end - at));
		if (at == NULL || end - at < 2)
			return false;
		if ((size_t)(at - message.data) < point)
			continue;
		size_t i = 0;
		for (const uint8_t *from = at - point; i < len; i++)
			if (form[i] == '0' ? from[i] < '0' || from[i] > '9' : from[i] != (uint8_t)form[i])
				break;
		for (const uint8_t *digit = at + 1; i == len && digit < end && *digit >= '0' && *digit <= '9'; digit++)
			if (*digit != '0') /* zeros are what who knows seconds alone may write */
				return true;
	}
	return false;
}

void equals_free(struct equals *equals)
{
	free(equals->newer.items);
	free(equals->older.items);
	*equals = (struct equals){0};
}
