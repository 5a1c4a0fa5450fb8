/* A client's lines by TLS: who is believed. spec/tls.md
 *
 * The server's certificate must be signed by somebody who is believed (the system's authorities, or those of `ca`
 * alone) and made out for the host that was asked for. Versions from 1.2 on: something between that ends TLS may be
 * old. */
#pragma once

#include "ledger/tls/tls_line.h"

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

/* Over `fd`, which stays the caller's and must outlive it, to `host` (a name, or an address without brackets). Nothing
 * is sent yet: the first tls_line_recv begins. NULL: there was no memory. */
struct tls_line *tls_line_open(struct tls_client *client, int fd, const char *host) MUST_USE;
