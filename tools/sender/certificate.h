/* What is registered of a client certificate: the SHA-256 of its public key (SubjectPublicKeyInfo, DER), which a
 * renewed certificate with the same key has too. */
#pragma once

#include "ledger/base/error.h"

#include <stdint.h>

/* Of the first certificate in a file, PEM or DER. E_NOT_FOUND, E_IO, E_BAD_VALUE: it is none. */
enum error certificate_spki(const char *path, uint8_t out[32], struct fault *fault) MUST_USE;
