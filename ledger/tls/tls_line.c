/* The socket is OpenSSL's to read and write, but with send(2): who has gone is an error, not a signal. OpenSSL keeps
 * what failed in a queue of the thread, which is emptied before each call and read after it. */
#include "ledger/tls/tls_line_state.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

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
BIO_METHOD *tls_socket_new(void)
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

bool tls_is_mismatch(long verdict)
{
	return verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

/* ---- a line ---- */

struct tls_line *tls_line_over(SSL_CTX *context, BIO_METHOD *socket, int fd)
{
	OWNED(tls_line_release) struct tls_line *line = calloc(1, sizeof *line);
	BIO *bio = BIO_new(socket);
	if (line == NULL || bio == NULL || (line->ssl = SSL_new(context)) == NULL) {
		BIO_free(bio);
		return NULL;
	}
	SSL_set_app_data(line->ssl, line);
	BIO_set_fd(bio, fd, BIO_NOCLOSE);
	SSL_set_bio(line->ssl, bio, bio); /* takes it */
	return OWN_TAKE(line);
}

void tls_line_say_end(struct tls_line *line)
{
	if (SSL_is_init_finished(line->ssl) && !line->failed && (SSL_get_shutdown(line->ssl) & SSL_SENT_SHUTDOWN) == 0)
		(void)SSL_shutdown(line->ssl);
	ERR_clear_error();
}

void tls_line_close(struct tls_line *line)
{
	if (line == NULL)
		return;
	if (line->ssl != NULL)
		tls_line_say_end(line);
	SSL_free(line->ssl);
	free(line->host);
	free(line->names);
	free(line->why);
	free(line);
}

/* The first that failed; without memory for it that is all that is known. */
__attribute__((format(printf, 2, 3))) static void say_why(struct tls_line *line, const char *format, ...)
{
	va_list values;
	line->failed = true;
	free(line->why);
	va_start(values, format);
	if (vasprintf(&line->why, format, values) < 0)
		line->why = NULL;
	va_end(values);
}

/* What is to be done about it depends on what it is. */
static void keep_verdict(struct tls_line *line, long verdict)
{
	const char *what = X509_verify_cert_error_string(verdict);
	if (tls_is_mismatch(verdict))
		say_why(line,
			"its certificate is not believed: it is made out for %s, not for %s; ask for it by a name that it has",
			line->names != NULL ? line->names : "others", line->host);
	else if (verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID)
		say_why(line,
			"its certificate is not believed: %s; whoever runs it has to renew it, if the clock here is right", what);
	else
		say_why(line, "its certificate is not believed: %s; --ca FILE says whom to believe", what);
}

/* As told to who runs the server: what to set where the client is. */
static void keep_why_of_client(struct tls_line *line, int number, long verdict)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	if (number == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		say_why(line, "it showed no certificate, and one that is believed is required");
	else if (verdict != X509_V_OK)
		say_why(line, "its certificate is not believed: %s; --client-ca says whose are",
			X509_verify_cert_error_string(verdict));
	else if (line->mistaken)
		say_why(line, "what it sends is not TLS");
	else
		say_why(line, "TLS failed: %s", reason != NULL ? reason : "no reason given");
}

static void keep_why(struct tls_line *line)
{
	unsigned long code = ERR_peek_error();
	int number = ERR_GET_REASON(code);
	const char *reason = ERR_reason_error_string(code);
	long verdict = SSL_get_verify_result(line->ssl);
	bool plain =
		number == SSL_R_WRONG_VERSION_NUMBER || number == SSL_R_PACKET_LENGTH_TOO_LONG || number == SSL_R_HTTP_REQUEST;
	bool other = number == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL;
	line->mistaken = plain || other;
	if (SSL_is_server(line->ssl))
		keep_why_of_client(line, number, verdict);
	else if (verdict != X509_V_OK)
		keep_verdict(line, verdict);
	else if (plain)
		say_why(line, "what answers there does not speak TLS");
	else if (other)
		say_why(line, "what answers there speaks TLS, but another protocol: is it the right port?");
	else
		say_why(line, "TLS failed: %s", reason != NULL ? reason : "no reason given");
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
		if (!line->failed)
			say_why(line, "%s", strerror(errno));
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
	return line->why != NULL ? line->why : "TLS failed";
}

bool tls_line_peer_key(const struct tls_line *line, struct hash *out)
{
	const X509 *certificate = SSL_get0_peer_certificate(line->ssl);
	return certificate != NULL && tls_key_of(certificate, out);
}
