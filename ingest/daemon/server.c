/* The loop: accepting, the beat, and answers of the sequencer, which come by an eventfd.
 *
 *   job done ─► room given back ─► its connection still there? ─► frame written ─► it may read on ─► others let in
 *
 * Room is given back also for a connection that is gone. Without a file descriptor accepting stops until the next
 * beat. Stopping: reading ends ─► the sequencer finishes what it has ─► answers ─► each connection ends within its
 * deadline; what was acknowledged is stored, and what was not is sent again. */
#include "ingest/daemon/server.h"

#include "ingest/daemon/control.h"
#include "ingest/daemon/server_state.h"
#include "ledger/base/clock.h"
#include "ledger/text/address.h"

#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>

/* ---- accepting ---- */

static void set_accepting(struct server *server, bool accepting)
{
	if (server->accepting == accepting)
		return;
	server->accepting = accepting;
	if (accepting)
		evconnlistener_enable(server->listener);
	else
		evconnlistener_disable(server->listener);
}

static void on_accept(
	struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int address_len, void *context)
{
	struct server *server = context;
	(void)listener;
	(void)address_len;
	struct connection *c = connection_open(server, fd);
	if (server->tls != NULL && ++server->handshakes >= HANDSHAKES_MAX)
		set_accepting(server, false);
	if (c == NULL)
		return;
	door_address(address, c->address);
	struct connection *gives_way;
	char text[96];
	door_enter(c, &gives_way);
	snprintf(text, sizeof text, "%u connections are open, which is the limit; try again later",
		server->options->connections_max);
	if (gives_way != NULL)
		connection_end(gives_way, E_TOO_MANY,
			gives_way == c ? text : "others came, and this one had not said its hello; try again later");
	if (server->connection_count >= server->options->connections_max + TURNED_AWAY_MAX)
		set_accepting(server, false);
	if (gives_way != c)
		connection_welcome(c);
}

/* No file descriptor is left: trying again at once would only turn in circles. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
	(void)listener;
	set_accepting(context, false);
}

static void on_beat(evutil_socket_t fd, short what, void *context)
{
	struct server *server = context;
	(void)fd;
	(void)what;
	connections_evict(server);
	connections_go_on(server);
	connections_let_in(server);
	door_beat(server);
	server->handshakes = 0;
	if (server->tls != NULL)
		tls_server_look(server->tls, (uint64_t)time(NULL));
	if (clock_ms() - server->health_ms >= HEALTH_MS || health_changed(server->health)) {
		server->health_ms = clock_ms();
		health_beat(server->health);
		control_beat(server->control);
	}
	if (server->listener != NULL && server->connection_count < server->options->connections_max + TURNED_AWAY_MAX)
		set_accepting(server, true);
}

/* ---- answers ---- */

static void give_room_back(struct server *server, const struct job *job)
{
	struct share *share = job->body_bytes > 0 ? door_share(server, job->sender) : NULL;
	if (share == NULL)
		return;
	room_return(&server->room, &share->pool, job->body_bytes);
	door_drop_share(server, share);
}

/* A refusal says which sequence is expected, so that its sender need not ask. */
static void answer_batch(struct connection *c, const struct job *job)
{
	struct writer w = connection_writer(c->server);
	struct frame_refusal refusal = {
		job->first_sequence, job->expected_sequence, job->error, job->fault.event, bytes_text(job->fault.text)};
	if (job->error == E_OK)
		session_receipt(&c->session, bytes_of(job->receipt, job->receipt_bytes), job->body_bytes, &w);
	else
		session_refusal(&c->session, &refusal, job->body_bytes, &w);
	connection_send(c, &w);
}

/* Who is proven may still find no place; then it is told which limit it met. */
static void answer_hello(struct connection *c, struct job *job)
{
	struct connection *gives_way = NULL;
	uint64_t pause_ms = job->error == E_OK ? door_pause_ms(c->server, job->sender) : 0;
	if (pause_ms > 0)
		job->error = fault_set(&job->fault, E_TOO_MANY,
			"the last batches of this sender had signatures that do not verify; it may come again in %u s",
			(unsigned)(pause_ms / 1000 + 1));
	if (job->error == E_OK && c->session.state == SESSION_LOOKING && !door_prove(c, &gives_way))
		job->error = fault_set(&job->fault, E_TOO_MANY,
			"as many connections are open as there may be, of this sender (%u) or of all (%u), and all of them work",
			SENDER_CONNECTIONS_MAX, c->server->options->connections_max);
	if (gives_way != NULL)
		connection_end(gives_way, E_TOO_MANY,
			gives_way->share == c->share ? "this sender has newer connections, and this one was idle"
										 : "all places are taken, this sender has many, and this one was idle");
	if (c->share != NULL)
		rate_set(&c->share->rate, job->events_per_second, job->bytes_per_second, clock_us());
	struct writer w = connection_writer(c->server); /* one call's: the other's is sent */
	session_looked_up(&c->session, job->error, job->fault.text, bytes_of(job->receipt, job->receipt_bytes), &w);
	connection_end_deadline(c);
	connection_send(c, &w);
}

