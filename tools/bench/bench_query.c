/* Each connection has one request under way, and asks the next when the answer is whole: so many citizens who wait. Any
 * answer but 200, and any connection that ends, ends the measurement: figures of refusals would look good. */
#include "tools/bench/bench_query.h"

#include "ledger/base/clock.h"
#include "ledger/base/own.h"
#include "ledger/text/address.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>

#define ANSWER_BYTES_MAX (1u << 20)
#define REQUEST_BYTES_MAX 8192u
#define ANSWER_MS_MAX 30000

struct asking {
	const struct ask *ask;
	struct ask_line lines[ASK_CONNECTIONS_MAX];
	uint32_t asked;
	uint32_t answered;
	double *took_ms;
	size_t answer_bytes;
};

/* ---- a connection ---- */

/* The handshake is made by asking for what is not there yet. */
static enum error shake_hands(struct ask_line *line, struct fault *fault)
{
	char none;
	while (!tls_line_is_open(line->tls)) {
		if (tls_line_recv(line->tls, &none, 1) >= 0 || errno != EAGAIN)
			return fault_set(fault, E_IO, "no TLS to the query daemon: %s", tls_line_why(line->tls));
		struct pollfd ready = {.fd = line->fd, .events = tls_line_wants_write(line->tls) ? POLLOUT : POLLIN};
		if (!tls_line_is_open(line->tls) && poll(&ready, 1, ANSWER_MS_MAX) == 0)
			return fault_set(fault, E_IO, "the query daemon does not answer");
	}
	return E_OK;
}

