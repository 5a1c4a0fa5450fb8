/*   alpha ─► H, a point ─► Gamma = secret * H ─► output, of which a label is the front
 *                               └─► c, s: the secret behind Gamma is the one behind the public key
 *
 * The nonce comes from the secret and H: a proof for the same subject is the same bytes each time, and a bad source of
 * random numbers does not give the secret away. A verifier refuses before it computes: under the identity as a key all
 * subjects would have one label, and an s that is not reduced would be a second proof of the same. What would give the
 * secret away is wiped.
 *
 * A secret's public key is a fifth of the work for an output, and a program has one secret for all its subjects: each
 * thread keeps the last public key, under a hash of its secret. */
#include "ledger/label/vrf.h"

#include "ledger/base/wrong.h"

#include <sodium.h>

#define POINT_BYTES 32
#define SCALAR_BYTES 32
#define CHALLENGE_BYTES 16
#define WIDE_BYTES 64 /* of a SHA-512, which a point or a scalar is made from */

_Static_assert(VRF_PROOF_BYTES == POINT_BYTES + CHALLENGE_BYTES + SCALAR_BYTES, "Gamma || c || s");

/* Prefixes of the hashes, each behind the suite string. */
enum purpose {
	CHALLENGE = 0x02,
	OUTPUT = 0x03,
	NONCE = 0x81,
	ENCODE_TO_CURVE = 0x82,
};

/* SHA-512(suite || purpose || parts) */
static void suite_hash(enum purpose purpose, const struct bytes *parts, size_t count, uint8_t out[WIDE_BYTES])
{
	static const char suite[] = "\xFF"
								"c2sp.org/vrf-r255";
	uint8_t byte = (uint8_t)purpose;
	crypto_hash_sha512_state state;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, (const uint8_t *)suite, sizeof suite - 1);
	crypto_hash_sha512_update(&state, &byte, 1);
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0)
			crypto_hash_sha512_update(&state, parts[i].data, parts[i].len);
	crypto_hash_sha512_final(&state, out);
	sodium_memzero(&state, sizeof state);
}

static bool scalar_reduced(const uint8_t scalar[SCALAR_BYTES])
{
	uint8_t wide[WIDE_BYTES] = {0}, reduced[SCALAR_BYTES];
	memcpy(wide, scalar, SCALAR_BYTES);
	crypto_core_ristretto255_scalar_reduce(reduced, wide);
	bool same = sodium_memcmp(reduced, scalar, SCALAR_BYTES) == 0;
	sodium_memzero(wide, sizeof wide);
	sodium_memzero(reduced, sizeof reduced);
	return same;
}

/* For valid points; the library reports the identity, whose encoding is all zeros, as an error. */
static void multiply(const uint8_t scalar[SCALAR_BYTES], const uint8_t point[POINT_BYTES], uint8_t out[POINT_BYTES])
{
	if (crypto_scalarmult_ristretto255(out, scalar, point) != 0)
		memset(out, 0, POINT_BYTES);
}

static void multiply_base(const uint8_t scalar[SCALAR_BYTES], uint8_t out[POINT_BYTES])
{
	if (crypto_scalarmult_ristretto255_base(out, scalar) != 0)
		memset(out, 0, POINT_BYTES);
}

/* H */
static void encode_to_curve(const uint8_t public_key[POINT_BYTES], struct bytes alpha, uint8_t out[POINT_BYTES])
{
	uint8_t wide[WIDE_BYTES];
	struct bytes parts[] = {{public_key, POINT_BYTES}, alpha};
	suite_hash(ENCODE_TO_CURVE, parts, 2, wide);
	crypto_core_ristretto255_from_hash(out, wide);
}

/* The challenge as a scalar: 16 bytes of hash, the rest zero. */
static void challenge(const uint8_t public_key[POINT_BYTES], const uint8_t h[POINT_BYTES],
	const uint8_t gamma[POINT_BYTES], const uint8_t u[POINT_BYTES], const uint8_t v[POINT_BYTES],
	uint8_t out[SCALAR_BYTES])
{
	uint8_t wide[WIDE_BYTES];
	struct bytes parts[] = {{public_key, POINT_BYTES}, {h, POINT_BYTES}, {gamma, POINT_BYTES}, {u, POINT_BYTES},
		{v, POINT_BYTES}, BYTES_LITERAL("\0")};
	suite_hash(CHALLENGE, parts, 6, wide);
	memset(out, 0, SCALAR_BYTES);
	memcpy(out, wide, CHALLENGE_BYTES);
}

static void output_of(const uint8_t gamma[POINT_BYTES], uint8_t out[VRF_OUTPUT_BYTES])
{
	struct bytes parts[] = {{gamma, POINT_BYTES}, BYTES_LITERAL("\0")};
	suite_hash(OUTPUT, parts, 2, out);
}

