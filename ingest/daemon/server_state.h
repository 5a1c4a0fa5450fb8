/* What the files of the network side share: connection.c (a connection's life, and all that is done with one), door.c
 * (who may come in, and who gives way), server.c (accepting, answering, starting and stopping). What they stand on
 * knows no connection: reading.h (frames in), room.h (memory for bodies), session.h (the protocol). Not for others.
 *
 * A connection is freed by connection_close alone, which only libevent's callbacks of that connection, stopping, and
 * door_enter for one that has been told to go call: everything else may end its session but leaves it in place. */
#pragma once

#include "ingest/daemon/rate.h"
#include "ingest/daemon/reading.h"
#include "ingest/daemon/room.h"
#include "ingest/daemon/server.h"
#include "ingest/sequencer/sequencer.h"
#include "ingest/wire/session.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>

#define DOOR_ADDRESS_BYTES 9

/* What a sender holds. It is there as long as there is something, it is ahead of its rate, or it has spoiled something
 * not long ago. */
struct share {
	struct share *next;
	uint32_t sender;
	unsigned connections; /* proven, and not ending */
	struct pool pool;     /* its batches' bodies */
	struct rate rate;     /* how fast it may be read from, on all of them */
	unsigned spoiled;     /* connections that ended for a signature that does not verify, one soon after the other */
	uint64_t spoiled_ms;  /* the last of them */
};

/* Invariants: `share` and `claim.own` are set and cleared together; `ending` implies a CLOSING session and no room
 * held; a connection is in both lists from connection_open to connection_close. */
struct connection {
	struct server *server;
	uint8_t address[DOOR_ADDRESS_BYTES];
	struct share *share; /* of its sender, once it is proven and until it ends */
	uint64_t id;
	struct bufferevent *stream;
	struct event *deadline; /* of the frame that is being read, of the hello, its look-up, or of a closing connection */
	struct session session;
	struct seat *seat;
	struct reading in;
	struct claim claim; /* room for the body of the batch that is being read */
	uint64_t front_ms;  /* since when it is in front of all while others wait, as the beats saw it; 0: it is not */
	bool reading;
	bool ending;                        /* the error frame is on its way */
	uint64_t ending_ms;                 /* since when */
	size_t ending_left;                 /* what the client had not read at the last look */
	struct connection *previous, *next; /* all connections */
	struct connection *hash_next;
};

/* Everything here is the network thread's. `output` is written and sent within one call, so one buffer is enough for
 * all connections. */
struct server {
	const struct server_options *options;
	struct ledger *ledger;
	struct event_base *base;
	struct evconnlistener *listener;
	bool accepting;
	struct event *wake;
	struct event *stop[2];
	struct event *reload;
	struct tls_server *tls; /* NULL: plain */
	unsigned handshakes;    /* begun since the last beat */
	struct event *beat;
	int wake_fd;
	struct sequencer *sequencer;
	struct health *health;
	uint64_t health_ms; /* of its last beat */
	struct control *control;
	struct connection *connections;
	unsigned connection_count;
	struct connection *by_id[HASH_SLOTS];
	struct room room;
	struct share *shares[SHARE_SLOTS];
	uint64_t next_id;
	bool stopping;
	uint8_t output[SESSION_OUTPUT_MAX]; /* one call's: what is in it is sent before anything else is written */
};

/* ---- connection.c ---- */

/* A connection in the state GREETING that does not read yet; NULL when memory is short. Takes `fd` over. */
struct connection *connection_open(struct server *server, evutil_socket_t fd);
/* It may say its hello, and has the frame timeout for it. */
void connection_welcome(struct connection *c);
void connection_close(struct connection *c);
struct connection *connection_find(struct server *server, uint64_t id);
void connection_set_reading(struct connection *c, bool reading);
size_t connection_output_bytes(const struct connection *c);
/* For what the session writes next. */
struct writer connection_writer(struct server *server);
/* Sends it, and begins to end the connection if the session has ended. */
void connection_send(struct connection *c, const struct writer *w);
/* Ends the session with an error frame. */
void connection_end(struct connection *c, enum error error, const char *text);
/* Its hello was looked up: whatever it sends next has a time of its own. */
void connection_end_deadline(struct connection *c);
/* A window may have opened, or answers were read. */
void connection_resume(struct connection *c);
/* Lets in whom there is room for now. Called at the end of whatever may have given room back. */
void connections_let_in(struct server *server);
/* FRM-30: reads on from those whose rate allows it again. Called on each beat. */
void connections_go_on(struct server *server);
/* FRM-20: ends who has room, is slow, and keeps others waiting. Called on each beat. */
void connections_evict(struct server *server);

/* ---- door.c: decides; the caller ends who is to go ---- */

void door_address(const struct sockaddr *address, uint8_t out[DOOR_ADDRESS_BYTES]);
/* A new connection may stay, and so may all others; or `*gives_way` goes for it: one that has not said its hello, or
 * the newest itself. */
void door_enter(struct connection *c, struct connection **gives_way);
/* Its hello was proven. False: there is no place for one more of its sender's. `*gives_way` goes for it, unless NULL.
 */
bool door_prove(struct connection *c, struct connection **gives_way);
/* A batch of its came, whatever becomes of it. */
void door_took(struct connection *c, const struct job *job);
/* Its sender is ahead of its rate: it may begin nothing. */
bool door_is_spent(const struct connection *c);
/* It is its sender's no longer. */
void door_leave(struct connection *c);
/* A connection of this sender's had its first batch with a signature that does not verify. */
void door_spoiled(struct server *server, uint32_t sender);
/* How long nobody is let in in this sender's name: it has spoiled too much. */
uint64_t door_pause_ms(struct server *server, uint32_t sender);
/* NULL when the sender holds nothing. */
struct share *door_share(struct server *server, uint32_t sender);
/* Frees it if nothing is left in it. */
void door_drop_share(struct server *server, struct share *share);
/* Forgets what is long ago. */
void door_beat(struct server *server);
void door_free(struct server *server);
