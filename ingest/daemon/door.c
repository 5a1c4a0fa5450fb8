/* Who gets in, and who gives way.
 *
 * Before its hello is proven a connection is anybody's: such ones have a share of all connections, and each address a
 * share of that; when a share is full one of those that have not said their hello gives way, whichever chance picks:
 * who floods cannot know which. One that is proven belongs to a sender, which has a share of connections and of room;
 * nobody without a key touches it. When all places are taken, a few more may still come in and prove themselves: if the
 * sender of one holds fewer than the one that holds most, the oldest on which nothing is under way gives way to it.
 *
 * A batch whose signature does not verify costs as much to judge as a good one, and its sender nothing. So nobody is
 * let in in its name for a while, longer each time. Only its own key can bring that about, and only who has it is told.
 */
#include "ingest/daemon/server_state.h"

#include "ledger/base/clock.h"

#include <assert.h>
#include <netinet/in.h>
#include <sodium.h>

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

/* Without memory for it there is none, and the connection is turned away: nothing may be held that is not counted. */
static struct share *new_share(struct server *server, uint32_t sender)
{
	struct share *share = door_share(server, sender);
	if (share != NULL || (share = calloc(1, sizeof *share)) == NULL)
		return share;
	share->sender = sender;
	pool_init(&share->pool, SENDER_ROOM_BYTES_MAX);
	share->next = server->shares[sender % SHARE_SLOTS];
	server->shares[sender % SHARE_SLOTS] = share;
	return share;
}

void door_drop_share(struct server *server, struct share *share)
{
	struct share **link = &server->shares[share->sender % SHARE_SLOTS];
	if (share->connections > 0 || share->pool.bytes > 0 || share->spoiled > 0 ||
		rate_is_spent(&share->rate, clock_us()))
		return;
	while (*link != share)
		link = &(*link)->next;
	*link = share->next;
	free(share);
}

/* A share outlives its connections for as long as its sender's wrong signatures count, or it is ahead of its rate:
 * else connecting anew would pay for everything. */
void door_beat(struct server *server)
{
	uint64_t now_ms = clock_ms();
	for (size_t slot = 0; slot < SHARE_SLOTS; slot++)
		for (struct share *share = server->shares[slot], *next; share != NULL; share = next) {
			next = share->next;
			if (now_ms - share->spoiled_ms > SPOILED_FORGOTTEN_MS)
				share->spoiled = 0;
			door_drop_share(server, share);
		}
}

void door_free(struct server *server)
{
	for (size_t slot = 0; slot < SHARE_SLOTS; slot++)
		for (struct share *share; (share = server->shares[slot]) != NULL; free(share))
			server->shares[slot] = share->next;
}

/* Counted once for each connection: all that such a connection had under way fails for the same signature. */
void door_spoiled(struct server *server, uint32_t sender)
{
	struct share *share = new_share(server, sender);
	if (share == NULL)
		return;
	share->spoiled++;
	share->spoiled_ms = clock_ms();
}

uint64_t door_pause_ms(struct server *server, uint32_t sender)
{
	const struct share *share = door_share(server, sender);
	if (share == NULL || share->spoiled < 2)
		return 0;
	unsigned doubled = share->spoiled - 2;
	uint64_t pause_ms = doubled < 6 ? (uint64_t)SPOILED_PAUSE_MS << doubled : SPOILED_PAUSE_MS_MAX;
	uint64_t since_ms = clock_ms() - share->spoiled_ms;
	return since_ms < pause_ms ? pause_ms - since_ms : 0;
}

/* ---- giving way ---- */

static bool is_unproven(const struct connection *c)
{
	return c->session.state == SESSION_GREETING || c->session.state == SESSION_LOOKING;
}

/* Nothing of it would be lost: no batch waits for an answer, no frame has begun, every answer is written. */
static bool is_idle(const struct connection *c)
{
	return c->session.state == SESSION_OPEN && c->session.waiting == 0 && c->in.phase == PHASE_HEAD &&
		   c->in.frame_ms == 0 && connection_output_bytes(c) == 0;
}

/* What stands at the door beside the newest. */
struct crowd {
	unsigned live, unproven, neighbours; /* neighbours: unproven ones from the newest one's address */
	unsigned silent, silent_neighbours;  /* of them: those that have not said their hello */
	struct connection *told;             /* the oldest that has read that it is to go */
};

static bool is_neighbour(const struct connection *c, const struct connection *newest)
{
	return memcmp(c->address, newest->address, sizeof c->address) == 0;
}

