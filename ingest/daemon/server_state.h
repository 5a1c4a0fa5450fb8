/* What the files of the network side share: connection.c (a connection's life), room.c (memory for bodies), reading.c
 * (frames in), server.c (accepting, answering, starting and stopping). Not for others.
 *
 * A connection is freed by connection_close alone, which only libevent's callbacks of that connection, and stopping,
 * call, and
 * door_enter for one that has been told to go: everything else may end its session but leaves it in place. */
#pragma once

#include "ingest/daemon/server.h"
#include "ingest/sequencer/sequencer.h"
#include "ingest/wire/session.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

enum phase {
	PHASE_HEAD,    /* between frames, or within a frame's first five bytes */
	PHASE_HELD,    /* a batch for which the connection's window has no room */
	PHASE_WAITING, /* a batch in the line for room among all connections */
	PHASE_BODY,
};

#define DOOR_ADDRESS_BYTES 9
#define TURNED_AWAY_MAX 64 /* connections beyond the limit that are being told so */

/* What a sender holds. It is there as long as there is something. */
struct share {
	struct share *next;
	uint32_t sender;
	unsigned connections; /* proven, and not ending */
	size_t bytes;         /* of its batches' bodies */
	bool wanted;          /* by a connection of its own that waits */
};

struct connection {
	struct server *server;
	uint8_t address[DOOR_ADDRESS_BYTES];
	struct share *share; /* of its sender, once it is proven and until it ends */
	uint64_t id;
	struct bufferevent *stream;
	struct event *deadline; /* of the frame that is being read, of the hello, or of a closing connection */
	struct session session;
	struct seat *seat;
	enum phase phase;
	enum frame_type type;
	uint8_t *body;
	size_t body_bytes;
	size_t body_read;
	uint64_t step_ms;  /* when the last PACE_STEP_BYTES of the body were whole, or it began */
	uint64_t frame_ms; /* when the frame's first byte was seen, or its room was had; 0: between frames */
	size_t reserved;
	bool reading;
	bool ending;                        /* the error frame is on its way */
	uint64_t ending_ms;                 /* since when */
	size_t ending_left;                 /* what the client had not read at the last look */
	struct connection *previous, *next; /* all connections */
	struct connection *waiting_next;    /* for room */
	struct connection *hash_next;
};

#define HASH_SLOTS 2048
#define SHARE_SLOTS 1024

struct server {
	const struct server_options *options;
	struct ledger *ledger;
	struct event_base *base;
	struct evconnlistener *listener;
	bool accepting;
	struct event *wake;
	struct event *stop[2];
	struct event *beat;
	int wake_fd;
	struct sequencer *sequencer;
	struct health *health;
	uint64_t health_ms; /* of its last beat */
	struct control *control;
	struct connection *connections;
	unsigned connection_count;
	struct connection *by_id[HASH_SLOTS];
	struct connection *waiting_first;
	struct connection **waiting_last;
	size_t inflight_bytes;
	struct share *shares[SHARE_SLOTS];
	uint64_t next_id;
	bool stopping;
	uint8_t output[SESSION_OUTPUT_MAX]; /* one call's: what is in it is sent before anything else is written */
};

uint64_t server_now_ms(void);

/* ---- connection.c ---- */

/* A connection in the state GREETING that does not read yet; NULL when memory is short. Takes `fd` over. */
struct connection *connection_open(struct server *server, evutil_socket_t fd);
void connection_close(struct connection *c);
struct connection *connection_find(struct server *server, uint64_t id);
void connection_set_reading(struct connection *c, bool reading);
void connection_start_deadline(struct connection *c, unsigned timeout_ms);
size_t connection_output_bytes(const struct connection *c);
/* For what the session writes next. */
struct writer connection_writer(struct server *server);
/* Sends it, and begins to end the connection if the session has ended. */
void connection_send(struct connection *c, const struct writer *w);
/* Ends the session with an error frame. */
void connection_end(struct connection *c, enum error error, const char *text);

/* ---- door.c ---- */

void door_address(const struct sockaddr *address, uint8_t out[DOOR_ADDRESS_BYTES]);
/* A new connection: makes another one give way if a share is full; false: it is itself turned away. */
bool door_enter(struct connection *c);
/* Its hello was proven. False: its sender has too many connections, and all of them work. */
bool door_prove(struct connection *c);
/* It is its sender's no longer. */
void door_leave(struct connection *c);
/* NULL when the sender holds nothing. */
struct share *door_share(struct server *server, uint32_t sender);
/* Frees it if nothing is left in it. */
void door_drop_share(struct server *server, struct share *share);

/* ---- room.c ---- */

/* Reserves the body of a batch: true when it may be read now; else the connection is in the line. */
bool room_take(struct connection *c);
/* Leaves the line. */
void room_leave(struct connection *c);
/* Gives back what was this sender's, and lets in whom there is room for now. */
void room_release(struct server *server, uint32_t sender, size_t bytes);
/* While others wait for room, a frame may not keep it for long. */
void room_evict(struct server *server);

/* ---- reading.c ---- */

/* Takes what has come, and what of it the session may have. */
void reading_go_on(struct connection *c);
/* How long the frame that is being read may still take; 0 when its time is over. */
uint64_t reading_time_left(const struct connection *c);
/* A window may have opened, or answers were read. */
void reading_resume(struct connection *c);
/* The frame has room: its body may be read. `waited`: its time begins now. */
void reading_start_body(struct connection *c, bool waited);
/* Forgets the frame that is being read. */
void reading_drop(struct connection *c);
