/* Whom a client believes, and how it asks for somebody. */
#include "ledger/tls/tls_client.h"

#include "ledger/tls/tls_line_state.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

struct tls_client {
	SSL_CTX *context;
	BIO_METHOD *socket;
	unsigned char protocols[64]; /* as ALPN has them: a length before each */
	unsigned protocols_len;
	bool pinned;
};

/* ---- whom to believe ---- */

/* Only here is a certificate at hand that is not believed. Changes no verdict. */
static int on_verdict(int good, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_line *line = SSL_get_app_data(ssl);
	char names[TLS_NAMES_MAX];
	if (good || !tls_is_mismatch(X509_STORE_CTX_get_error(store)))
		return good;
	tls_names_of(X509_STORE_CTX_get0_cert(store), names);
	free(line->names);
	line->names = strdup(names[0] != '\0' ? names : "nobody");
	return good;
}

static bool set_offer(struct tls_client *client, const char *protocol)
{
	SSL_CTX *context = client->context;
	int len = snprintf((char *)client->protocols, sizeof client->protocols, "%c%s", (int)strlen(protocol), protocol);
	client->protocols_len = (unsigned)len;
	SSL_CTX_set_options(context, TLS_LINE_OPTIONS);
	SSL_CTX_set_mode(context, TLS_LINE_MODES);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verdict);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
		   SSL_CTX_set_cipher_list(context, TLS_CIPHERS_OLD) == 1 &&
		   SSL_CTX_set_alpn_protos(context, client->protocols, client->protocols_len) == 0;
}

/* The one certificate, without those behind it in the file: who they sign for is not asked then. */
static enum error set_pin(SSL_CTX *context, const char *path, struct fault *fault)
{
	BIO *file = BIO_new_file(path, "r");
	X509 *certificate = file != NULL ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;
	bool good = certificate != NULL && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1 &&
				X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN) == 1;
	X509_free(certificate);
	BIO_free(file);
	return good ? E_OK : fault_set(fault, E_BAD_KEY, "--pin %s holds no certificate (PEM) that can be read", path);
}

static enum error set_trust(SSL_CTX *context, const struct tls_trust *trust, struct fault *fault)
{
	uint64_t ends_s;
	if ((trust->certificate == NULL) != (trust->key == NULL))
		return fault_set(fault, E_USAGE, "--tls-cert and --tls-key are given together, or neither");
	if (trust->ca != NULL && trust->pin != NULL)
		return fault_set(fault, E_USAGE, "--ca and --pin are not given together");
	if (trust->pin != NULL)
		TRY(set_pin(context, trust->pin, fault));
	else if (trust->ca == NULL && SSL_CTX_set_default_verify_paths(context) != 1)
		return fault_set(fault, E_NO_MEMORY, "");
	if (trust->ca != NULL && access(trust->ca, R_OK) != 0)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "--ca %s cannot be read: %m", trust->ca);
	if (trust->ca != NULL && SSL_CTX_load_verify_file(context, trust->ca) != 1)
		return fault_set(fault, E_BAD_KEY, "--ca %s holds no certificate (PEM)", trust->ca);
	return trust->certificate == NULL ? E_OK : tls_pair_use(context, trust->certificate, trust->key, &ends_s, fault);
}

enum error tls_client_open(
	const struct tls_trust *trust, const char *protocol, struct tls_client **out, struct fault *fault)
{
	OWNED(tls_client_release) struct tls_client *client = calloc(1, sizeof *client);
	if (client == NULL || (client->context = SSL_CTX_new(TLS_client_method())) == NULL ||
		(client->socket = tls_socket_new()) == NULL || !set_offer(client, protocol))
		return fault_set(fault, E_NO_MEMORY, "");
	client->pinned = trust->pin != NULL;
	enum error error = set_trust(client->context, trust, fault);
	ERR_clear_error();
	TRY(error);
	*out = OWN_TAKE(client);
	return E_OK;
}

void tls_client_close(struct tls_client *client)
{
	if (client == NULL)
		return;
	SSL_CTX_free(client->context);
	BIO_meth_free(client->socket);
	free(client);
}

/* ---- a line ---- */

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool set_host(SSL *ssl, const char *host)
{
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct tls_line *tls_line_open(struct tls_client *client, int fd, const char *host)
{
	OWNED(tls_line_release) struct tls_line *line = tls_line_over(client->context, client->socket, fd);
	if (line == NULL)
		return NULL;
	line->host = strdup(host);
	if (line->host == NULL)
		return NULL;
	SSL_set_connect_state(line->ssl);
	return client->pinned || set_host(line->ssl, host) ? OWN_TAKE(line) : NULL;
}