/* What is registered now counts for the lines that are there, too: else one that a lost certificate has opened would
 * stay, and a limit be for whoever connects next. */
static void hold_to_registration(struct server *server, const struct entry_sender *entry)
{
	struct share *share = door_share(server, entry->sender);
	if (share == NULL || entry->action == SENDER_REVOKE) /* which has no mandate, and each batch is refused for it */
		return;
	rate_set(&share->rate, entry->mandate.events_per_second, entry->mandate.bytes_per_second, clock_us());
	for (struct connection *c = server->connections; c != NULL; c = c->next) {
		struct hash key;
		const struct ssl_st *line = bufferevent_openssl_get_ssl(c->stream);
		bool shown = line != NULL && tls_peer_key(line, &key);
		if (c->share != NULL && c->share->sender == entry->sender &&
			!mandate_takes_line(&entry->mandate, shown ? key.b : NULL))
			connection_end(c, E_CERTIFICATE,
				"this sender's registration names other client certificates now than this line has shown; give one of "
				"them with --tls-cert and --tls-key, to a ledger at tls://");
	}
}

static void answer(struct server *server, struct job *job)
{
	if (job->kind == JOB_SENDER && job->error == E_OK)
		hold_to_registration(server, job->entry);
	if (job->kind != JOB_HELLO && job->kind != JOB_BATCH) {
		control_answer(server->control, job);
		return;
	}
	struct connection *c = connection_find(server, job->connection);
	if (job->kind == JOB_BATCH)
		give_room_back(server, job);
	if (job->spoils)
		door_spoiled(server, job->sender);
	if (c == NULL)
		return;
	if (job->kind == JOB_BATCH)
		answer_batch(c, job);
	else
		answer_hello(c, job);
	connection_resume(c);
}

static void answer_done(struct server *server)
{
	struct job *jobs = sequencer_take_done(server->sequencer);
	while (jobs != NULL) {
		struct job *job = jobs;
		jobs = job->next;
		answer(server, job);
		job_free(job);
	}
	connections_let_in(server);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	uint64_t count;
	(void)what;
	if (read(fd, &count, sizeof count) > 0)
		answer_done(context);
}

/* From the sequencer's threads: a number in an eventfd is all that passes between them and libevent. */
static void wake_loop(void *context)
{
	struct server *server = context;
	uint64_t one = 1;
	(void)!write(server->wake_fd, &one, sizeof one);
}

/* ---- starting and stopping ---- */

/* Only the loop is ended here; everything else is let go of in order, behind it. */
static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct server *server = context;
	(void)fd;
	(void)what;
	event_base_loopexit(server->base, NULL);
}

/* Two small files of an operator who asks: read here, while nobody waits for long. */
static void on_reload(evutil_socket_t fd, short what, void *context)
{
	struct server *server = context;
	(void)fd;
	(void)what;
	if (server->tls == NULL)
		return;
	tls_server_reload(server->tls);
	health_certificate(server->health, tls_server_ends_s(server->tls));
}

static void tell(const char *line)
{
	fprintf(stderr, "indsigt-ingestd: %s\n", line);
}

/* Whoever is asked for a certificate and has none comes in all the same, unless its registration names one. */
static enum error open_tls(struct server *server, struct fault *fault)
{
	const struct tls_server_options options = {
		.files = &server->options->tls, .protocol = TLS_PROTOCOL_SENDER, .asks = true, .tell = tell};
	if (options.files->certificate == NULL)
		return E_OK;
	TRY(tls_server_open(&options, &server->tls, fault));
	health_certificate(server->health, tls_server_ends_s(server->tls));
	return E_OK;
}

static void submit_control(void *context, struct job *job)
{
	struct server *server = context;
	sequencer_submit(server->sequencer, job);
}

