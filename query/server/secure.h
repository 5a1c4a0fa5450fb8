/* TLS under an HTTP server, or none: the streams that connections are made of, and what they cost. spec/tls.md
 *
 * libevent does the handshakes, in the loop: none waits for anything, but each costs the processor a public-key
 * operation. So only so many are begun in a moment; who comes beyond that waits in the backlog. */
#pragma once

#include "ledger/base/own.h"
#include "ledger/tls/tls_server.h"

#include <event2/bufferevent.h>
#include <event2/event.h>

#define SECURE_HANDSHAKES 33u /* begun within SECURE_WINDOW_MS: three of them are in a quarter of a second (TLS-8) */
#define SECURE_WINDOW_MS 100u
#define SECURE_LOOK_SECONDS 60 /* whether the certificate ends soon */

struct secure;

/* `options->files` NULL or without a certificate: plain. E_BAD_KEY and the like (tls_server.h). */
enum error secure_new(const struct tls_server_options *options, struct event_base *base, struct secure **out,
	struct fault *fault) MUST_USE;
void secure_free(struct secure *secure);
OWN(secure, secure_free);

/* Reads the files anew; plain, it does nothing. */
void secure_reload(struct secure *secure);
bool secure_speaks_tls(const struct secure *secure);
/* When the certificate ends, in seconds since 1970; 0: there is none. */
uint64_t secure_ends_s(const struct secure *secure);
/* A stream for a connection that is going to be accepted; NULL: there was no memory. */
struct bufferevent *secure_stream(struct secure *secure, struct event_base *base);
/* As many handshakes were begun as may be for now: accepting should pause for SECURE_WINDOW_MS. */
bool secure_is_spent(struct secure *secure);
/* Its handshake is not done. Never of a plain one. */
bool secure_is_shaking(struct bufferevent *stream);
/* The key that the other end has shown. Never of a plain one. */
bool secure_peer_key(struct bufferevent *stream, struct hash *out);
/* The SHA-256 of the certificate that it is in. */
bool secure_peer_thumbprint(struct bufferevent *stream, struct hash *out);
/* It is about to be closed: if all was written, the other side is told that this is the end. */
void secure_end(struct bufferevent *stream);
