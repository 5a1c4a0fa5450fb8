/* A pair is read into a context of its own and checked whole before it takes the place of the one before: whoever has a
 * connection holds the context that it began with (OpenSSL counts). What OpenSSL says of a failure is not told: which
 * file it was is enough, and its words are not for operators. */
#include "ledger/tls/tls_server.h"

#include "ledger/text/timestamp.h"
#include "ledger/tls/tls_line_state.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <time.h>

#define GROUPS "X25519:P-256:P-384"

struct tls_server {
	struct tls_server_options options;
	SSL_CTX *context;
	BIO_METHOD *socket;
	uint64_t ends_s;
	uint64_t warned_s; /* last */
};

OWN(ssl_ctx_st, SSL_CTX_free);

enum error tls_files_check(const struct tls_files *files, const struct address *address, struct fault *fault)
{
	char text[ADDRESS_TEXT_MAX + 1];
	address_format(address, text);
	if ((files->certificate == NULL) != (files->key == NULL))
		return fault_set(fault, E_USAGE, "--tls-cert and --tls-key are given together, or neither");
	if (files->old && files->certificate == NULL)
		return fault_set(fault, E_USAGE, "--tls-older says nothing without --tls-cert and --tls-key");
	if (files->certificate == NULL && !files->plain_off_loopback && !address_is_loopback(address))
		return fault_set(fault, E_USAGE,
			"%s is reached by other machines, and without TLS all that is sent can be read on the way; give --tls-cert "
			"and --tls-key, or --plain-off-loopback where something else encrypts",
			text);
	return E_OK;
}

/* ---- what is offered ---- */

