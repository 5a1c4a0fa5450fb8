/* A client's line by TLS: who is believed, and a connection's bytes, over a socket that the caller has connected and
 * waits for. spec/tls.md
 *
 * The server's certificate must be signed by somebody who is believed (the system's authorities, or those of `ca`
 * alone) and made out for the host that was asked for. Versions from 1.2 on: something between that ends TLS may be
 * old.
 *
 * A line is like a socket that does not block: send and recv give what send(2) and recv(2) give, EAGAIN among it; the
 * handshake is done by them on the way. EPROTO: TLS itself failed, and tls_line_why says how, for people. */
#pragma once

#include "ledger/tls/tls_pair.h"

#include <sys/types.h>

#define TLS_HOST_MAX 255u

/* As given on a command line. */
struct tls_trust {
	const char *ca;          /* PEM: who is believed; NULL: whom the system believes */
	const char *pin;         /* PEM: its first certificate alone is believed, whatever name is in it; or NULL */
	const char *certificate; /* shown to a server that asks, with its chain; NULL: none */
	const char *key;         /* 0600 */
};

struct tls_client;

/* For `protocol`, an ALPN name. E_NOT_FOUND, E_PERMISSION, E_BAD_KEY, E_USAGE, E_NO_MEMORY. */
enum error tls_client_open(
	const struct tls_trust *trust, const char *protocol, struct tls_client **out, struct fault *fault) MUST_USE;
void tls_client_close(struct tls_client *client);
OWN(tls_client, tls_client_close);

struct tls_line;

/* Over `fd`, which stays the caller's and must outlive it, to `host` (a name, or an address without brackets). Nothing
 * is sent yet: the first tls_line_recv begins. NULL: there was no memory. */
struct tls_line *tls_line_open(struct tls_client *client, int fd, const char *host) MUST_USE;
/* Says that nothing more will be sent, if that can be said at once. */
void tls_line_close(struct tls_line *line);
OWN(tls_line, tls_line_close);
ssize_t tls_line_send(struct tls_line *line, const void *data, size_t len) MUST_USE;
ssize_t tls_line_recv(struct tls_line *line, void *data, size_t len) MUST_USE;
/* The last call gave EAGAIN, and may go on when the socket can be written; otherwise when it can be read. */
bool tls_line_wants_write(const struct tls_line *line);
bool tls_line_is_open(const struct tls_line *line);
/* What answers is not what was meant, and will not be in a moment: its certificate is not believed, it does not speak
 * TLS, or another protocol in it. */
bool tls_line_is_mistaken(const struct tls_line *line);
/* Bytes that went to the socket, of whatever kind. */
uint64_t tls_line_written(const struct tls_line *line);
/* Why a call gave EPROTO; borrowed. */
const char *tls_line_why(const struct tls_line *line);