/* Last of all: whoever connects finds everything behind it running. */
static enum error open_listener(struct server *server, void (*listening)(const char *address), struct fault *fault)
{
	char text[ADDRESS_TEXT_MAX + 1];
	TRY(address_listen(server->options->bound, fault));
	server->listener =
		evconnlistener_new(server->base, on_accept, server, LEV_OPT_CLOSE_ON_EXEC, 0, server->options->bound);
	if (server->listener == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	if (evconnlistener_enable(server->listener) != 0) /* it is, unless the event was refused */
		return fault_set(fault, E_IO, "the event loop cannot wait for connections: %m");
	server->accepting = true;
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	address_format(&server->options->address, text);
	listening(text);
	return E_OK;
}

static enum error start(struct server *server, void (*listening)(const char *address), struct fault *fault)
{
	if ((server->base = event_base_new()) == NULL)
		return fault_set(fault, E_NO_MEMORY, "the event loop cannot be made: %m");
	server->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (server->wake_fd < 0)
		return fault_set(fault, E_IO, "the event loop cannot be woken: %m");
	server->wake = event_new(server->base, server->wake_fd, EV_READ | EV_PERSIST, on_wake, server);
	server->stop[0] = evsignal_new(server->base, SIGTERM, on_stop, server);
	server->stop[1] = evsignal_new(server->base, SIGINT, on_stop, server);
	server->reload = evsignal_new(server->base, SIGHUP, on_reload, server);
	server->beat = event_new(server->base, -1, EV_PERSIST, on_beat, server);
	TRY(fault_set(
		fault, allocated(server->wake && server->stop[0] && server->stop[1] && server->reload && server->beat), ""));
	struct timeval beat = {0, BEAT_MS * 1000};
	/* Without any of them it would run and hear nobody, or never end. */
	errno = 0;
	if (event_add(server->wake, NULL) != 0 || event_add(server->stop[0], NULL) != 0 ||
		event_add(server->stop[1], NULL) != 0 || event_add(server->reload, NULL) != 0 ||
		event_add(server->beat, &beat) != 0)
		return fault_set(fault, E_IO, "the event loop cannot wait for its events: %m");
	TRY(control_open(server->base, server->options->dir, submit_control, server, &server->control, fault));
	if (health_new(server->options->dir, &server->health) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	TRY(open_tls(server, fault));
	struct sequencer_options sequencing = {
		server->ledger, server->options->dir, server->options->epoch_seconds, server->health, wake_loop, server};
	TRY(sequencer_start(&sequencing, &server->sequencer, fault));
	health_beat(server->health); /* before anybody is told that it listens */
	return open_listener(server, listening, fault);
}

/* Finishes what was submitted, answers it, and ends every connection: the answers are written out first. */
static void end_connections(struct server *server)
{
	for (struct connection *c = server->connections; c != NULL; c = c->next)
		connection_set_reading(c, false);
	sequencer_stop(server->sequencer);
	answer_done(server);
	for (struct connection *c = server->connections; c != NULL; c = c->next)
		connection_end(c, E_STOPPED, NULL);
	/* Each of them ends within its deadline. */
	while (server->connections != NULL && event_base_loop(server->base, EVLOOP_ONCE) >= 0)
		continue;
	event_base_loop(server->base, EVLOOP_NONBLOCK); /* the control socket's answers */
}

/* In the order in which things refer to each other; also of a start that failed half-way, so each part may be
 * missing. */
static void stop(struct server *server)
{
	server->stopping = true;
	if (server->listener != NULL)
		evconnlistener_free(server->listener);
	server->listener = NULL;
	if (server->sequencer != NULL)
		end_connections(server);
	while (server->connections != NULL)
		connection_close(server->connections);
	door_free(server);
	control_close(server->control);
	sequencer_free(server->sequencer);
	health_free(server->health);
	tls_server_close(server->tls);
	struct event *events[] = {server->wake, server->stop[0], server->stop[1], server->reload, server->beat};
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (server->base != NULL)
		event_base_free(server->base);
	own_close(&server->wake_fd);
}

enum error server_run(struct ledger *ledger, const struct server_options *options,
	void (*listening)(const char *address), struct fault *fault)
{
	struct server *server = calloc(1, sizeof *server);
	TRY(fault_set(fault, allocated(server), ""));
	server->options = options;
	server->ledger = ledger;
	server->wake_fd = -1;
	room_init(&server->room);
	enum error error = start(server, listening, fault);
	if (error == E_OK && event_base_dispatch(server->base) < 0)
		error = fault_set(fault, E_IO, "the event loop failed: %m");
	stop(server);
	free(server);
	return error;
}
