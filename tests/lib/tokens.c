#include "tests/lib/tokens.h"

#include "ledger/base/bytes.h"
#include "tests/lib/unit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define URL sodium_base64_VARIANT_URLSAFE_NO_PADDING

static char *base64url(const void *data, size_t len)
{
	size_t max = sodium_base64_encoded_len(len, URL);
	char *out = malloc(max);
	sodium_bin2base64(out, max, data, len, URL);
	return out;
}

static char *format(const char *template, const char *a, const char *b, const char *c, const char *d)
{
	char *out = NULL;
	ck_assert_int_ge(asprintf(&out, template, a, b, c, d), 0);
	return out;
}

void token_key_make(struct token_key *key, const char *type, unsigned bits, const char *kid)
{
	*key = (struct token_key){.kid = kid};
	if (strcmp(type, "RSA") == 0)
		key->pair = EVP_RSA_gen(bits);
	else if (strcmp(type, "EC") == 0)
		key->pair = EVP_EC_gen("P-256");
	else if (strcmp(type, "P-384") == 0)
		key->pair = EVP_EC_gen("P-384");
	else
		crypto_sign_keypair(key->public32, key->ed25519);
	ck_assert(key->pair != NULL || strcmp(type, "OKP") == 0);
}

void token_key_free(struct token_key *key)
{
	EVP_PKEY_free(key->pair);
	key->pair = NULL;
}

/* A number of the key, at its full length where `len` is given. */
static char *number(const struct token_key *key, const char *name, int len)
{
	BIGNUM *value = NULL;
	uint8_t bytes[1024];
	ck_assert_int_eq(EVP_PKEY_get_bn_param(key->pair, name, &value), 1);
	if (len == 0)
		len = BN_num_bytes(value);
	ck_assert_int_eq(BN_bn2binpad(value, bytes, len), len);
	BN_free(value);
	return base64url(bytes, (size_t)len);
}

char *token_jwk(const struct token_key *key, const char *more)
{
	char *a, *b = NULL, *out, *named;
	named = format("%s\"kid\":\"%s\"", more, key->kid, "", "");
	if (key->pair == NULL) {
		a = base64url(key->public32, 32);
		out = format("{%s,\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", named, a, "", "");
	} else if (EVP_PKEY_is_a(key->pair, "RSA")) {
		a = number(key, OSSL_PKEY_PARAM_RSA_N, 0);
		b = number(key, OSSL_PKEY_PARAM_RSA_E, 0);
		out = format("{%s,\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", named, a, b, "");
	} else {
		int len = EVP_PKEY_get_bits(key->pair) / 8;
		a = number(key, OSSL_PKEY_PARAM_EC_PUB_X, len);
		b = number(key, OSSL_PKEY_PARAM_EC_PUB_Y, len);
		out = format(
			"{%s,\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}", named, len == 32 ? "P-256" : "P-384", a, b);
	}
	free(a);
	free(b);
	free(named);
	return out;
}

char *token_key_set(const struct token_key *key)
{
	char *jwk = token_jwk(key, "");
	char *out = format("{\"keys\":[%s]}", jwk, "", "", "");
	free(jwk);
	return out;
}

static size_t sign_pair(const struct token_key *key, bool pss, const char *text, uint8_t *out, size_t max)
{
	size_t len = max;
	EVP_PKEY_CTX *options = NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ck_assert_int_eq(EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, key->pair), 1);
	if (pss) {
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 0);
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST), 0);
	}
	ck_assert_int_eq(EVP_DigestSign(context, out, &len, (const uint8_t *)text, strlen(text)), 1);
	EVP_MD_CTX_free(context);
	if (EVP_PKEY_is_a(key->pair, "RSA"))
		return len;
	const uint8_t *at = out;
	ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &at, (long)len);
	int half = EVP_PKEY_get_bits(key->pair) / 8;
	BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, half);
	BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + half, half);
	ECDSA_SIG_free(parts);
	return 2 * (size_t)half;
}

static char *with_signature(const char *text, const uint8_t *signature, size_t len)
{
	char *encoded = base64url(signature, len);
	char *out = format("%s.%s", text, encoded, "", "");
	free(encoded);
	return out;
}

static char *signed_text(const char *header, const char *payload)
{
	char *a = base64url(header, strlen(header)), *b = base64url(payload, strlen(payload));
	char *out = format("%s.%s", a, b, "", "");
	free(a);
	free(b);
	return out;
}

char *token_make(const struct token_key *key, const char *alg, const char *header, const char *payload)
{
	uint8_t signature[1024];
	size_t len = 0;
	char *text = signed_text(header, payload);
	if (strcmp(alg, "EdDSA") == 0) {
		crypto_sign_detached(signature, NULL, (const uint8_t *)text, strlen(text), key->ed25519);
		len = 64;
	} else if (strcmp(alg, "none") != 0) {
		len = sign_pair(key, strcmp(alg, "PS256") == 0, text, signature, sizeof signature);
	}
	char *out = with_signature(text, signature, len);
	free(text);
	return out;
}

char *token_make_hs256(const void *secret, size_t len, const char *header, const char *payload)
{
	uint8_t signature[32];
	unsigned made = sizeof signature;
	char *text = signed_text(header, payload);
	HMAC(EVP_sha256(), secret, (int)len, (const uint8_t *)text, strlen(text), signature, &made);
	char *out = with_signature(text, signature, made);
	free(text);
	return out;
}
