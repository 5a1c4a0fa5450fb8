/* An HTTP server: libevent's evhttp in front of one function that answers. For the query daemon, mirrors and witnesses.
 * spec/http.md
 *
 * Nothing blocks in a callback of the loop: it reads requests and writes answers and does nothing else. Whoever answers
 * is called in a thread (workers.h), where it may read files, sync them and take its time; it may not touch the server,
 * and what it is asked with is borrowed until it returns. The finished response comes back to the loop, which owns it
 * from there. So a slow reader holds nothing but its answer, and a large answer never holds up the others. With one
 * worker a request is answered before the next one is looked at.
 *
 *   accept ─► READING ─► WORKING ─► WRITING ─► READING ...
 *               │ deadline            │ deadline
 *               └──────► closed ◄─────┘
 *
 * By TLS (spec/tls.md) SHAKING comes first, with a deadline of its own, and no more than a part of all connections are
 * in it. SIGHUP reads certificate and key anew.
 *
 * An answer with a report waits, in nobody's hands, until that is on record; where it cannot be it is refused. One that
 * is somebody else's to make (response.question) waits in the same way. So a worker is free meanwhile, and those who
 * need nobody else are not held up.
 *
 * A client that is slow to send or to read runs into the deadline of its phase, or into the end of its connection.
 * While WORKING nothing is read from the connection and it has no deadline, so that it cannot go away under the worker;
 * one whose end has come meanwhile is closed without the answer.
 *
 * An answer that cannot be made yet (response.later) holds no worker: its request waits, WORKING, until the server is
 * woken.
 *
 * On SIGTERM or SIGINT no more requests are taken; those that are being worked on are finished, and taken or not after
 * five seconds that is the end. */
#pragma once

#include "ledger/base/own.h"
#include "ledger/text/address.h"
#include "ledger/tls/tls_server.h"
#include "query/http/exchange.h"

/* What one server may take of a machine, whoever answers in it; what differs stands in http_options. */
#define HTTP_HEADER_BYTES_MAX 16384u                          /* request line and headers; over it: 400 */
#define HTTP_READ_AHEAD_BYTES_MAX (4 * HTTP_HEADER_BYTES_MAX) /* of a connection, beside one whole body */
#define HTTP_READ_SECONDS 15  /* from a connection's last answer to the end of its next request */
#define HTTP_WRITE_SECONDS 60 /* for a client to take its answer */
#define HTTP_SHAKING_PART 4   /* of all connections: handshakes of TLS that are not done */
#define HTTP_STOP_SECONDS 5u  /* for all of them, once a signal came */
#define HTTP_BACKLOG 4096     /* connections that wait to be accepted, in their order: a crowd shuts nobody out */
#define HTTP_OTHER_FDS 256u   /* open beside connections: what is read and written, and connections of its own */
#define HTTP_FDS_MIN 32u      /* fewer open files than these, and it does not begin */

/* Any worker. `response` is all zero but for the room and the route, which is "-". */
typedef void http_answerer(void *context, const struct request *request, struct response *response);

/* Whether it is on record, and where the first event of it stands. E_EXISTS: it was before, since somebody asked for
 * the same at the same time; what it was for is then answered once more, from what is on record by now. */
typedef void http_recorded(void *done_context, enum error error, uint64_t index);

/* What was answered; empty: nothing was. */
typedef void http_told(void *done_context, struct bytes answer);

