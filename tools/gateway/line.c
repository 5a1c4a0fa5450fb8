/* The socket is read only when its bytes have a place; what it has is a matter between the kernel and the peer until
 * then. */
#include "tools/gateway/line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* IPv4 in the clothes of IPv6 is said as what it is: registrations name it so. */
static void address_of(const struct sockaddr *address, char out[INET6_ADDRSTRLEN])
{
	out[0] = '\0';
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof in);
		(void)inet_ntop(AF_INET, &in.sin_addr, out, INET6_ADDRSTRLEN);
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, address, sizeof in);
		if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr))
			(void)inet_ntop(AF_INET, in.sin6_addr.s6_addr + 12, out, INET6_ADDRSTRLEN);
		else
			(void)inet_ntop(AF_INET6, &in.sin6_addr, out, INET6_ADDRSTRLEN);
	}
}

/* A machine that is gone without a word is noticed in the end. */
static void keep_alive(int fd)
{
	int on = 1, idle_s = 300, between_s = 60, times = 5;
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof between_s);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
}

struct line *line_open(
	int fd, const struct sockaddr *address, struct tls_server *tls, enum adapter_format format, uint64_t now_ms)
{
	struct line *line = calloc(1, sizeof *line);
	if (line == NULL) {
		close(fd);
		return NULL;
	}
	line->fd = fd;
	line->heard_ms = now_ms;
	line->let_in = tls == NULL;
	keep_alive(fd);
	address_of(address, line->who.address);
	snprintf(line->name, sizeof line->name, "syslog %s", line->who.address);
	line->input = (struct input){.fd = fd, .name = bytes_text(line->name), .format = format, .line = &line->who};
	if (messages_open(fd, format, &line->messages) != E_OK ||
		(tls != NULL && (line->tls = tls_server_accept(tls, fd)) == NULL)) {
		line_free(line);
		return NULL;
	}
	messages_rest(&line->messages);
	return line;
}

void line_free(struct line *line)
{
	tls_line_close(line->tls);
	close(line->fd);
	messages_close(&line->messages);
	rejected_seen_free(&line->input.seen);
	kept_close(&line->input.kept);
	equals_free(&line->who.equals);
	free(line);
}

static ssize_t take(struct line *line, uint8_t *space)
{
	ssize_t n;
	do
		n = line->tls != NULL ? tls_line_recv(line->tls, space, MESSAGES_READ_BYTES)
							  : recv(line->fd, space, MESSAGES_READ_BYTES, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n;
}

/* A key that was shown is known by its hash from here on. */
static bool is_shaken(struct line *line)
{
	struct hash key;
	if (line->let_in || line->who.certificate[0] != '\0' || !tls_line_is_open(line->tls))
		return false;
	if (tls_line_peer_key(line->tls, &key))
		sodium_bin2hex(line->who.certificate, sizeof line->who.certificate, key.b, sizeof key.b);
	return true;
}

enum line_read line_read(struct line *line, uint64_t now_ms)
{
	uint8_t *space = messages_space(&line->messages);
	if (space == NULL) {
		errno = ENOMEM;
		return LINE_END;
	}
	if (line->begun_ms == 0)
		line->begun_ms = now_ms;
	ssize_t n = take(line, space);
	int failed = n < 0 ? errno : 0;
	line->more = line->tls != NULL && n > 0;
	if (n > 0) {
		line->heard_ms = now_ms;
		messages_took(&line->messages, (size_t)n);
	}
	if (is_shaken(line))
		return LINE_SHAKEN;
	if (n > 0)
		return LINE_BYTES;
	if (failed == EAGAIN || failed == EWOULDBLOCK)
		return LINE_NOTHING;
	errno = failed;
	return LINE_END;
}

void line_say_end(struct line *line)
{
	if (line->ending)
		return;
	line->ending = true;
	if (line->tls != NULL)
		tls_line_say_end(line->tls);
	(void)shutdown(line->fd, SHUT_WR);
}

bool line_is_between(const struct line *line)
{
	struct pollfd unread = {.fd = line->fd, .events = POLLIN};
	return messages_window(&line->messages).len == 0 && messages_resumable(&line->messages) && !line->more &&
		   !line->input.in_parts && poll(&unread, 1, 0) == 0;
}
