/* Addresses to listen on: "127.0.0.1:8080", "[::1]:8080", "localhost:8080". Numeric hosts only, so that nothing is
 * looked up and no two addresses can stand behind one name. */
#pragma once

#include "ledger/base/error.h"

#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 63u

struct address {
	struct sockaddr_storage socket;
	socklen_t len;
};

/* Port 0 is allowed and means a free one. E_USAGE. */
enum error address_parse(const char *text, struct address *out, struct fault *fault) MUST_USE;
/* `out` gets an end mark. */
void address_format(const struct address *address, char out[ADDRESS_TEXT_MAX + 1]);
/* E_IO, for an address that was just refused: names it, says why (errno) and what can be done. */
enum error address_refuse(const char *text, struct fault *fault) MUST_USE;
/* A socket, non-blocking, that has the address and does not listen yet (address_listen), and where it really is (port 0
 * became a free one). E_USAGE for the text, E_IO. */
enum error address_bind(const char *text, int *fd, struct address *out, struct fault *fault) MUST_USE;
/* Connections are accepted on a bound socket from now on. E_IO: another process listens there. */
enum error address_listen(int fd, struct fault *fault) MUST_USE;
/* Does only this machine reach it? */
bool address_is_loopback(const struct address *address);
