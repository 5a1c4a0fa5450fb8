/* A witness on the network: an HTTP server in front of tools/witness/witness.h. spec/witness.md
 *
 *   POST /add-checkpoint              200 400 403 404 409 422, 413 for what is far too long, 500
 *   GET  /<origin hash>/checkpoint    200 404
 *
 * Other methods 405, other addresses 404; 503 where there is no memory or no room for an answer.
 *
 * One worker: a request is answered before the next one is looked at, which is what makes checking and updating one
 * step. An answer costs two signature checks, a signature and two syncs of the disk. There are few clients (logs and
 * monitors), so a connection simply ends after WITNESS_CONNECTION_SECONDS, whatever it is doing.
 *
 * What fails: no memory for an answer: 503; a log that asks again is told what was recorded by then (409), and gets the
 * cosignature then. A disk that does not take what was cosigned: 500, and no cosignature is given. */
#pragma once

#include "query/server/http_server.h"
#include "tools/witness/witness.h"

#define WITNESS_CONNECTIONS_MAX 256u
#define WITNESS_CONNECTION_SECONDS 60
#define WITNESS_OUTPUT_BYTES_MAX (64u << 20) /* answers that wait for their readers; over it: 503 */

/* Binds `address`. `tls` and `witness` are borrowed until the server is let go. E_IO; of a pair that cannot be used
 * what tls_server.h says. */
enum error witness_server_new(const struct address *address, const struct tls_files *tls, struct witness *witness,
	struct http_server **out, struct fault *fault) MUST_USE;
