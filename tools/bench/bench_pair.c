/* OpenSSL's own making of keys and certificates; nothing of it is chosen here but what the header says. */
#include "tools/bench/bench_pair.h"

#include "ledger/base/own.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define SECONDS 86400

OWN(evp_pkey_st, EVP_PKEY_free);
OWN(x509_st, X509_free);

static bool add_extension(X509 *certificate, int what, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, what, value);
	bool good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

static bool name(X509 *certificate)
{
	X509_NAME *own = X509_get_subject_name(certificate);
	return X509_NAME_add_entry_by_txt(own, "CN", MBSTRING_ASC, (const unsigned char *)"indsigt bench", -1, -1, 0) ==
			   1 &&
		   X509_set_issuer_name(certificate, own) == 1;
}

static bool fill(X509 *certificate, EVP_PKEY *key)
{
	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
		   ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
		   X509_gmtime_adj(X509_getm_notBefore(certificate), -60) != NULL &&
		   X509_gmtime_adj(X509_getm_notAfter(certificate), SECONDS) != NULL && name(certificate) &&
		   add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
		   add_extension(certificate, NID_subject_alt_name, "IP:127.0.0.1") && X509_set_pubkey(certificate, key) == 1 &&
		   X509_sign(certificate, key, EVP_sha256()) > 0;
}

static FILE *make_file(const char *path, struct fault *fault)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL)
		(void)fault_set(fault, errno == EEXIST ? E_EXISTS : E_IO, "'%s' cannot be made: %m", path);
	if (file == NULL && fd >= 0)
		close(fd);
	return file;
}

static enum error end_file(FILE *file, bool written, const char *path, struct fault *fault)
{
	return fclose(file) == 0 && written ? E_OK : fault_set(fault, E_IO, "'%s' cannot be written", path);
}

enum error bench_pair_make(const char *certificate_path, const char *key_path, struct fault *fault)
{
	OWNED(evp_pkey_st_release) EVP_PKEY *key = EVP_EC_gen("P-256");
	OWNED(x509_st_release) X509 *certificate = X509_new();
	bool made = key != NULL && certificate != NULL && fill(certificate, key);
	ERR_clear_error();
	if (!made)
		return fault_set(fault, E_NO_MEMORY, "no certificate can be made");
	FILE *file = make_file(certificate_path, fault);
	if (file == NULL)
		return E_IO;
	TRY(end_file(file, PEM_write_X509(file, certificate) == 1, certificate_path, fault));
	if ((file = make_file(key_path, fault)) == NULL)
		return E_IO;
	return end_file(file, PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1, key_path, fault);
}
