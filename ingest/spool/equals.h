/* How often a line has brought each message: the k-th of equal ones is known from before if k of them are remembered
 * (remembered.h). Of the newest EQUALS_WINDOW contents at least, and of twice as many at most: equal ones are equal in
 * their time, too, so they come close together. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define EQUALS_WINDOW 4096u

struct equal {
	uint64_t hash; /* 0: none */
	uint32_t count;
};

/* Invariant: at least half of `places`, a power of two, are free. */
struct equal_table {
	struct equal *items;
	size_t places, used;
};

/* Invariant: `newer` has at most EQUALS_WINDOW hashes, and then becomes `older`. All zero: nothing came. */
struct equals {
	struct equal_table newer, older;
};

/* `nth`: this is so many-th with this hash, which is not 0. E_NO_MEMORY: it is not counted. */
enum error equals_count(struct equals *equals, uint64_t hash, uint32_t *nth) MUST_USE;
/* Whether the message says, anywhere in it, a time to a fraction of a second (hh:mm:ss.f, as RFC 3339 has it) that
 * is not 0, which may stand where nobody measured it: two that are equal to the byte are then one, which came twice. */
bool equals_says_moment(struct bytes message);
void equals_free(struct equals *equals);