struct http_options {
	http_answerer *answer;
	void *context;
	void (*release)(void *context); /* at the end of the server, also of one that could not be made; NULL: nothing */
	uint32_t workers;
	/* In a worker: puts a report on record, which it takes over, and calls `done` once, in any thread, before the
	 * server is freed. NULL: nothing can be put on record, and answers with a report are refused. */
	void (*record)(void *context, char *report, http_recorded *done, void *done_context);
	void *record_context;
	/* In a worker: hands a response's question to who answers it, and takes it over; `done` as of `record`. NULL: such
	 * questions have no answer. */
	void (*ask)(void *context, char *question, http_told *done, void *done_context);
	void *ask_context;
	/* Any thread: the body and headers of what the server itself refuses. The line does not end in a newline. */
	response_refuser *refuse;
	/* In the loop, before an answer goes out; or NULL. Status 0: none goes out, its connection is closed. */
	void (*answered)(const struct request *request, const struct response *response, double ms);
	/* In a worker, of everything that was made: may say that it is fatal. NULL: nothing is. */
	void (*judge)(struct response *response);
	/* A line for whoever runs it. */
	void (*tell)(const char *line);
	/* In the loop, on SIGHUP; or NULL. May not block. */
	void (*hangup)(void *context);
	uint32_t connections_max;
	uint32_t files_max; /* this process opens no more, others' among them; 0: connections_max and HTTP_OTHER_FDS */
	const struct tls_files *tls; /* outlives the server; NULL, or without a certificate: plain */
	bool asks_certificate;       /* by TLS: a client may show one, any; its key is in the request (tls_server.h) */
	const char *client_ca;       /* by TLS: a client must show one that one of these (PEM) has signed; or NULL */
	bool client_may;             /* it need not show one, but what it shows must be so signed */
	bool no_signals;             /* it is ended by http_server_stop and read anew by http_server_reload alone */
	bool turns_away;             /* one connection more is answered 503; otherwise it is closed, and always by TLS */
	int connection_seconds; /* a connection's whole life behind a handshake, in place of other deadlines; 0: those */
	size_t body_bytes_max;  /* read; over it: 413 without a reason, once all of it has come and gone */
	/* In the loop: whether this request may have a body; one that was read is otherwise refused with the reason. NULL:
	 * none may. Looks at method and path alone. */
	bool (*takes_body)(const void *context, const struct request *request);
	bool takes_chunks; /* a body also without a length, in chunks; the connection ends behind its answer */
	bool any_method;   /* also of those that nobody knows; otherwise 501 */
	/* Answers being made and not yet taken, of all connections; over it: 503. Large ones: room.h. */
	size_t output_bytes_max;
	size_t large_output_bytes_max;
};

struct http_server;
struct evhttp_request;
struct event_base;
struct secure;

/* Binds `address`. `options` are copied; their context lives as long as the server. E_IO. */
enum error http_server_new(const struct address *address, const struct http_options *options, struct http_server **out,
	struct fault *fault) MUST_USE;
/* Answers that were put off (response.later) are asked for again. Any thread, until the server is freed. */
void http_server_wake(struct http_server *server);
/* HOST:PORT as bound. */
const char *http_server_address(const struct http_server *server);
/* As a signal would end it. Any thread, until the server is freed. */
void http_server_stop(struct http_server *server);
/* As SIGHUP would. Any thread, until the server is freed. */
void http_server_reload(struct http_server *server);
/* Answers until a signal, or http_server_stop. What an answer says is fatal is returned. E_IO. */
enum error http_server_run(struct http_server *server, struct fault *fault) MUST_USE;
void http_server_free(struct http_server *server);
OWN(http_server, http_server_free);

/* For http_options: bodies of all POSTs; a refusal in plain text; a line on stderr. */
bool http_takes_posts(const void *context, const struct request *request);
void http_refuse_text(int status, enum error error, const char *line, struct response *response);
void http_tell(const char *line);
/* What is said to a request whose end is not clear. */
#define HTTP_END_UNCLEAR                                                                                        \
	"a body is not taken here, or this request can be read in two ways; a body has one Content-Length, and no " \
	"Transfer-Encoding, which only the doors of a gateway take, as 'chunked' and without a length"
/* Only what takes bodies gets one: a proxy could make out another end of the request than evhttp. `last`: nothing more
 * is to be read from the connection. */
bool http_end_clear(
	const struct http_options *options, struct evhttp_request *http, const struct request *request, bool *last);
/* What waits for a reader is counted before it waits: not the body of a HEAD, nor a refusal, which is short. False:
 * there is no room, and it has become a refusal. */
bool http_take_room(const struct http_options *options, bool head, struct response *response);
/* TLS as the options want it, or none. Errors of secure_new. */
enum error http_secure(
	const struct http_options *options, struct event_base *base, struct secure **out, struct fault *fault) MUST_USE;
/* Where nothing can be put on record or asked: it is not. */
void http_fill(struct http_options *options);
/* Lets this process open as many files as so many connections need, beside others. Where it may not, there are fewer
 * connections, down to a quarter of its files: accepting would fail over and over. E_IO: it may open hardly any. */
enum error http_fit_files(uint32_t *connections, struct fault *fault) MUST_USE;
