/* A certificate and its key, from files; and what a certificate is recognised by: SHA-256 over its public key as it
 * stands there (the DER of SubjectPublicKeyInfo, RFC 5280 4.1). One that was renewed for the same key has the same.
 * spec/tls.md */
#pragma once

#include "ledger/base/hash.h"

/* Native senders, and HTTP, as ALPN names them (RFC 7301). */
#define TLS_PROTOCOL_SENDER "indsigt"
#define TLS_PROTOCOL_HTTP "http/1.1"
/* What is offered of TLS 1.2: nothing without forward secrecy, nothing without authenticated encryption. */
#define TLS_CIPHERS_OLD "ECDHE+AESGCM:ECDHE+CHACHA20"

struct x509_st;    /* OpenSSL's X509 */
struct ssl_ctx_st; /* and SSL_CTX */

/* The file of a key is read into guarded memory, which is wiped, and the key then lies where OpenSSL keeps long-lived
 * ones: in memory of its own that is neither dumped nor, as far as the system lends it, swapped.
 *
 * Puts both into the context: `certificate` (PEM) with the chain behind it, `key` (PEM, 0600). `ends_s`: when the first
 * of the chain ends. E_NOT_FOUND, E_IO, E_PERMISSION (the key can be read by others), E_BAD_KEY (not a pair, not PEM),
 * E_NO_MEMORY. */
enum error tls_pair_use(struct ssl_ctx_st *context, const char *certificate, const char *key, uint64_t *ends_s,
	struct fault *fault) MUST_USE;

/* For whom it is made out, for people: "log.example.org, 192.0.2.1", its first names, cut where there is no room,
 * nothing but visible ASCII. Empty: for nobody. */
#define TLS_NAMES_MAX 100u
void tls_names_of(const struct x509_st *certificate, char out[TLS_NAMES_MAX]);

/* False: there was no memory. */
bool tls_key_of(const struct x509_st *certificate, struct hash *out) MUST_USE;