static enum error begin_tls(const char *ca, struct ask_line *line, struct fault *fault)
{
	const struct tls_trust trust = {.ca = ca};
	int flags = fcntl(line->fd, F_GETFL);
	TRY(tls_client_open(&trust, TLS_PROTOCOL_HTTP, &line->client, fault));
	if (fcntl(line->fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return fault_set(fault, E_IO, "%m");
	line->tls = tls_line_open(line->client, line->fd, "127.0.0.1");
	TRY(fault_set(fault, allocated(line->tls), ""));
	return shake_hands(line, fault);
}

static ssize_t line_write(struct ask_line *line, const char *data, size_t len)
{
	return line->tls ? tls_line_send(line->tls, data, len) : write(line->fd, data, len);
}

static ssize_t line_recv(struct ask_line *line, char *data, size_t len)
{
	return line->tls ? tls_line_recv(line->tls, data, len) : read(line->fd, data, len);
}

enum error ask_line_open(const char *server, const char *ca, struct ask_line *line, struct fault *fault)
{
	struct address address;
	int one = 1;
	TRY(address_parse(server, &address, fault));
	line->answer = malloc(ANSWER_BYTES_MAX + 1);
	line->fd = socket(address.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (line->answer == NULL || line->fd < 0 ||
		connect(line->fd, (const struct sockaddr *)&address.socket, address.len) != 0)
		return fault_set(fault, E_IO, "no connection to the query daemon: %m");
	(void)setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return ca ? begin_tls(ca, line, fault) : E_OK;
}

void ask_line_close(struct ask_line *line)
{
	tls_line_close(line->tls);
	tls_client_close(line->client);
	own_close(&line->fd);
	free(line->answer);
	*line = ASK_LINE_NONE;
}

static enum error line_ask(
	struct ask_line *line, const char *server, const char *path, const char *token, struct fault *fault)
{
	char request[REQUEST_BYTES_MAX];
	int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path,
		server, token);
	if (len <= 0 || (size_t)len >= sizeof request)
		return fault_set(fault, E_NO_ROOM, "the request is too long");
	line->len = 0;
	line->start_ns = clock_ns();
	if (line_write(line, request, (size_t)len) != len)
		return fault_set(fault, E_IO, "the query daemon does not take the request: %m");
	return E_OK;
}

/* Is the answer whole? Its headers end in an empty line and have a Content-Length. */
static bool line_whole(const struct ask_line *line, size_t *body_bytes)
{
	static const char header[] = "\r\nContent-Length: ";
	const char *end = strstr(line->answer, "\r\n\r\n");
	const char *length = strcasestr(line->answer, header);
	if (end == NULL || length == NULL || length > end)
		return false;
	*body_bytes = strtoul(length + sizeof header - 1, NULL, 10);
	return line->len >= (size_t)(end + 4 - line->answer) + *body_bytes;
}

static enum error line_read(struct ask_line *line, bool *whole, size_t *body_bytes, double *out_ms, struct fault *fault)
{
	ssize_t n;
	do { /* TLS may hold what the socket has given already */
		n = line_recv(line, line->answer + line->len, ANSWER_BYTES_MAX - line->len);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return fault_set(fault, E_IO, "the query daemon's answer ended too early: %m");
		line->len += n > 0 ? (size_t)n : 0;
		line->answer[line->len] = '\0';
		*whole = line_whole(line, body_bytes);
	} while (line->tls && n > 0 && !*whole);
	if (!*whole)
		return E_OK;
	if (strncmp(line->answer, "HTTP/1.1 200 ", 13) != 0)
		return fault_set(fault, E_STOPPED, "the query daemon answered '%.12s' instead of 'HTTP/1.1 200'", line->answer);
	*out_ms = (double)(clock_ns() - line->start_ns) / 1e6;
	return E_OK;
}

enum error ask_line_once(
	struct ask_line *line, const char *server, const char *path, const char *token, double *out_ms, struct fault *fault)
{
	size_t body_bytes;
	TRY(line_ask(line, server, path, token, fault));
	for (bool whole = false; !whole;) {
		struct pollfd ready = {.fd = line->fd, .events = POLLIN};
		if (poll(&ready, 1, ANSWER_MS_MAX) == 0)
			return fault_set(fault, E_IO, "the query daemon does not answer");
		TRY(line_read(line, &whole, &body_bytes, out_ms, fault));
	}
	return E_OK;
}

/* ---- many at the same time ---- */

static enum error ask_next(struct asking *asking, struct ask_line *line, struct fault *fault)
{
	const struct ask *ask = asking->ask;
	if (asking->asked == ask->requests)
		return E_OK;
	return line_ask(line, ask->server, ask->path, ask->tokens[asking->asked++ % ask->token_count], fault);
}

static enum error hear(struct asking *asking, struct ask_line *line, struct fault *fault)
{
	bool whole;
	TRY(line_read(line, &whole, &asking->answer_bytes, &asking->took_ms[asking->answered], fault));
	if (!whole)
		return E_OK;
	asking->answered++;
	return ask_next(asking, line, fault);
}

static enum error ask_all(struct asking *asking, struct fault *fault)
{
	const struct ask *ask = asking->ask;
	for (uint32_t i = 0; i < ask->connections; i++)
		TRY(ask_next(asking, &asking->lines[i], fault));
	while (asking->answered < ask->requests) {
		struct pollfd fds[ASK_CONNECTIONS_MAX];
		for (uint32_t i = 0; i < ask->connections; i++)
			fds[i] = (struct pollfd){.fd = asking->lines[i].fd, .events = POLLIN};
		int ready = poll(fds, ask->connections, ANSWER_MS_MAX);
		if (ready == 0 || (ready < 0 && errno != EINTR))
			return fault_set(fault, E_IO, "the query daemon does not answer");
		for (uint32_t i = 0; i < ask->connections; i++)
			if (ready > 0 && fds[i].revents)
				TRY(hear(asking, &asking->lines[i], fault));
	}
	return E_OK;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

struct ask_times ask_times_of(double *ms, size_t count)
{
	qsort(ms, count, sizeof *ms, compare);
	return (struct ask_times){ms[count / 2], ms[count * 99 / 100]};
}

static enum error measure(struct asking *asking, struct ask_result *out, struct fault *fault)
{
	const struct ask *ask = asking->ask;
	for (uint32_t i = 0; i < ask->connections; i++)
		TRY(ask_line_open(ask->server, ask->ca, &asking->lines[i], fault));
	uint64_t start_ns = clock_ns();
	TRY(ask_all(asking, fault));
	double seconds = (double)(clock_ns() - start_ns) / 1e9;
	*out = (struct ask_result){.times = ask_times_of(asking->took_ms, ask->requests),
		.per_second = (double)ask->requests / seconds,
		.answer_bytes = asking->answer_bytes};
	return E_OK;
}

enum error ask_run(const struct ask *ask, struct ask_result *out, struct fault *fault)
{
	struct asking asking = {.ask = ask};
	if (ask->connections < 1 || ask->connections > ASK_CONNECTIONS_MAX || ask->requests < 1)
		return fault_set(fault, E_USAGE, "1 to %u connections ask at least once", ASK_CONNECTIONS_MAX);
	for (uint32_t i = 0; i < ask->connections; i++)
		asking.lines[i] = ASK_LINE_NONE;
	asking.took_ms = calloc(ask->requests, sizeof *asking.took_ms);
	enum error error = asking.took_ms ? measure(&asking, out, fault) : fault_set(fault, E_NO_MEMORY, "");
	for (uint32_t i = 0; i < ask->connections; i++)
		ask_line_close(&asking.lines[i]);
	free(asking.took_ms);
	return error;
}
