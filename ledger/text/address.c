/* Names are not looked up, so what is listened on is what was written; localhost is 127.0.0.1 and nothing else. The
 * address is read back from the socket, because a port of 0 became another one. A socket that cannot listen is closed
 * before the error goes up. */
#include "ledger/text/address.h"

#include "ledger/base/own.h"
#include "ledger/text/number.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

/* Who waits to be accepted does so in order: a crowd that comes again and again shuts nobody out. */
#define LISTEN_BACKLOG 4096

/* IPv6 in brackets only: without them the last group could be a port. */
static bool host_parse(const char *host, uint16_t port, struct address *out)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)&out->socket;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->socket;
	size_t len = strlen(host);
	char inner[INET6_ADDRSTRLEN];
	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		out->len = sizeof *in4;
		return true;
	}
	if (len < 2 || len - 2 >= sizeof inner || host[0] != '[' || host[len - 1] != ']')
		return false;
	memcpy(inner, host + 1, len - 2);
	inner[len - 2] = '\0';
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	out->len = sizeof *in6;
	return inet_pton(AF_INET6, inner, &in6->sin6_addr) == 1;
}

enum error address_parse(const char *text, struct address *out, struct fault *fault)
{
	static const char detail[] =
		"the address '%s' must be HOST:PORT with a numeric host (IPv6 in brackets) or localhost, "
		"and a port from 0 (a free one) to 65535";
	char host[ADDRESS_TEXT_MAX + 1];
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;
	struct address address = {0};
	if (colon == NULL || (size_t)(colon - text) > ADDRESS_TEXT_MAX || !number_parse(colon + 1, 0, UINT16_MAX, &port))
		return fault_set(fault, E_USAGE, detail, text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (!host_parse(host, (uint16_t)port, &address))
		return fault_set(fault, E_USAGE, detail, text);
	*out = address;
	return E_OK;
}

void address_format(const struct address *address, char out[ADDRESS_TEXT_MAX + 1])
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&address->socket;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->socket;
	char host[INET6_ADDRSTRLEN] = "";
	if (address->socket.ss_family == AF_INET) {
		inet_ntop(AF_INET, &in4->sin_addr, host, sizeof host);
		snprintf(out, ADDRESS_TEXT_MAX + 1, "%s:%u", host, ntohs(in4->sin_port));
	} else {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
		snprintf(out, ADDRESS_TEXT_MAX + 1, "[%s]:%u", host, ntohs(in6->sin6_port));
	}
}

bool address_is_loopback(const struct address *address)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&address->socket;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->socket;
	if (address->socket.ss_family == AF_INET)
		return ntohl(in4->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

enum error address_refuse(const char *text, struct fault *fault)
{
	return fault_set(fault, E_IO, "%s cannot be listened on: %m%s", text,
		errno == EADDRINUSE ? "; end the process that has it, or give another port" : "");
}

static bool bind_to(int fd, struct address *address)
{
	int on = 1;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		   bind(fd, (struct sockaddr *)&address->socket, address->len) == 0 &&
		   getsockname(fd, (struct sockaddr *)&address->socket, &address->len) == 0;
}

/* The address that is given back is that of the socket. */
enum error address_bind(const char *text, int *fd, struct address *out, struct fault *fault)
{
	struct address address;
	TRY(address_parse(text, &address, fault));
	OWNED_FD opened = socket(address.socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (opened < 0 || !bind_to(opened, &address))
		return address_refuse(text, fault);
	*fd = opened;
	*out = address;
	opened = -1;
	return E_OK;
}

/* With SO_REUSEADDR two may have the same address bound; listening is what only one can. */
enum error address_listen(int fd, struct fault *fault)
{
	return listen(fd, LISTEN_BACKLOG) == 0 ? E_OK : address_refuse("the address", fault);
}
