/* RSA and HMAC are cjose's, Ed25519 is libsodium's, which cjose does not have. ECDSA is OpenSSL's: cjose 0.6 goes on
 * without the memory for a signature's two numbers, and ends the program.
 *
 * Numbers of a key are decoded here and given on as bytes, since cjose takes a coordinate of any length, an RSA key of
 * any size and an exponent of 1. It uses its key for what the token's header says as long as the type fits, so the
 * header is held against the key first (public_key_fits), and the signature's length against the key's.
 *
 * cjose and OpenSSL tell a lack of memory like a bad signature, so their allocations are counted (shortage.h). */
#include "query/token/public_key.h"

#include "ledger/base/shortage.h"
#include "ledger/json/json_read.h"
#include "ledger/label/ed25519.h"

#include <cjose/jws.h>
#include <cjose/util.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>

#define BIT(algorithm) (1u << (algorithm))
#define P256_BYTES 32u
#define P256_POINT_BYTES (1 + 2 * P256_BYTES)
#define P256_DER_BYTES_MAX (2 + 2 * (2 + 1 + P256_BYTES)) /* of a signature: each number may begin with a zero byte */
#define RSA_EXPONENT_BYTES_MAX 8u

/* Before anything of cjose's or OpenSSL's is made, and so before main. OpenSSL (3.0 at least) ends the program where
 * memory is short while it first builds what it fetches from, and never finds again what it could not fetch first; so
 * what ECDSA needs is fetched here, too. */
__attribute__((constructor)) static void begin(void)
{
	cjose_set_alloc_funcs(shortage_malloc, shortage_realloc, shortage_free);
	EVP_KEYMGMT_free(EVP_KEYMGMT_fetch(NULL, "EC", NULL));
	EVP_SIGNATURE_free(EVP_SIGNATURE_fetch(NULL, "ECDSA", NULL));
	EVP_MD_free(EVP_MD_fetch(NULL, "SHA256", NULL));
}

/* ---- reading ---- */

static const char *text_of(const json_t *jwk, const char *name)
{
	const char *text = json_string_value(json_object_get(jwk, name));
	return text != NULL ? text : "";
}

/* A member in base64url; false where it is none, or longer. */
static bool bytes_member(const json_t *jwk, const char *name, uint8_t *out, size_t capacity, size_t *out_len)
{
	const json_t *member = json_object_get(jwk, name);
	return json_is_string(member) && json_string_length(member) > 0 &&
		   jws_base64url(json_string_value(member), json_string_length(member), out, capacity, out_len);
}

/* The library took its numbers, or gave nothing: is that the key's fault? */
static enum error is_taken(bool taken, struct fault *fault)
{
	if (taken)
		return E_OK;
	return shortage_seen() ? fault_set(fault, E_NO_MEMORY, "")
						   : fault_set(fault, E_NOT_FOUND, "its numbers are no key");
}

