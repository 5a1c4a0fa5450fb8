/* Who gets in, and who gives way. Before its hello is proven a connection is anybody's: such ones have a share of all
 * connections, and each address a share of that; when a share is full the oldest that has not said its hello yet gives
 * way to the newest. One that is proven belongs to a sender, which has a share of connections and of room; nobody
 * without a key touches it. */
#include "ingest/daemon/server_state.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An address as a share is counted by: of IPv6 the first 64 bits, which one customer has. */
void door_address(const struct sockaddr *address, uint8_t out[DOOR_ADDRESS_BYTES])
{
	memset(out, 0, DOOR_ADDRESS_BYTES);
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof in);
		memcpy(out, &in.sin_addr, 4);
		out[8] = 4;
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, address, sizeof in);
		bool mapped = IN6_IS_ADDR_V4MAPPED(&in.sin6_addr);
		memcpy(out, in.sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 8);
		out[8] = mapped ? 4 : 6;
	}
}

/* ---- senders ---- */

struct share *door_share(struct server *server, uint32_t sender)
{
	struct share *share = server->shares[sender % SHARE_SLOTS];
	while (share != NULL && share->sender != sender)
		share = share->next;
	return share;
}

static struct share *new_share(struct server *server, uint32_t sender)
{
	struct share *share = door_share(server, sender);
	if (share != NULL || (share = calloc(1, sizeof *share)) == NULL)
		return share;
	share->sender = sender;
	share->next = server->shares[sender % SHARE_SLOTS];
	server->shares[sender % SHARE_SLOTS] = share;
	return share;
}

void door_drop_share(struct server *server, struct share *share)
{
	struct share **link = &server->shares[share->sender % SHARE_SLOTS];
	if (share->connections > 0 || share->bytes > 0)
		return;
	while (*link != share)
		link = &(*link)->next;
	*link = share->next;
	free(share);
}

/* ---- giving way ---- */

static bool is_unproven(const struct connection *c)
{
	return c->session.state == SESSION_GREETING || c->session.state == SESSION_LOOKING;
}

static bool is_idle(const struct connection *c)
{
	return c->session.state == SESSION_OPEN && c->session.waiting == 0 && c->phase == PHASE_HEAD && c->frame_ms == 0 &&
		   connection_output_bytes(c) == 0;
}

static const struct connection *older(const struct connection *a, const struct connection *b)
{
	return a == NULL || b->id < a->id ? b : a;
}

/* What stands at the door beside the newest. */
struct crowd {
	unsigned live, unproven, neighbours; /* neighbours: unproven ones from the newest one's address */
	const struct connection *oldest, *oldest_neighbour, *told;
};

static struct crowd look_around(const struct connection *newest)
{
	struct crowd crowd = {0};
	for (const struct connection *c = newest->server->connections; c != NULL; c = c->next) {
		if (c == newest)
			continue;
		if (c->ending && connection_output_bytes(c) == 0)
			crowd.told = older(crowd.told, c);
		crowd.live += !c->ending;
		if (!is_unproven(c))
			continue;
		bool neighbour = memcmp(c->address, newest->address, sizeof c->address) == 0;
		crowd.unproven++;
		crowd.neighbours += neighbour;
		if (c->session.state == SESSION_LOOKING)
			continue;
		crowd.oldest = older(crowd.oldest, c);
		if (neighbour)
			crowd.oldest_neighbour = older(crowd.oldest_neighbour, c);
	}
	return crowd;
}

static unsigned at_least(unsigned share, unsigned least)
{
	return share > least ? share : least;
}

bool door_enter(struct connection *c)
{
	char text[128];
	unsigned limit = c->server->options->connections_max;
	unsigned unproven_max = at_least(limit / UNPROVEN_PART, 8);
	struct crowd crowd = look_around(c);
	const struct connection *gives_way = NULL;
	bool full = crowd.live >= limit || crowd.unproven >= unproven_max;
	/* Those that were told to go linger for a moment; under pressure the oldest that has been told leaves at once. */
	if (c->server->connection_count > limit + TURNED_AWAY_MAX / 2 && crowd.told != NULL)
		connection_close(connection_find(c->server, crowd.told->id));
	if (crowd.neighbours >= unproven_max / 2)
		gives_way = crowd.oldest_neighbour;
	else if (full)
		gives_way = crowd.oldest;
	else
		return true;
	if (gives_way == NULL) {
		snprintf(text, sizeof text, "%u connections are open, which is the limit; try again later", limit);
		connection_end(c, E_TOO_MANY, text);
		return false;
	}
	connection_end(connection_find(c->server, gives_way->id), E_TOO_MANY,
		"others came, and this one had not said its hello; try again later");
	return true;
}

bool door_prove(struct connection *c)
{
	struct share *share = new_share(c->server, c->session.sender);
	struct connection *gives_way = NULL;
	if (share == NULL)
		return false;
	if (share->connections >= SENDER_CONNECTIONS_MAX) {
		for (struct connection *other = c->server->connections; other != NULL; other = other->next)
			if (other->share == share && is_idle(other))
				gives_way = other; /* the newest come first */
		if (gives_way == NULL)
			return false;
		connection_end(gives_way, E_TOO_MANY, "this sender has newer connections, and this one was idle");
	}
	share->connections++;
	c->share = share;
	return true;
}

void door_leave(struct connection *c)
{
	struct share *share = c->share;
	c->share = NULL;
	if (share == NULL)
		return;
	share->connections--;
	door_drop_share(c->server, share);
}
