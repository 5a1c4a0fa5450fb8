/* One connection to the ledger, made, used and lost, by TLS (ledger/tls) or without: all that outbox_link.c knows of it
 * are bytes, and when to look again.
 *
 *   connect ─► connected ─► by TLS: handshake, which reading does on the way ─► open ─► lost ─► connect, after a pause
 */
#include "ingest/sender/outbox_state.h"
#include "ledger/base/clock.h"
#include "ledger/text/address.h"
#include "ledger/text/number.h"

#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define TLS_SCHEME "tls://"

enum error outbox_line_address(struct outbox *outbox, struct fault *fault)
{
	const char *server = outbox->options.server;
	bool tls = strncmp(server, TLS_SCHEME, strlen(TLS_SCHEME)) == 0;
	server += tls ? strlen(TLS_SCHEME) : 0;
	const char *colon = strrchr(server, ':');
	uint64_t port;
	size_t host_len = colon == NULL ? 0 : (size_t)(colon - server);
	if (host_len >= 2 && server[0] == '[' && colon[-1] == ']') {
		server++;
		host_len -= 2;
	} else if (host_len > 0 && memchr(server, ':', host_len) != NULL) {
		host_len = 0;
	}
	if (host_len == 0 || host_len > OUTBOX_HOST_MAX)
		return fault_set(fault, E_USAGE, "the server is given as tls://HOST:PORT, or without TLS as HOST:PORT");
	if (!number_parse(colon + 1, 1, UINT16_MAX, &port))
		return fault_set(fault, E_USAGE, "the server's port must be a number from 1 to 65535");
	memcpy(outbox->host, server, host_len);
	snprintf(outbox->port, sizeof outbox->port, "%s", colon + 1);
	return tls ? tls_client_open(&outbox->options.tls, TLS_PROTOCOL_SENDER, &outbox->tls, fault) : E_OK;
}

/* What was in flight is so no longer; it waits in the spool, and the next welcome says how much of it the ledger
 * has. */
void outbox_line_close(struct outbox *outbox)
{
	tls_line_close(outbox->line);
	outbox->line = NULL;
	if (outbox->fd >= 0)
		close(outbox->fd);
	outbox->fd = -1;
	outbox->connecting = false;
	outbox->written = 0;
	outbox->sent = 0;
	outbox->out_start = outbox->out_len = outbox->in_len = 0;
	client_session_close(&outbox->session);
}

void outbox_line_lost(struct outbox *outbox, const char *why)
{
	outbox_line_close(outbox);
	outbox->connect_at_ms = clock_ms() + client_backoff_ms(outbox->attempts++, randombytes_random());
	outbox_notice(outbox, "%s:%s: %s; trying again", outbox->host, outbox->port, why);
}

/* ---- connecting ---- */

static int open_socket(const struct addrinfo *address)
{
	OWNED_FD fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)
		return -1;
	int connecting = fd;
	fd = -1;
	return connecting;
}

/* Without TLS all that is sent can be read where it passes: only to this machine, unless somebody has said otherwise.
 */
static bool may_connect(const struct outbox *outbox, const struct addrinfo *to)
{
	struct address address = {.len = to->ai_addrlen};
	memcpy(&address.socket, to->ai_addr, to->ai_addrlen);
	return outbox->tls != NULL || outbox->options.plain_off_loopback || address_is_loopback(&address);
}

/* Takes the addresses of the host in turn, one for each attempt. */
enum error outbox_line_connect(struct outbox *outbox, struct fault *fault)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	int result = getaddrinfo(outbox->host, outbox->port, &hints, &list);
	if (result == EAI_NONAME && !outbox->resolved)
		return fault_set(fault, E_IO, "there is no host '%s': is --server right?", outbox->host);
	if (result != 0) {
		outbox_line_lost(outbox, gai_strerror(result));
		return E_OK;
	}
	outbox->resolved = true;
	unsigned count = 0;
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
		count++;
	const struct addrinfo *address = list;
	for (unsigned skip = outbox->attempts % count; skip > 0; skip--)
		address = address->ai_next;
	bool may = may_connect(outbox, address);
	outbox->fd = may ? open_socket(address) : -1;
	int error = errno;
	freeaddrinfo(list);
	if (!may)
		return fault_set(fault, E_USAGE,
			"'%s' is another machine, and without TLS events can be read on their way; give the server as "
			"tls://HOST:PORT, or say --plain-off-loopback",
			outbox->host);
	if (outbox->fd < 0)
		outbox_line_lost(outbox, strerror(error));
	else
		outbox->connecting = true;
	return E_OK;
}

