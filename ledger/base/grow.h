/* Arrays that grow: at least twice as large each time, so that adding costs the same however many there are. */
#pragma once

#include "ledger/base/error.h"

#include <stddef.h>

/* Room for `needed` items in the array `items` of `capacity` (both of the caller's own type, changed in place).
 * E_NO_MEMORY: both are as they were. */
#define GROW(items, capacity, needed)                                                               \
	({                                                                                              \
		void *grow_moved = (items);                                                                 \
		size_t grow_capacity = (capacity);                                                          \
		enum error grow_error = grow_items(&grow_moved, &grow_capacity, (needed), sizeof *(items)); \
		(items) = grow_moved;                                                                       \
		(capacity) = (__typeof__(capacity))grow_capacity;                                           \
		grow_error;                                                                                 \
	})

enum error grow_items(void **items, size_t *capacity, size_t needed, size_t item_bytes) MUST_USE;
