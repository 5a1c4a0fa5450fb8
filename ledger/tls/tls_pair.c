/* What OpenSSL says of a failure is not told: which file it was is enough. The certificate's own encoding of its key is
 * hashed, not one made anew: others hash that, too (RFC 7469 2.4).
 *
 * OpenSSL holds a private number, and what it computes with one, in its secure heap, once there is one. What it reads a
 * key from it would leave behind in ordinary memory, so the file is read here; what it copies of that is wiped as
 * all is that a program frees (process/wiping.c). Of a key of RSA it keeps the primes in ordinary memory as well. */
#include "ledger/tls/tls_pair.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define KEY_BYTES_MAX (64u << 10) /* of a file */
#define SECURE_HEAP_BYTES \
	(256u << 10) /* some thirty keys of the largest kind: those that connections began with live on */
#define SECURE_PIECE_BYTES 32u

OWN(bio_st, BIO_free);
OWN(evp_pkey_st, EVP_PKEY_free);

static void guarded_release(void *owner)
{
	sodium_free(*(uint8_t **)owner); /* which wipes it */
}

/* Once in a process. Where the system does not lend so much memory that is never swapped, OpenSSL goes on with what is
 * not dumped at least; without any, with ordinary memory. */
static void make_secure_heap(void)
{
	if (CRYPTO_secure_malloc_initialized() == 0)
		(void)CRYPTO_secure_malloc_init(SECURE_HEAP_BYTES, SECURE_PIECE_BYTES);
}

/* ---- reading ---- */

/* The first private key of a PEM text: others may stand before it, such as the name of its curve. */
static EVP_PKEY *parse_key(const uint8_t *text, size_t len)
{
	static const char kind[] = "PRIVATE KEY";
	OWNED(bio_st_release) BIO *file = BIO_new_mem_buf(text, (int)len);
	EVP_PKEY *key = NULL;
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long der_len = 0;
	bool found = false;
	while (file != NULL && !found && PEM_read_bio_ex(file, &name, &header, &der, &der_len, PEM_FLAG_SECURE) == 1) {
		size_t name_len = strlen(name), kind_len = sizeof kind - 1;
		const unsigned char *at = der;
		found = name_len >= kind_len && strcmp(name + name_len - kind_len, kind) == 0;
		if (found && strstr(name, "ENCRYPTED") == NULL && header[0] == '\0') /* nobody is there to type a password */
			key = d2i_AutoPrivateKey(NULL, &at, der_len);
		OPENSSL_secure_free(name);
		OPENSSL_secure_free(header);
		OPENSSL_secure_clear_free(der, (size_t)der_len);
	}
	return key;
}

static enum error read_key(int fd, const char *path, EVP_PKEY **out, struct fault *fault)
{
	size_t len = 0;
	ssize_t n = 0;
	OWNED(guarded_release) uint8_t *text = sodium_malloc(KEY_BYTES_MAX);
	TRY(fault_set(fault, allocated(text), ""));
	while (len < KEY_BYTES_MAX && (n = read(fd, text + len, KEY_BYTES_MAX - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return fault_set(fault, E_IO, "the key %s cannot be read: %m", path);
	*out = len < KEY_BYTES_MAX ? parse_key(text, len) : NULL;
	return *out != NULL ? E_OK : fault_set(fault, E_BAD_KEY, "%s holds no private key (PEM, without a password)", path);
}

static enum error use_key(SSL_CTX *context, const char *path, struct fault *fault)
{
	struct stat about;
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &about) != 0)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "the key %s cannot be read: %m", path);
	if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return fault_set(fault, E_PERMISSION, "the key %s can be read by others; set its mode to 0600", path);
	make_secure_heap();
	OWNED(evp_pkey_st_release) EVP_PKEY *key = NULL;
	TRY(read_key(fd, path, &key, fault));
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