/* A connection that could not be made says so when it becomes writable. */
void outbox_line_connected(struct outbox *outbox)
{
	int error = 0;
	socklen_t len = sizeof error;
	if (getsockopt(outbox->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		outbox_line_lost(outbox, strerror(error));
		return;
	}
	outbox->connecting = false;
	if (outbox->tls != NULL && (outbox->line = tls_line_open(outbox->tls, outbox->fd, outbox->host)) == NULL) {
		outbox_line_lost(outbox, error_text(E_NO_MEMORY));
		return;
	}
	client_session_start(&outbox->session, clock_ms());
}

/* ---- bytes, by TLS or without ---- */

ssize_t outbox_line_send(struct outbox *outbox, const void *data, size_t len)
{
	return outbox->line != NULL ? tls_line_send(outbox->line, data, len) : send(outbox->fd, data, len, MSG_NOSIGNAL);
}

ssize_t outbox_line_recv(struct outbox *outbox, void *data, size_t len)
{
	return outbox->line != NULL ? tls_line_recv(outbox->line, data, len) : recv(outbox->fd, data, len, 0);
}

/* Nothing has come from it yet, and TLS was not spoken. */
static bool is_wordless(const struct outbox *outbox)
{
	return outbox->line == NULL && outbox->session.state == CLIENT_CONNECTED;
}

static void lost_wordless(struct outbox *outbox, const char *how)
{
	char why[FAULT_TEXT_MAX + 1];
	snprintf(why, sizeof why, "%.150s without a word; if it speaks TLS, give the server as tls://HOST:PORT", how);
	outbox_line_lost(outbox, why);
}

void outbox_line_ended(struct outbox *outbox)
{
	if (is_wordless(outbox))
		lost_wordless(outbox, "the connection was closed");
	else
		outbox_line_lost(outbox, "the connection was closed");
}

/* A certificate that is not believed, or what is no ledger's port at all, ends it where it was never otherwise:
 * somebody has mistaken the server, or the authority. Later it may be a matter of minutes, until somebody has renewed
 * it. */
enum error outbox_line_failed(struct outbox *outbox, int error, struct fault *fault)
{
	bool mistaken = outbox->line != NULL && tls_line_is_mistaken(outbox->line);
	char why[FAULT_TEXT_MAX + 1]; /* the line's own goes with it */
	snprintf(why, sizeof why, "%s", error == EPROTO && outbox->line ? tls_line_why(outbox->line) : strerror(error));
	if (mistaken && outbox->welcomed_ms == 0)
		return fault_set(fault, E_IO, "nothing was told to %s:%s: %s", outbox->host, outbox->port, why);
	if (is_wordless(outbox))
		lost_wordless(outbox, why);
	else
		outbox_line_lost(outbox, why);
	return E_OK;
}

bool outbox_line_is_open(const struct outbox *outbox)
{
	return outbox->fd >= 0 && !outbox->connecting && (outbox->line == NULL || tls_line_is_open(outbox->line));
}

/* What was written and is not in the system's queue any more has arrived. */
uint64_t outbox_line_gone(const struct outbox *outbox)
{
	int queued = 0;
	uint64_t written = outbox->line != NULL ? tls_line_written(outbox->line) : outbox->written;
	bool known = ioctl(outbox->fd, SIOCOUTQ, &queued) == 0 && queued >= 0 && (uint64_t)queued <= written;
	return known ? written - (uint64_t)queued : 0;
}

/* By TLS what is to be read may need that something is written first, and the handshake goes on in reading. */
short outbox_line_reads(const struct outbox *outbox)
{
	bool writes = outbox->line != NULL && tls_line_wants_write(outbox->line);
	return (short)(POLLIN | POLLHUP | POLLERR | (writes ? POLLOUT : 0));
}

short outbox_line_waits(const struct outbox *outbox)
{
	if (outbox->connecting)
		return POLLOUT;
	bool writes = outbox->out_len > 0 && outbox_line_is_open(outbox);
	return (short)(POLLIN | (writes || (outbox_line_reads(outbox) & POLLOUT) ? POLLOUT : 0));
}
