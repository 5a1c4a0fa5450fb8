/* The socket is OpenSSL's to read and write, but with send(2): a server that has gone is an error, not a signal.
 * OpenSSL keeps what failed in a queue of the thread, which is emptied before each call and read after it. */
#include "ledger/tls/tls_client.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/socket.h>

#define WHY_MAX 480

struct tls_client {
	SSL_CTX *context;
	BIO_METHOD *socket;
	unsigned char protocols[64]; /* as ALPN has them: a length before each */
	unsigned protocols_len;
	bool pinned;
};

struct tls_line {
	SSL *ssl;
	char host[TLS_HOST_MAX + 1];
	char names[TLS_NAMES_MAX]; /* of a certificate that is made out for others */
	char why[WHY_MAX];
	bool mistaken;
};

/* ---- the socket ---- */

static int socket_write(BIO *bio, const char *data, int len)
{
	ssize_t n = send((int)BIO_get_fd(bio, NULL), data, (size_t)len, MSG_NOSIGNAL);
	BIO_clear_retry_flags(bio);
	if (n < 0 && BIO_sock_should_retry(-1))
		BIO_set_retry_write(bio);
	return (int)n;
}

/* OpenSSL's own, but for writing. */
static BIO_METHOD *make_socket(void)
{
	const BIO_METHOD *own = BIO_s_socket();
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOCKET, "socket");
	if (method == NULL)
		return NULL;
	BIO_meth_set_write(method, socket_write);
	BIO_meth_set_read(method, BIO_meth_get_read(own));
	BIO_meth_set_ctrl(method, BIO_meth_get_ctrl(own));
	BIO_meth_set_create(method, BIO_meth_get_create(own));
	BIO_meth_set_destroy(method, BIO_meth_get_destroy(own));
	return method;
}

/* ---- whom to believe ---- */

static bool is_mismatch(long verdict)
{
	return verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

/* Only here is a certificate at hand that is not believed. Changes no verdict. */
static int on_verdict(int good, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_line *line = SSL_get_app_data(ssl);
	if (!good && is_mismatch(X509_STORE_CTX_get_error(store)))
		tls_names_of(X509_STORE_CTX_get0_cert(store), line->names);
	return good;
}

static bool set_offer(struct tls_client *client, const char *protocol)
{
	SSL_CTX *context = client->context;
	int len = snprintf((char *)client->protocols, sizeof client->protocols, "%c%s", (int)strlen(protocol), protocol);
	client->protocols_len = (unsigned)len;
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
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
		(client->socket = make_socket()) == NULL || !set_offer(client, protocol))
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
	OWNED(tls_line_release) struct tls_line *line = calloc(1, sizeof *line);
	BIO *bio = BIO_new(client->socket);
	if (line == NULL || bio == NULL || (line->ssl = SSL_new(client->context)) == NULL) {
		BIO_free(bio);
		return NULL;
	}
	snprintf(line->host, sizeof line->host, "%s", host);
	SSL_set_app_data(line->ssl, line);
	BIO_set_fd(bio, fd, BIO_NOCLOSE);
	SSL_set_bio(line->ssl, bio, bio); /* takes it */
	SSL_set_connect_state(line->ssl);
	return client->pinned || set_host(line->ssl, host) ? OWN_TAKE(line) : NULL;
}

void tls_line_close(struct tls_line *line)
{
	if (line == NULL)
		return;
	if (line->ssl != NULL && SSL_is_init_finished(line->ssl) && line->why[0] == '\0')
		(void)SSL_shutdown(line->ssl);
	ERR_clear_error();
	SSL_free(line->ssl);
	free(line);
}

/* What is to be done about it depends on what it is. */
static void keep_verdict(struct tls_line *line, long verdict)
{
	const char *what = X509_verify_cert_error_string(verdict);
	if (is_mismatch(verdict))
		snprintf(line->why, sizeof line->why,
			"its certificate is not believed: it is made out for %s, not for %s; ask for it by a name that it has",
			line->names[0] != '\0' ? line->names : "nobody", line->host);
	else if (verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID)
		snprintf(line->why, sizeof line->why,
			"its certificate is not believed: %s; whoever runs it has to renew it, if the clock here is right", what);
	else
		snprintf(
			line->why, sizeof line->why, "its certificate is not believed: %s; --ca FILE says whom to believe", what);
}

static void keep_why(struct tls_line *line)
{
	unsigned long code = ERR_peek_error();
	int number = ERR_GET_REASON(code);
	const char *reason = ERR_reason_error_string(code);
	long verdict = SSL_get_verify_result(line->ssl);
	bool plain = number == SSL_R_WRONG_VERSION_NUMBER || number == SSL_R_PACKET_LENGTH_TOO_LONG;
	bool other = number == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL;
	line->mistaken = plain || other;
	if (verdict != X509_V_OK)
		keep_verdict(line, verdict);
	else if (plain)
		snprintf(line->why, sizeof line->why, "what answers there does not speak TLS");
	else if (other)
		snprintf(
			line->why, sizeof line->why, "what answers there speaks TLS, but another protocol: is it the right port?");
	else
		snprintf(line->why, sizeof line->why, "TLS failed: %s", reason != NULL ? reason : "no reason given");
}

/* `done`: what the call came to, positive where it did something. */
static ssize_t outcome(struct tls_line *line, int done, size_t len)
{
	if (done > 0)
		return (ssize_t)len;
	int system = errno;
	switch (SSL_get_error(line->ssl, done)) {
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_SYSCALL:
		errno = system != 0 ? system : ECONNRESET;
		if (line->why[0] == '\0')
			snprintf(line->why, sizeof line->why, "%s", strerror(errno));
		return -1;
	default:
		keep_why(line);
		errno = EPROTO;
		return -1;
	}
}

ssize_t tls_line_send(struct tls_line *line, const void *data, size_t len)
{
	size_t n = 0;
	ERR_clear_error();
	errno = 0;
	int done = SSL_write_ex(line->ssl, data, len, &n);
	return outcome(line, done, n);
}

ssize_t tls_line_recv(struct tls_line *line, void *data, size_t len)
{
	size_t n = 0;
	ERR_clear_error();
	errno = 0;
	int done = SSL_read_ex(line->ssl, data, len, &n);
	return outcome(line, done, n);
}

bool tls_line_wants_write(const struct tls_line *line)
{
	return SSL_want_write(line->ssl);
}

bool tls_line_is_open(const struct tls_line *line)
{
	return SSL_is_init_finished(line->ssl);
}

bool tls_line_is_mistaken(const struct tls_line *line)
{
	return line->mistaken || SSL_get_verify_result(line->ssl) != X509_V_OK;
}

uint64_t tls_line_written(const struct tls_line *line)
{
	return BIO_number_written(SSL_get_wbio(line->ssl));
}

const char *tls_line_why(const struct tls_line *line)
{
	return line->why;
}