static size_t bits_of(const uint8_t *number, size_t len)
{
	size_t bits = len * 8;
	for (uint8_t top = number[0]; len > 0 && (top & 0x80) == 0 && bits > 0; top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

/* Under an exponent of 1 anything is its own signature. */
static enum error read_rsa(const json_t *jwk, struct public_key *key, struct fault *fault)
{
	uint8_t modulus[RSA_BITS_MAX / 8], exponent[RSA_EXPONENT_BYTES_MAX];
	cjose_jwk_rsa_keyspec spec = {.n = modulus, .e = exponent};
	if (!bytes_member(jwk, "n", modulus, sizeof modulus, &spec.nlen) || modulus[0] == 0 ||
		modulus[spec.nlen - 1] % 2 == 0)
		return fault_set(fault, E_NOT_FOUND, "its n is no odd number of at most %u bits in base64url", RSA_BITS_MAX);
	if (bits_of(modulus, spec.nlen) < RSA_BITS_MIN)
		return fault_set(fault, E_NOT_FOUND, "its n has fewer than %u bits", RSA_BITS_MIN);
	if (!bytes_member(jwk, "e", exponent, sizeof exponent, &spec.elen) || exponent[0] == 0 ||
		exponent[spec.elen - 1] % 2 == 0 || (spec.elen == 1 && exponent[0] == 1))
		return fault_set(fault, E_NOT_FOUND, "its e is no odd number over 1 of at most %u bytes in base64url",
			RSA_EXPONENT_BYTES_MAX);
	key->algorithms = BIT(JWS_RS256) | BIT(JWS_PS256);
	key->signature_len = spec.nlen;
	(void)shortage_seen();
	key->jwk = cjose_jwk_create_RSA_spec(&spec, NULL);
	return is_taken(key->jwk != NULL, fault);
}

static void making_release(EVP_PKEY_CTX **making)
{
	EVP_PKEY_CTX_free(*making);
}

/* NULL where it is not on the curve, or there was no memory. */
static EVP_PKEY *key_of_point(uint8_t point[P256_POINT_BYTES])
{
	char group[] = "P-256";
	OSSL_PARAM numbers[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, P256_POINT_BYTES),
		OSSL_PARAM_construct_end()};
	EVP_PKEY *key = NULL;
	OWNED(making_release) EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (making == NULL || EVP_PKEY_fromdata_init(making) != 1 ||
		EVP_PKEY_fromdata(making, &key, EVP_PKEY_PUBLIC_KEY, numbers) != 1)
		return NULL;
	return key;
}

static enum error read_ec(const json_t *jwk, struct public_key *key, struct fault *fault)
{
	uint8_t point[P256_POINT_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
	uint8_t *x = point + 1, *y = x + P256_BYTES;
	size_t x_len = 0, y_len = 0;
	if (strcmp(text_of(jwk, "crv"), "P-256") != 0)
		return fault_set(fault, E_NOT_FOUND, "its crv is not P-256");
	if (!bytes_member(jwk, "x", x, P256_BYTES, &x_len) || !bytes_member(jwk, "y", y, P256_BYTES, &y_len) ||
		x_len != P256_BYTES || y_len != P256_BYTES)
		return fault_set(fault, E_NOT_FOUND, "its x and y are not %u bytes each in base64url", P256_BYTES);
	key->algorithms = BIT(JWS_ES256);
	key->signature_len = 2 * P256_BYTES;
	(void)shortage_seen();
	key->ec = key_of_point(point);
	return is_taken(key->ec != NULL, fault);
}

static enum error read_okp(const json_t *jwk, struct public_key *key, struct fault *fault)
{
	size_t len = 0;
	if (strcmp(text_of(jwk, "crv"), "Ed25519") != 0)
		return fault_set(fault, E_NOT_FOUND, "its crv is not Ed25519");
	if (!bytes_member(jwk, "x", key->ed25519, sizeof key->ed25519, &len) || len != sizeof key->ed25519)
		return fault_set(fault, E_NOT_FOUND, "its x is not 32 bytes in base64url");
	if (!ed25519_key_usable(key->ed25519))
		return fault_set(fault, E_NOT_FOUND, "its x is a point of small order, or not spelled as it must be");
	key->algorithms = BIT(JWS_EDDSA);
	key->signature_len = crypto_sign_BYTES;
	return E_OK;
}

static bool may_verify(const json_t *operations)
{
	size_t i;
	const json_t *operation;
	json_array_foreach(operations, i, operation)
	{
		if (json_is_string(operation) && strcmp(json_string_value(operation), "verify") == 0)
			return true;
	}
	return operations == NULL;
}

/* What the set says of it beside its numbers. A private part that is published is everybody's key. */
static enum error read_purpose(const json_t *jwk, struct public_key *key, struct fault *fault)
{
	const json_t *id = json_object_get(jwk, "kid"), *use = json_object_get(jwk, "use");
	const json_t *algorithm = json_object_get(jwk, "alg");
	enum jws_algorithm only;
	if (id != NULL && (!json_is_string(id) || json_string_length(id) > KEY_ID_BYTES_MAX))
		return fault_set(fault, E_NOT_FOUND, "its kid is no text of at most %u bytes", KEY_ID_BYTES_MAX);
	if ((use != NULL && strcmp(text_of(jwk, "use"), "sig") != 0) || !may_verify(json_object_get(jwk, "key_ops")))
		return fault_set(fault, E_NOT_FOUND, "it is not for signatures (use, key_ops)");
	if (json_object_get(jwk, "d") != NULL)
		return fault_set(fault, E_NOT_FOUND, "its private part is published");
	if (algorithm != NULL && !jws_algorithm_parse(text_of(jwk, "alg"), &only))
		return fault_set(fault, E_NOT_FOUND, "its alg is none of RS256, PS256, ES256 and EdDSA");
	if (algorithm != NULL && (key->algorithms & BIT(only)) == 0)
		return fault_set(fault, E_NOT_FOUND, "its alg is not one of its kty");
	if (algorithm != NULL)
		key->algorithms = BIT(only);
	key->has_id = id != NULL;
	if (id != NULL)
		memcpy(key->id, json_string_value(id), json_string_length(id) + 1);
	return E_OK;
}

enum error public_key_read(const json_t *jwk, struct public_key *out, struct fault *fault)
{
	static const struct {
		const char *type;
		enum error (*read)(const json_t *jwk, struct public_key *key, struct fault *fault);
	} types[] = {{"RSA", read_rsa}, {"EC", read_ec}, {"OKP", read_okp}};
	OWNED(public_key_release) struct public_key key = {.jwk = NULL};
	enum error error = fault_set(fault, E_NOT_FOUND, "its kty is none of RSA, EC and OKP");
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(text_of(jwk, "kty"), types[i].type) == 0)
			error = types[i].read(jwk, &key, fault) ?: read_purpose(jwk, &key, fault);
	TRY(error);
	*out = key;
	key = (struct public_key){.jwk = NULL};
	return E_OK;
}

void public_key_release(struct public_key *key)
{
	if (key->jwk != NULL)
		cjose_jwk_release(key->jwk);
	key->jwk = NULL;
	EVP_PKEY_free(key->ec);
	key->ec = NULL;
}

enum error public_key_demo(const struct key *secret, struct public_key *out)
{
	cjose_jwk_t *jwk = cjose_jwk_create_oct_spec(secret->b, sizeof secret->b, NULL);
	TRY(allocated(jwk));
	*out = (struct public_key){.algorithms = BIT(JWS_HS256), .jwk = jwk, .signature_len = crypto_auth_hmacsha256_BYTES};
	return E_OK;
}

/* ---- verifying ---- */

bool public_key_fits(const struct public_key *key, const struct jws *jws)
{
	return (key->algorithms & BIT(jws->algorithm)) != 0 &&
		   (!jws->has_key_id || (key->has_id && strcmp(key->id, jws->key_id) == 0));
}

static void parts_release(ECDSA_SIG **parts)
{
	ECDSA_SIG_free(*parts);
}

static void number_release(BIGNUM **number)
{
	BN_free(*number);
}

static void checking_release(EVP_MD_CTX **checking)
{
	EVP_MD_CTX_free(*checking);
}

/* The two numbers, as OpenSSL takes them. E_NO_MEMORY. */
static enum error encode_signature(const uint8_t *numbers, uint8_t out[P256_DER_BYTES_MAX], size_t *out_len)
{
	OWNED(parts_release) ECDSA_SIG *parts = ECDSA_SIG_new();
	OWNED(number_release) BIGNUM *r = BN_bin2bn(numbers, P256_BYTES, NULL);
	OWNED(number_release) BIGNUM *s = BN_bin2bn(numbers + P256_BYTES, P256_BYTES, NULL);
	TRY(allocated(parts && r && s));
	if (ECDSA_SIG_set0(parts, r, s) != 1)
		return E_NO_MEMORY;
	r = s = NULL; /* they are its own now */
	uint8_t *at = out;
	int len = i2d_ECDSA_SIG(parts, NULL);
	if (len <= 0 || (size_t)len > P256_DER_BYTES_MAX || i2d_ECDSA_SIG(parts, &at) != len)
		return E_NO_MEMORY;
	*out_len = (size_t)len;
	return E_OK;
}

/* What is neither good nor bad could not be looked at. */
static enum error verify_es256(EVP_PKEY *key, const struct jws *jws)
{
	uint8_t der[P256_DER_BYTES_MAX];
	size_t der_len;
	(void)shortage_seen();
	TRY(encode_signature(jws->signature, der, &der_len));
	OWNED(checking_release) EVP_MD_CTX *checking = EVP_MD_CTX_new();
	if (checking == NULL || EVP_DigestVerifyInit(checking, NULL, EVP_sha256(), NULL, key) != 1)
		return E_NO_MEMORY;
	int holds = EVP_DigestVerify(checking, der, der_len, jws->signed_text.data, jws->signed_text.len);
	if (holds == 1)
		return E_OK;
	return holds == 0 && !shortage_seen() ? E_BAD_SIGNATURE : E_NO_MEMORY;
}

static void imported_release(cjose_jws_t **imported)
{
	cjose_jws_release(*imported);
}

struct import {
	const struct jws *jws;
	cjose_jws_t *imported;
};

/* It reads the header once more, by jansson. */
static void import(void *context)
{
	struct import *import = context;
	import->imported = cjose_jws_import((const char *)import->jws->text.data, import->jws->text.len, NULL);
}

enum error public_key_verify(const struct public_key *key, const struct jws *jws)
{
	if ((key->algorithms & BIT(jws->algorithm)) == 0 || jws->signature_len != key->signature_len)
		return E_BAD_SIGNATURE;
	if (key->ec != NULL)
		return verify_es256(key->ec, jws);
	if (key->jwk == NULL)
		return crypto_sign_verify_detached(jws->signature, jws->signed_text.data, jws->signed_text.len, key->ed25519) ==
					   0
				   ? E_OK
				   : E_BAD_SIGNATURE;
	struct import came = {jws, NULL};
	(void)shortage_seen();
	if (!shortage_guard(import, &came))
		return E_NO_MEMORY;
	OWNED(imported_release) cjose_jws_t *imported = came.imported;
	bool holds = imported != NULL && cjose_jws_verify(imported, key->jwk, NULL);
	if (!holds && shortage_seen())
		return E_NO_MEMORY;
	return holds ? E_OK : E_BAD_SIGNATURE;
}

/* ---- the demo issuer's ---- */

static void header_release(cjose_header_t **header)
{
	cjose_header_release(*header);
}

enum error public_key_sign_demo(const struct key *secret, json_t *claims, char out[TOKEN_TEXT_MAX + 1])
{
	const char *text; /* the token's own */
	OWNED(public_key_release) struct public_key key = {.jwk = NULL};
	OWNED_MEMORY char *payload = json_write(claims, JSON_COMPACT);
	OWNED(header_release) cjose_header_t *header = cjose_header_new(NULL);
	OWNED(imported_release) cjose_jws_t *made = NULL;
	TRY(public_key_demo(secret, &key));
	if (payload == NULL || header == NULL || !cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_HS256, NULL) ||
		!cjose_header_set(header, "typ", "JWT", NULL) ||
		(made = cjose_jws_sign(key.jwk, header, (const uint8_t *)payload, strlen(payload), NULL)) == NULL ||
		!cjose_jws_export(made, &text, NULL))
		return E_NO_MEMORY;
	if (strlen(text) > TOKEN_TEXT_MAX)
		return E_NO_ROOM;
	strcpy(out, text);
	return E_OK;
}