void vrf_keygen(struct key *secret, uint8_t public_key[32])
{
	crypto_core_ristretto255_scalar_random(secret->b);
	multiply_base(secret->b, public_key);
}

enum error vrf_public_key(const struct key *secret, uint8_t out[32])
{
	if (sodium_is_zero(secret->b, sizeof secret->b) || !scalar_reduced(secret->b))
		return E_BAD_KEY;
	multiply_base(secret->b, out);
	return E_OK;
}

/* The same, remembered. */
static enum error known_public_key(const struct key *secret, uint8_t out[POINT_BYTES])
{
	static _Thread_local struct {
		bool known;
		struct hash secret; /* its hash: the secret itself stays where it is guarded */
		uint8_t public_key[POINT_BYTES];
	} last;
	struct hash named;
	const struct bytes parts[] = {BYTES_ARRAY(secret->b)};
	hash_blake2b(NULL, parts, 1, &named);
	if (!last.known || !hash_equal(&named, &last.secret)) {
		last.known = false;
		TRY(vrf_public_key(secret, last.public_key));
		last.secret = named;
		last.known = true;
	}
	memcpy(out, last.public_key, POINT_BYTES);
	return E_OK;
}

enum error vrf_output(const struct key *secret, struct bytes alpha, uint8_t out[VRF_OUTPUT_BYTES])
{
	uint8_t public_key[POINT_BYTES], h[POINT_BYTES], gamma[POINT_BYTES];
	TRY(known_public_key(secret, public_key));
	encode_to_curve(public_key, alpha, h);
	multiply(secret->b, h, gamma);
	output_of(gamma, out);
	return E_OK;
}

enum error vrf_prove(const struct key *secret, struct bytes alpha, uint8_t out[VRF_PROOF_BYTES])
{
	uint8_t public_key[POINT_BYTES], h[POINT_BYTES], u[POINT_BYTES], v[POINT_BYTES];
	uint8_t wide[WIDE_BYTES], nonce[SCALAR_BYTES], c[SCALAR_BYTES], product[SCALAR_BYTES];
	uint8_t *gamma = out, *s = out + POINT_BYTES + CHALLENGE_BYTES;
	TRY(known_public_key(secret, public_key));
	encode_to_curve(public_key, alpha, h);
	multiply(secret->b, h, gamma);

	struct bytes parts[] = {BYTES_ARRAY(secret->b), BYTES_ARRAY(h)};
	suite_hash(NONCE, parts, 2, wide);
	crypto_core_ristretto255_scalar_reduce(nonce, wide);
	multiply_base(nonce, u);
	multiply(nonce, h, v);
	challenge(public_key, h, gamma, u, v, c);
	memcpy(out + POINT_BYTES, c, CHALLENGE_BYTES);
	crypto_core_ristretto255_scalar_mul(product, c, secret->b);
	crypto_core_ristretto255_scalar_add(s, nonce, product);
	sodium_memzero(wide, sizeof wide);
	sodium_memzero(nonce, sizeof nonce);
	sodium_memzero(product, sizeof product);
	return E_OK;
}

void vrf_proof_output(const uint8_t proof[VRF_PROOF_BYTES], uint8_t out[VRF_OUTPUT_BYTES])
{
	output_of(proof, out); /* its first part is gamma */
}

enum error vrf_verify(const uint8_t public_key[32], struct bytes alpha, const uint8_t proof[VRF_PROOF_BYTES],
	uint8_t out[VRF_OUTPUT_BYTES])
{
	const uint8_t *gamma = proof, *s = proof + POINT_BYTES + CHALLENGE_BYTES;
	uint8_t c[SCALAR_BYTES] = {0}, recomputed[SCALAR_BYTES];
	uint8_t h[POINT_BYTES], left[POINT_BYTES], right[POINT_BYTES], u[POINT_BYTES], v[POINT_BYTES];
	memcpy(c, proof + POINT_BYTES, CHALLENGE_BYTES);
	if (WRONG(sodium_is_zero(public_key, POINT_BYTES)) || WRONG(!crypto_core_ristretto255_is_valid_point(public_key)) ||
		WRONG(!crypto_core_ristretto255_is_valid_point(gamma)) || WRONG(!scalar_reduced(s)))
		return E_BAD_VRF;
	encode_to_curve(public_key, alpha, h);
	multiply_base(s, left);
	multiply(c, public_key, right);
	if (crypto_core_ristretto255_sub(u, left, right) != 0)
		return E_BAD_VRF;
	multiply(s, h, left);
	multiply(c, gamma, right);
	if (crypto_core_ristretto255_sub(v, left, right) != 0)
		return E_BAD_VRF;
	challenge(public_key, h, gamma, u, v, recomputed);
	if (WRONG(sodium_memcmp(c, recomputed, CHALLENGE_BYTES) != 0))
		return E_BAD_VRF;
	output_of(gamma, out);
	return E_OK;
}
