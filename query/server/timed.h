/* Answers whose making takes longer of one person than of another, and that may not tell (response.timed): they go out
 * a whole number of HTTP_TIMED_MS after they were asked for, and of what was made in less all take the same time.
 * Nobody is held up: they wait in nobody's hands. Only for the loop. */
#pragma once

#include "ledger/base/own.h"
#include "query/server/workers.h"

#define HTTP_TIMED_MS 100u /* longer than nearly all of them take */

struct event_base;
struct timed;

/* `due` is called with what is due, in the loop; `release` with what is not at the end. E_NO_MEMORY, E_IO. */
enum error timed_new(struct event_base *base, void (*due)(void *context, struct work *work), void *context,
	void (*release)(struct work *work), struct timed **out) MUST_USE;
/* `begun_us` by clock_us. */
void timed_add(struct timed *timed, struct work *work, uint64_t begun_us);
/* Before the base. */
void timed_free(struct timed *timed);
OWN(timed, timed_free);
