/* indsigt-queryd on the network: libevent's evhttp in front of routes.h, one of the few files here that know libevent.
 * spec/http.md
 *
 * The loop reads requests and writes answers and does nothing else. A request goes to one of a few workers, which
 * answers it from a snapshot of its own into memory; the finished response comes back to the loop through a list and an
 * eventfd. So a slow reader never holds a snapshot, and a large answer never holds up the others.
 *
 *   accept ─► READING ─► WORKING ─► WRITING ─► READING ...
 *               │ deadline            │ deadline
 *               └──────► closed ◄─────┘
 *
 * A client that is slow to send or to read runs into the deadline of its state. While WORKING nothing is read from the
 * connection and it has no deadline, so that it cannot go away under the worker. */
#pragma once

#include "ledger/base/own.h"
#include "ledger/text/address.h"
#include "query/routes/routes.h"

#define SERVER_WORKERS 2u
#define SERVER_HEADER_BYTES_MAX 16384u /* request line and headers; over it: 400 */
#define SERVER_BODY_BYTES_MAX 4096u    /* read, and refused with the reason; over it: 413 without one */
#define SERVER_READ_SECONDS 15u        /* from a connection's last answer to the end of its next request */
#define SERVER_WRITE_SECONDS 60u       /* for a client to take its answer */
#define SERVER_OUTPUT_BYTES_MAX                                                                                \
	(64u << 20)                      /* answers being made and not yet taken, of all connections; over it: 503 \
									  */
#define SERVER_WORK_BYTES (8u << 20) /* of that for what the workers have in hand beside the answer's text */
#define SERVER_LARGE_OUTPUT_BYTES_MAX (52u << 20) /* a large answer waits for the small ones (room.h) */

struct server;

/* Binds `address`. `routes` is borrowed until server_free. E_IO. */
enum error server_new(
	const struct address *address, const struct routes *routes, struct server **out, struct fault *fault) MUST_USE;
/* HOST:PORT as bound. */
const char *server_address(const struct server *server);
/* Answers until SIGTERM or SIGINT; then takes no more requests, finishes those that are being worked on, and returns.
 */
enum error server_run(struct server *server, struct fault *fault) MUST_USE;
void server_free(struct server *server);
OWN(server, server_free);
