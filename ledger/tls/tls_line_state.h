/* What both ends' lines are made of; for this room alone. */
#pragma once

#include "ledger/tls/tls_line.h"

struct ssl_st;        /* OpenSSL's SSL, */
struct bio_method_st; /* BIO_METHOD */

/* Invariant: `ssl` has a BIO of tls_socket_new over the caller's socket. There may be many that say nothing for long,
 * so it is small. */
struct tls_line {
	struct ssl_st *ssl;
	char *host;  /* that a client asked for; else NULL */
	char *names; /* whom a certificate is made out for that is made out for others; or NULL */
	char *why;   /* or NULL */
	bool failed;
	bool mistaken;
};

/* How OpenSSL reads and writes a socket here; NULL: there was no memory. Outlives the lines that have it. */
struct bio_method_st *tls_socket_new(void) MUST_USE;
/* Of a context, over `fd`; neither end's yet. NULL: there was no memory. */
struct tls_line *tls_line_over(struct ssl_ctx_st *context, struct bio_method_st *socket, int fd) MUST_USE;
/* Neither renegotiation nor compression; an end without close_notify is an end of file, a reset an error. */
#define TLS_LINE_OPTIONS (SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF)
#define TLS_LINE_MODES (SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
/* A certificate is made out for others, says OpenSSL's verdict. */
bool tls_is_mismatch(long verdict);
