/* What OpenSSL says of a failure is not told: which file it was is enough. The certificate's own encoding of its key is
 * hashed, not one made anew: others hash that, too (RFC 7469 2.4). */
#include "ledger/tls/tls_pair.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

OWN(bio_st, BIO_free);
OWN(evp_pkey_st, EVP_PKEY_free);

/* Nobody is there to type one. */
static int no_password(char *to, int size, int writing, void *context)
{
	(void)to, (void)size, (void)writing, (void)context;
	return -1;
}

static enum error use_key(SSL_CTX *context, const char *path, struct fault *fault)
{
	struct stat about;
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &about) != 0)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "the key %s cannot be read: %m", path);
	if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return fault_set(fault, E_PERMISSION, "the key %s can be read by others; set its mode to 0600", path);
	OWNED(bio_st_release) BIO *file = BIO_new_fd(fd, BIO_NOCLOSE);
	TRY(fault_set(fault, allocated(file), ""));
	OWNED(evp_pkey_st_release) EVP_PKEY *key = PEM_read_bio_PrivateKey(file, NULL, no_password, NULL);
	if (key == NULL)
		return fault_set(fault, E_BAD_KEY, "%s holds no private key (PEM, without a password)", path);
	if (SSL_CTX_use_PrivateKey(context, key) != 1 || SSL_CTX_check_private_key(context) != 1)
		return fault_set(fault, E_BAD_KEY, "the key %s is not that of the certificate", path);
	return E_OK;
}

static uint64_t end_of(const X509 *certificate)
{
	struct tm ends;
	time_t ends_s = ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &ends) == 1 ? timegm(&ends) : 0;
	return ends_s > 0 ? (uint64_t)ends_s : 0;
}

/* The first that ends, ends all. */
static uint64_t end_of_chain(SSL_CTX *context)
{
	STACK_OF(X509) *chain = NULL;
	uint64_t ends_s = end_of(SSL_CTX_get0_certificate(context));
	SSL_CTX_get0_chain_certs(context, &chain);
	for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
		uint64_t one_s = end_of(sk_X509_value(chain, i));
		ends_s = one_s < ends_s ? one_s : ends_s;
	}
	return ends_s;
}

static enum error use_pair(SSL_CTX *context, const char *certificate, const char *key, struct fault *fault)
{
	if (access(certificate, R_OK) != 0)
		return fault_set(
			fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "the certificate %s cannot be read: %m", certificate);
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return fault_set(
			fault, E_BAD_KEY, "%s holds no certificate (PEM) that can be used, or one with a weak key", certificate);
	return use_key(context, key, fault);
}

enum error tls_pair_use(
	SSL_CTX *context, const char *certificate, const char *key, uint64_t *ends_s, struct fault *fault)
{
	enum error error = use_pair(context, certificate, key, fault);
	ERR_clear_error();
	TRY(error);
	*ends_s = end_of_chain(context);
	return E_OK;
}

/* ---- what it is recognised by ---- */

static void der_release(unsigned char **der)
{
	OPENSSL_free(*der);
}

bool tls_key_of(const X509 *certificate, struct hash *out)
{
	OWNED(der_release) unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	return len > 0 && EVP_Digest(der, (size_t)len, out->b, NULL, EVP_sha256(), NULL) == 1;
}

/* ---- names ---- */

static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x21 || text[i] > 0x7E)
			return false;
	return len > 0;
}

/* One that has no room ends the list. */
static bool put_name(char out[TLS_NAMES_MAX], const char *text, size_t len)
{
	size_t before = strlen(out);
	if (!is_plain(text, len))
		return true;
	bool room = before + len + sizeof ", , ..." <= TLS_NAMES_MAX;
	snprintf(out + before, TLS_NAMES_MAX - before, "%s%.*s", before > 0 ? ", " : "", room ? (int)len : 3,
		room ? text : "...");
	return room;
}

static bool put_general(char out[TLS_NAMES_MAX], const GENERAL_NAME *name)
{
	char address[INET6_ADDRSTRLEN];
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	if (type == GEN_DNS)
		return put_name(out, (const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	if (type != GEN_IPADD)
		return true;
	int len = ASN1_STRING_length(value);
	if ((len != 4 && len != 16) ||
		inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), address, sizeof address) == NULL)
		return true;
	return put_name(out, address, strlen(address));
}

void tls_names_of(const X509 *certificate, char out[TLS_NAMES_MAX])
{
	out[0] = '\0';
	GENERAL_NAMES *list = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(list) && put_general(out, sk_GENERAL_NAME_value(list, i)); i++)
		;
	GENERAL_NAMES_free(list);
	ERR_clear_error();
}