static int choose_protocol(SSL *line, const unsigned char **out, unsigned char *out_len, const unsigned char *offered,
	unsigned int offered_len, void *context)
{
	const struct tls_server *server = context;
	size_t len = strlen(server->options.protocol);
	(void)line;
	for (unsigned at = 0; at < offered_len; at += 1u + offered[at])
		if (offered[at] == len && memcmp(offered + at + 1, server->options.protocol, len) == 0) {
			*out = offered + at + 1;
			*out_len = (unsigned char)len;
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Without --client-ca whose key it is decides who it may speak for, not who signed the certificate, nor its dates; that
 * the client has the key is OpenSSL's to check. What signed it is shown once and not kept: a line that says nothing for
 * a day would hold it so long. */
static int look_at_chain(X509_STORE_CTX *chain, void *context)
{
	const struct tls_server *server = context;
	STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(chain);
	int good = server->options.client_ca != NULL ? X509_verify_cert(chain) : 1;
	X509_STORE_CTX_set0_verified_chain(chain, NULL);
	while (sk_X509_num(shown) > 1)
		X509_free(sk_X509_pop(shown));
	return good;
}

static bool set_offer(SSL_CTX *context, const struct tls_server *server)
{
	SSL_CTX_set_options(
		context, TLS_LINE_OPTIONS | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_max_cert_list(context, TLS_CLIENT_CHAIN_MAX);
	if (server->options.protocol != NULL)
		SSL_CTX_set_alpn_select_cb(context, choose_protocol, (void *)(uintptr_t)server);
	SSL_CTX_set_cert_verify_callback(context, look_at_chain, (void *)(uintptr_t)server);
	if (server->options.asks)
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	return SSL_CTX_set_min_proto_version(context, server->options.files->old ? TLS1_2_VERSION : TLS1_3_VERSION) == 1 &&
		   SSL_CTX_set_cipher_list(context, TLS_CIPHERS_OLD) == 1 && SSL_CTX_set1_groups_list(context, GROUPS) == 1;
}

/* Their names are told to clients, some of which choose by them what to show. */
static enum error set_client_ca(SSL_CTX *context, const char *path, bool may, struct fault *fault)
{
	if (path == NULL)
		return E_OK;
	if (access(path, R_OK) != 0)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "--client-ca %s cannot be read: %m", path);
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
	bool good = names != NULL && SSL_CTX_load_verify_file(context, path) == 1;
	if (good)
		SSL_CTX_set_client_CA_list(context, names); /* takes it */
	else
		sk_X509_NAME_pop_free(names, X509_NAME_free);
	ERR_clear_error();
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (may ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT), NULL);
	return good ? E_OK : fault_set(fault, E_BAD_KEY, "--client-ca %s holds no certificate (PEM)", path);
}

static enum error make(const struct tls_server *server, SSL_CTX **out, uint64_t *ends_s, struct fault *fault)
{
	OWNED(ssl_ctx_st_release) SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	if (context == NULL || !set_offer(context, server))
		return fault_set(fault, E_NO_MEMORY, "");
	TRY(set_client_ca(context, server->options.client_ca, server->options.client_may, fault));
	TRY(tls_pair_use(context, server->options.files->certificate, server->options.files->key, ends_s, fault));
	*out = OWN_TAKE(context);
	return E_OK;
}

/* ---- life ---- */

enum error tls_server_open(const struct tls_server_options *options, struct tls_server **out, struct fault *fault)
{
	OWNED(tls_server_release) struct tls_server *server = calloc(1, sizeof *server);
	TRY(fault_set(fault, allocated(server), ""));
	server->options = *options;
	server->socket = tls_socket_new();
	TRY(fault_set(fault, allocated(server->socket), ""));
	TRY(make(server, &server->context, &server->ends_s, fault));
	tls_server_look(server, (uint64_t)time(NULL));
	*out = OWN_TAKE(server);
	return E_OK;
}

void tls_server_close(struct tls_server *server)
{
	if (server == NULL)
		return;
	SSL_CTX_free(server->context);
	BIO_meth_free(server->socket);
	free(server);
}

void tls_server_reload(struct tls_server *server)
{
	struct fault fault = {.text = ""};
	char line[FAULT_TEXT_MAX + 128], ends[TIMESTAMP_TEXT_MAX];
	OWNED(ssl_ctx_st_release) SSL_CTX *context = NULL;
	uint64_t ends_s = 0, now_s = (uint64_t)time(NULL);
	enum error error = make(server, &context, &ends_s, &fault);
	if (error == E_OK && ends_s <= now_s) {
		timestamp_format_s(ends_s, ends);
		error =
			fault_set(&fault, E_BAD_KEY, "the certificate %s has ended (%s)", server->options.files->certificate, ends);
	}
	if (error != E_OK) {
		snprintf(line, sizeof line, "TLS: the files are not taken, and the certificate from before stays: %s",
			fault.text[0] != '\0' ? fault.text : error_text(error));
		server->options.tell(line);
		return;
	}
	SSL_CTX_free(server->context);
	server->context = OWN_TAKE(context);
	server->ends_s = ends_s;
	server->warned_s = 0;
	timestamp_format_s(ends_s, ends);
	snprintf(line, sizeof line, "TLS: certificate and key were read anew; the certificate ends %s", ends);
	server->options.tell(line);
	tls_server_look(server, now_s);
}

void tls_server_look(struct tls_server *server, uint64_t now_s)
{
	char line[FAULT_TEXT_MAX + 128], ends[TIMESTAMP_TEXT_MAX];
	if (server->ends_s > now_s + TLS_WARN_DAYS * 86400u || now_s < server->warned_s + TLS_WARN_AGAIN_S)
		return;
	server->warned_s = now_s;
	timestamp_format_s(server->ends_s, ends);
	if (server->ends_s <= now_s)
		snprintf(line, sizeof line,
			"TLS: the certificate %s HAS ENDED (%s), and clients refuse it; put a new one there "
			"and send SIGHUP",
			server->options.files->certificate, ends);
	else
		snprintf(line, sizeof line, "TLS: the certificate %s ends in %u days (%s); put a new one there and send SIGHUP",
			server->options.files->certificate, (unsigned)((server->ends_s - now_s) / 86400), ends);
	server->options.tell(line);
}

uint64_t tls_server_ends_s(const struct tls_server *server)
{
	return server->ends_s;
}

/* ---- a connection ---- */

SSL *tls_server_line(struct tls_server *server)
{
	return SSL_new(server->context);
}

struct tls_line *tls_server_accept(struct tls_server *server, int fd)
{
	struct tls_line *line = tls_line_over(server->context, server->socket, fd);
	if (line == NULL)
		return NULL;
	SSL_set_mode(line->ssl, TLS_LINE_MODES);
	SSL_set_accept_state(line->ssl);
	return line;
}

bool tls_is_open(const SSL *line)
{
	return SSL_is_init_finished(line);
}

bool tls_peer_key(const SSL *line, struct hash *out)
{
	const X509 *certificate = SSL_get0_peer_certificate(line);
	return certificate != NULL && tls_key_of(certificate, out);
}

bool tls_peer_thumbprint(const SSL *line, struct hash *out)
{
	const X509 *certificate = SSL_get0_peer_certificate(line);
	return certificate != NULL && X509_digest(certificate, EVP_sha256(), out->b, NULL) == 1;
}

void tls_say_end(SSL *line)
{
	if (tls_is_open(line))
		(void)SSL_shutdown(line);
	ERR_clear_error();
}