static struct crowd look_around(const struct connection *newest)
{
	struct crowd crowd = {0};
	for (struct connection *c = newest->server->connections; c != NULL; c = c->next) {
		if (c == newest)
			continue;
		if (c->ending && connection_output_bytes(c) == 0 && (crowd.told == NULL || c->id < crowd.told->id))
			crowd.told = c;
		crowd.live += !c->ending;
		if (!is_unproven(c))
			continue;
		bool neighbour = is_neighbour(c, newest);
		bool silent = c->session.state == SESSION_GREETING;
		crowd.unproven++;
		crowd.neighbours += neighbour;
		crowd.silent += silent;
		crowd.silent_neighbours += silent && neighbour;
	}
	return crowd;
}

/* One of those `count` that have not said their hello, each with the same chance; the newest when there is none. Chance
 * is asked once, and only here: it costs a system call. */
static struct connection *pick(struct connection *newest, bool neighbours, unsigned count)
{
	unsigned before = randombytes_uniform(count);
	for (struct connection *c = newest->server->connections; c != NULL; c = c->next)
		if (c != newest && c->session.state == SESSION_GREETING && (!neighbours || is_neighbour(c, newest)) &&
			before-- == 0)
			return c;
	return newest;
}

static unsigned at_least(unsigned share, unsigned least)
{
	return share > least ? share : least;
}

/* The one that holds most connections, if that is more than `than`, and one on which nothing is under way. */
static struct connection *of_the_biggest(struct server *server, unsigned than)
{
	struct connection *found = NULL;
	for (struct connection *c = server->connections; c != NULL; c = c->next) /* the newest come first */
		if (c->share != NULL && c->share->connections > than && is_idle(c) &&
			(found == NULL || c->share->connections >= found->share->connections))
			found = c;
	return found;
}

/* Whether there is no place for one more that may prove itself. */
static bool is_full(struct server *server, const struct crowd *crowd, unsigned unproven_max)
{
	unsigned limit = server->options->connections_max;
	if (crowd->unproven >= unproven_max || crowd->live >= limit + BESIDE_MAX)
		return true;
	return crowd->live >= limit && of_the_biggest(server, 1) == NULL;
}

void door_enter(struct connection *c, struct connection **gives_way)
{
	unsigned limit = c->server->options->connections_max;
	unsigned unproven_max = at_least(limit / UNPROVEN_PART, 8);
	struct crowd crowd = look_around(c);
	*gives_way = NULL;
	/* Those that were told to go linger for a moment; under pressure the oldest that has been told leaves at once. */
	if (c->server->connection_count > limit + TURNED_AWAY_MAX / 2 && crowd.told != NULL)
		connection_close(crowd.told);
	if (crowd.neighbours >= unproven_max / 2)
		*gives_way = pick(c, true, crowd.silent_neighbours);
	else if (is_full(c->server, &crowd, unproven_max))
		*gives_way = pick(c, false, crowd.silent);
}

/* All connections are counted anew: a number kept beside the list could only be wrong. */
bool door_prove(struct connection *c, struct connection **gives_way)
{
	struct server *server = c->server;
	struct share *share = new_share(server, c->session.sender);
	unsigned proven = 0;
	*gives_way = NULL;
	if (share == NULL)
		return false;
	for (const struct connection *other = server->connections; other != NULL; other = other->next)
		proven += other->share != NULL;
	if (share->connections >= SENDER_CONNECTIONS_MAX) {
		for (struct connection *other = server->connections; other != NULL; other = other->next)
			if (other->share == share && is_idle(other))
				*gives_way = other; /* the newest come first */
	} else if (proven >= server->options->connections_max) {
		*gives_way = of_the_biggest(server, share->connections + 1);
	}
	if (*gives_way == NULL &&
		(share->connections >= SENDER_CONNECTIONS_MAX || proven >= server->options->connections_max)) {
		door_drop_share(server, share);
		return false;
	}
	share->connections++;
	c->share = share;
	c->claim.own = &share->pool;
	return true;
}

void door_took(struct connection *c, const struct job *job)
{
	if (c->share != NULL)
		rate_take(&c->share->rate, job_events(job), job->body_bytes, clock_us());
}

bool door_is_spent(const struct connection *c)
{
	return c->share != NULL && rate_is_spent(&c->share->rate, clock_us());
}

void door_leave(struct connection *c)
{
	struct share *share = c->share;
	c->share = NULL;
	c->claim.own = NULL;
	if (share == NULL)
		return;
	assert(share->connections > 0);
	share->connections--;
	door_drop_share(c->server, share);
}
