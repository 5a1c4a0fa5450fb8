/* Room for the bodies of batches: INFLIGHT_BYTES_MAX for all connections together, from a frame's head until its batch
 * is answered. Who finds none waits in a line, and is slowed by TCP meanwhile. */
#include "ingest/server_state.h"

#include <stdio.h>

#define EVICT_AFTER_MS 1000

static bool reserve(struct connection *c)
{
	struct server *server = c->server;
	if (server->inflight_bytes + c->body_bytes > INFLIGHT_BYTES_MAX)
		return false;
	server->inflight_bytes += c->body_bytes;
	c->reserved = c->body_bytes;
	return true;
}

bool room_take(struct connection *c)
{
	struct server *server = c->server;
	if (server->waiting_first == NULL && reserve(c))
		return true;
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

void room_release(struct server *server, size_t bytes)
{
	server->inflight_bytes -= bytes;
	while (server->waiting_first != NULL && reserve(server->waiting_first)) {
		struct connection *c = server->waiting_first;
		room_leave(c);
		reading_start_body(c, true);
	}
}

void room_evict(struct server *server)
{
	char text[128];
	uint64_t now = server_now_ms();
	for (struct connection *c = server->connections; c != NULL && server->waiting_first != NULL; c = c->next) {
		if (c->phase != PHASE_BODY || c->reserved == 0 || now - c->frame_ms <= EVICT_AFTER_MS)
			continue;
		snprintf(text, sizeof text,
			"while others wait for room a batch must be complete within %d ms; send smaller batches", EVICT_AFTER_MS);
		connection_end(c, E_TIMEOUT, text);
	}
}
