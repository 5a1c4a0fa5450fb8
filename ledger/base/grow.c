/* Twice as large each time. The size in bytes is looked at before it is multiplied, because a count that somebody else
 * has written may be anything; what does not fit is no memory, and the array stays as it was. */
#include "ledger/base/grow.h"

#include <stdlib.h>

#define GROW_FROM 16

enum error grow_items(void **items, size_t *capacity, size_t needed, size_t item_bytes)
{
	size_t larger = *capacity > 0 ? *capacity : GROW_FROM;
	if (needed <= *capacity)
		return E_OK;
	while (larger < needed && larger <= SIZE_MAX / 2)
		larger *= 2;
	void *moved = larger < needed || larger > SIZE_MAX / item_bytes ? NULL : realloc(*items, larger * item_bytes);
	TRY(allocated(moved));
	*items = moved;
	*capacity = larger;
	return E_OK;
}
