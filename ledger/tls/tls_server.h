/* What a server shows to whoever connects by TLS: certificate and key, versions and ciphers, and when the certificate
 * ends. spec/tls.md
 *
 *     tls_server_open ─► tls_server_line for each connection ─► libevent reads and writes
 *            │           or tls_server_accept ─► a line (tls_line.h)
 *            │ SIGHUP
 *            └► tls_server_reload: the next connections are shown the new pair; those that are there keep theirs
 *
 * Only TLS 1.3, and 1.2 with ECDHE and an AEAD where it is asked for. No resumption, so that a handshake always shows
 * the certificate that counts now, and nothing that opens recorded lines is kept. No renegotiation, no compression. An
 * end without close_notify is an end of file, as many clients make it; a reset is an error. Every message here says
 * itself how long it is, so that a cut is noticed where it matters.
 *
 * One thread. */
#pragma once

#include "ledger/text/address.h"
#include "ledger/tls/tls_line.h"

#define TLS_HANDSHAKE_SECONDS 10  /* for the whole of it */
#define TLS_WARN_DAYS 30          /* before the certificate ends */
#define TLS_WARN_AGAIN_S 86400    /* once a day */
#define TLS_CERTIFICATES_MAX 16u  /* in the chain */
#define TLS_CLIENT_CHAIN_MAX 8192 /* bytes of certificates that a client shows */

struct ssl_st; /* OpenSSL's SSL */

/* As given on a command line. */
struct tls_files {
	const char *certificate; /* PEM, with its chain behind it; NULL: no TLS */
	const char *key;         /* PEM, 0600 */
	bool old;                /* TLS 1.2, too */
	bool plain_off_loopback;
};

/* Rows for `struct tls_files` of a server's options; the first without what only says something where what passes is
 * not everybody's to read. */
#define TLS_PAIR_ROWS(T, member)                                                                            \
	OPTION_TEXT(T, member.certificate, "tls-cert", "FILE",                                                  \
		.help = "speak TLS, with this certificate (PEM), its chain behind it; read anew on SIGHUP"),        \
		OPTION_TEXT(T, member.key, "tls-key", "FILE", .help = "... and this private key (PEM, mode 0600)"), \
		OPTION_FLAG(T, member.old, "tls-older", .help = "take TLS 1.2, too (ECDHE and AEAD only); otherwise only 1.3")
#define TLS_SERVER_ROWS(T, member)                                      \
	TLS_PAIR_ROWS(T, member),                                           \
		OPTION_FLAG(T, member.plain_off_loopback, "plain-off-loopback", \
			.help = "listen without TLS on an address that other machines reach: what is sent can be read on the way")

/* Whether what is given makes sense, and whether without TLS only this machine reaches the address. E_USAGE. */
enum error tls_files_check(const struct tls_files *files, const struct address *address, struct fault *fault) MUST_USE;

struct tls_server;

struct tls_server_options {
	const struct tls_files *files; /* outlives the server */
	const char *protocol;          /* ALPN: a client that offers others is refused, one that offers none is taken;
									* NULL: none is asked for */
	bool asks;                     /* for a client's certificate, and takes any: its key is what counts, and only where
									* it is asked for (tls_peer_key) */
	const char *client_ca; /* or: a client must show one that one of these (PEM) has signed; NULL: it need not */
	bool client_may;       /* it need not show one, but what it shows must be so signed */
	void (*tell)(const char *line); /* for whoever runs it */
};

/* E_NOT_FOUND, E_PERMISSION (the key can be read by others), E_BAD_KEY (not a pair, or not PEM), E_NO_MEMORY. */
enum error tls_server_open(
	const struct tls_server_options *options, struct tls_server **out, struct fault *fault) MUST_USE;
void tls_server_close(struct tls_server *server);
OWN(tls_server, tls_server_close);
/* Reads the files anew, and tells how it went. A pair that cannot be used, or has ended, changes nothing. */
void tls_server_reload(struct tls_server *server);
/* To be called about once a minute: tells when the certificate ends soon. */
void tls_server_look(struct tls_server *server, uint64_t now_s);
/* When the first certificate of the chain ends, in seconds since 1970. */
uint64_t tls_server_ends_s(const struct tls_server *server);

/* For a new connection, to be given to bufferevent_openssl_socket_new (BUFFEREVENT_SSL_ACCEPTING), which owns it then.
 * NULL: there was no memory. */
struct ssl_st *tls_server_line(struct tls_server *server) MUST_USE;
/* A line over `fd`, which stays the caller's and must outlive it, as the server must. The first tls_line_recv begins
 * the handshake. NULL: there was no memory. */
struct tls_line *tls_server_accept(struct tls_server *server, int fd) MUST_USE;
/* The handshake is done. */
bool tls_is_open(const struct ssl_st *line);
/* The key of the certificate that the client has shown, and proven to have. */
bool tls_peer_key(const struct ssl_st *line, struct hash *out) MUST_USE;
/* The SHA-256 of that certificate itself (x5t#S256 of RFC 8705). */
bool tls_peer_thumbprint(const struct ssl_st *line, struct hash *out) MUST_USE;
/* Nothing more will be written: the other side is told. Blocks nothing. */
void tls_say_end(struct ssl_st *line);
