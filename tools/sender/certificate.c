/* PEM first: a file that is none is read again as DER. What is in a certificate beside its key is of no interest here.
 */
#include "tools/sender/certificate.h"

#include <errno.h>
#include <stdio.h>

#ifdef HAVE_OPENSSL
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

static X509 *read_certificate(FILE *file)
{
	X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
	if (certificate == NULL && fseek(file, 0, SEEK_SET) == 0)
		certificate = d2i_X509_fp(file, NULL);
	return certificate;
}

enum error certificate_spki(const char *path, uint8_t out[32], struct fault *fault)
{
	uint8_t *der = NULL;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "certificate '%s' cannot be opened: %m", path);
	X509 *certificate = read_certificate(file);
	fclose(file);
	int len = certificate != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : -1;
	if (len > 0)
		SHA256(der, (size_t)len, out);
	OPENSSL_free(der);
	X509_free(certificate);
	return len > 0 ? E_OK : fault_set(fault, E_BAD_VALUE, "'%s' is no certificate, in PEM or DER", path);
}
#else
enum error certificate_spki(const char *path, uint8_t out[32], struct fault *fault)
{
	(void)out;
	return fault_set(fault, E_BAD_VALUE,
		"'%s' cannot be read as a certificate by a program without OpenSSL; give the SHA-256 of its public key", path);
}
#endif
