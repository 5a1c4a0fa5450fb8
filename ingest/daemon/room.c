/* Room for the bodies of batches: INFLIGHT_BYTES_MAX for all connections together, and of it SENDER_ROOM_BYTES_MAX for
 * those of one sender, from a frame's head until its batch is answered. Who finds none waits in a line, and is slowed
 * by TCP meanwhile. Who waits for its own sender's share keeps nobody waiting who is behind it. */
#include "ingest/daemon/server_state.h"

#include <assert.h>
#include <stdio.h>

#define EVICT_AFTER_MS 1000
#define EVICT_STALLED_MS 4000 /* a narrow line repeats what it lost */

enum fit { FITS, OWN_SHARE_IS_FULL, ALL_IS_FULL };

static enum fit fit(const struct connection *c)
{
	if (c->share->bytes + c->body_bytes > SENDER_ROOM_BYTES_MAX)
		return OWN_SHARE_IS_FULL;
	return c->server->inflight_bytes + c->body_bytes > INFLIGHT_BYTES_MAX ? ALL_IS_FULL : FITS;
}

static void reserve(struct connection *c)
{
	c->server->inflight_bytes += c->body_bytes;
	c->share->bytes += c->body_bytes;
	c->reserved = c->body_bytes;
}

/* Does somebody wait for what all share? */
static bool all_wait(const struct server *server)
{
	for (const struct connection *c = server->waiting_first; c != NULL; c = c->waiting_next)
		if (fit(c) == ALL_IS_FULL)
			return true;
	return false;
}

bool room_take(struct connection *c)
{
	struct server *server = c->server;
	if (fit(c) == FITS && !all_wait(server)) {
		reserve(c);
		return true;
	}
	c->phase = PHASE_WAITING;
	c->waiting_next = NULL;
	*server->waiting_last = c;
	server->waiting_last = &c->waiting_next;
	return false;
}

void room_leave(struct connection *c)
{
	struct server *server = c->server;
	if (c->phase != PHASE_WAITING)
		return;
	struct connection **link = &server->waiting_first;
	while (*link != c)
		link = &(*link)->waiting_next;
	*link = c->waiting_next;
	if (server->waiting_last == &c->waiting_next)
		server->waiting_last = link;
	c->phase = PHASE_HEAD;
}

static struct connection *first_that_fits(const struct server *server)
{
	for (struct connection *c = server->waiting_first; c != NULL; c = c->waiting_next) {
		enum fit fits = fit(c);
		if (fits == FITS)
			return c;
		if (fits == ALL_IS_FULL)
			break;
	}
	return NULL;
}

void room_release(struct server *server, uint32_t sender, size_t bytes)
{
	struct connection *c;
	struct share *share = bytes > 0 ? door_share(server, sender) : NULL;
	server->inflight_bytes -= bytes;
	if (share != NULL) {
		assert(share->bytes >= bytes);
		share->bytes -= bytes;
		door_drop_share(server, share);
	}
	while ((c = first_that_fits(server)) != NULL) {
		reserve(c);
		room_leave(c);
		reading_start_body(c, true);
	}
}

/* Who holds little, and goes on bringing what it announced, has a narrow line and no wish to keep others waiting. */
static bool is_in_the_way(const struct connection *c, uint64_t now)
{
	if (c->share->bytes > BATCH_BYTES_MAX || c->body_read < PACE_STEP_BYTES)
		return now - c->frame_ms > EVICT_AFTER_MS;
	return now - c->step_ms > EVICT_STALLED_MS;
}

void room_evict(struct server *server)
{
	char text[128];
	uint64_t now = server_now_ms();
	bool all = all_wait(server);
	for (struct connection *c = server->waiting_first; c != NULL; c = c->waiting_next)
		c->share->wanted |= fit(c) == OWN_SHARE_IS_FULL;
	for (struct connection *c = server->connections; c != NULL; c = c->next) {
		if (c->phase != PHASE_BODY || c->reserved == 0 || (!all && !c->share->wanted) || !is_in_the_way(c, now))
			continue;
		snprintf(text, sizeof text,
			"while others wait for room a batch must be complete within %d ms; send smaller batches", EVICT_AFTER_MS);
		connection_end(c, E_TIMEOUT, text);
	}
	for (struct connection *c = server->connections; c != NULL; c = c->next)
		if (c->share != NULL)
			c->share->wanted = false;
}
