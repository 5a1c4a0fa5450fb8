/* PEM first: a file that is none is read again as DER. What is in a certificate beside its key is of no interest here.
 */
#include "tools/sender/certificate.h"

#include "ledger/tls/tls_pair.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static X509 *read_certificate(FILE *file)
{
	X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
	if (certificate == NULL && fseek(file, 0, SEEK_SET) == 0)
		certificate = d2i_X509_fp(file, NULL);
	return certificate;
}

enum error certificate_spki(const char *path, uint8_t out[32], struct fault *fault)
{
	struct hash hash;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "certificate '%s' cannot be opened: %m", path);
	X509 *certificate = read_certificate(file);
	fclose(file);
	bool good = certificate != NULL && tls_key_of(certificate, &hash);
	X509_free(certificate);
	ERR_clear_error();
	if (!good)
		return fault_set(fault, E_BAD_VALUE, "'%s' is no certificate, in PEM or DER", path);
	memcpy(out, hash.b, sizeof hash.b);
	return E_OK;
}
