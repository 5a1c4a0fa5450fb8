/* Connections whose handshake has begun and not ended: they have a share of all, so that who only begins them cannot
 * keep others out. Nobody tells when a handshake is done: the list leaves out who is done as it is walked. Only for the
 * loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct evhttp_connection;

/* In the connection that it is about; zeroed when not in a list. */
struct half_open {
	LIST_ENTRY(half_open) place;
	struct evhttp_connection *http; /* NULL: in no list */
};

LIST_HEAD(half_opens, half_open);

void half_open_add(struct half_opens *list, struct half_open *one, struct evhttp_connection *http);
/* Also of one that is in no list. */
void half_open_remove(struct half_open *one);
/* Whether its handshake goes on. */
bool half_open_is(const struct half_open *one);
/* Whom to end where there are more than `max`: whichever chance picks. NULL where there are not. */
struct evhttp_connection *half_open_too_many(struct half_opens *list, uint32_t max);
