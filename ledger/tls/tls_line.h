/* A line by TLS, of either end: a connection's bytes, over a socket that the caller has and waits for. spec/tls.md
 *
 * It is like a socket that does not block: send and recv give what send(2) and recv(2) give, EAGAIN among it; the
 * handshake is done by them on the way. EPROTO: TLS itself failed, and tls_line_why says how, for people. A client's is
 * made by tls_line_open (tls_client.h), a server's by tls_server_accept (tls_server.h). */
#pragma once

#include "ledger/tls/tls_pair.h"

#include <sys/types.h>

#define TLS_HOST_MAX 255u

struct tls_line;

/* Says that nothing more will be sent, if that can be said at once. */
void tls_line_close(struct tls_line *line);
OWN(tls_line, tls_line_close);
ssize_t tls_line_send(struct tls_line *line, const void *data, size_t len) MUST_USE;
ssize_t tls_line_recv(struct tls_line *line, void *data, size_t len) MUST_USE;
/* The last call gave EAGAIN, and may go on when the socket can be written; otherwise when it can be read. */
bool tls_line_wants_write(const struct tls_line *line);
bool tls_line_is_open(const struct tls_line *line);
/* Says that nothing more will be sent, if that can be said at once; what comes is received on. */
void tls_line_say_end(struct tls_line *line);
/* The key of the certificate that the other end has shown, and proven to have. */
bool tls_line_peer_key(const struct tls_line *line, struct hash *out) MUST_USE;
/* What answers is not what was meant, and will not be in a moment: its certificate is not believed, it does not speak
 * TLS, or another protocol in it. */
bool tls_line_is_mistaken(const struct tls_line *line);
/* Bytes that went to the socket, of whatever kind. */
uint64_t tls_line_written(const struct tls_line *line);
/* Why a call gave EPROTO; borrowed. */
const char *tls_line_why(const struct tls_line *line);
