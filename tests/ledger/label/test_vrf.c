#include "ledger/label/vrf.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

/* The order of the group, little-endian: the smallest scalar that is not reduced. */
static const uint8_t group_order[32] = {0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE,
	0xF9, 0xDE, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};

/* VRF-2 */
START_TEST(a_proof_gives_its_output)
{
	for (size_t len = 0; len <= 300; len += 30) {
		struct key secret;
		uint8_t public_key[32], again[32], alpha_bytes[300], proof[VRF_PROOF_BYTES], beta[64], wanted[64];
		randombytes_buf(alpha_bytes, sizeof alpha_bytes);
		struct bytes alpha = bytes_of(alpha_bytes, len);
		vrf_keygen(&secret, public_key);
		ck_ok(vrf_public_key(&secret, again));
		ck_assert_mem_eq(public_key, again, sizeof again);
		ck_ok(vrf_prove(&secret, alpha, proof));
		ck_ok(vrf_output(&secret, alpha, wanted));
		ck_ok(vrf_verify(public_key, alpha, proof, beta));
		ck_assert_mem_eq(beta, wanted, sizeof beta);
	}
}
END_TEST

/* VRF-5, VRF-6, VRF-7: every bit of key, input and proof counts. */
START_TEST(every_bit_counts)
{
	struct key secret;
	uint8_t public_key[32], alpha_bytes[8] = "subject", proof[VRF_PROOF_BYTES], beta[64] = {0}, untouched[64] = {0};
	struct bytes alpha = BYTES_ARRAY(alpha_bytes);
	vrf_keygen(&secret, public_key);
	ck_ok(vrf_prove(&secret, alpha, proof));
	struct bytes parts[] = {BYTES_ARRAY(public_key), alpha, BYTES_ARRAY(proof)};
	for (size_t part = 0; part < 3; part++)
		for (size_t bit = 0; bit < 8 * parts[part].len; bit++) {
			uint8_t *byte = (uint8_t *)parts[part].data + bit / 8;
			*byte ^= (uint8_t)(1 << bit % 8);
			ck_error(vrf_verify(public_key, alpha, proof, beta), E_BAD_VRF);
			*byte ^= (uint8_t)(1 << bit % 8);
		}
	ck_error(vrf_verify(public_key, bytes_of(alpha_bytes, 7), proof, beta), E_BAD_VRF);
	ck_assert_mem_eq(beta, untouched, sizeof beta);
	ck_ok(vrf_verify(public_key, alpha, proof, beta));
}
END_TEST

static void add_order(uint8_t scalar[32])
{
	unsigned carry = 0;
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)scalar[i] + group_order[i];
		scalar[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

/* VRF-5: the same s modulo the order, spelled differently, would verify if only the arithmetic were looked at. */
START_TEST(an_unreduced_s_is_refused)
{
	for (int round = 0; round < 10; round++) {
		struct key secret;
		uint8_t public_key[32], proof[VRF_PROOF_BYTES], beta[64];
		vrf_keygen(&secret, public_key);
		ck_ok(vrf_prove(&secret, BYTES_LITERAL("a"), proof));
		for (int times = 0; times < 7; times++) {
			add_order(proof + 48);
			ck_error(vrf_verify(public_key, BYTES_LITERAL("a"), proof, beta), E_BAD_VRF);
		}
		ck_ok(vrf_prove(&secret, BYTES_LITERAL("a"), proof));
		proof[79] |= 0x80;
		ck_error(vrf_verify(public_key, BYTES_LITERAL("a"), proof, beta), E_BAD_VRF);
	}
}
END_TEST

/* VRF-4: with the identity as key anybody can prove anything: Gamma = identity, c and s made to fit. */
START_TEST(the_identity_is_no_key)
{
	uint8_t identity[32] = {0}, proof[VRF_PROOF_BYTES] = {0}, beta[64];
	uint8_t k[32], h[32], u[32], v[32], wide[64];
	const char suite[] = "\xFF"
						 "c2sp.org/vrf-r255";
	crypto_core_ristretto255_scalar_random(k);
	struct bytes alpha = BYTES_LITERAL("a");
	crypto_hash_sha512_state state;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, (const uint8_t *)suite, sizeof suite - 1);
	crypto_hash_sha512_update(&state, (const uint8_t *)"\x82", 1);
	crypto_hash_sha512_update(&state, identity, 32);
	crypto_hash_sha512_update(&state, alpha.data, alpha.len);
	crypto_hash_sha512_final(&state, wide);
	crypto_core_ristretto255_from_hash(h, wide);
	ck_assert_int_eq(crypto_scalarmult_ristretto255_base(u, k), 0);
	ck_assert_int_eq(crypto_scalarmult_ristretto255(v, k, h), 0);
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, (const uint8_t *)suite, sizeof suite - 1);
	crypto_hash_sha512_update(&state, (const uint8_t *)"\x02", 1);
	const uint8_t *points[] = {identity, h, identity, u, v};
	for (size_t i = 0; i < 5; i++)
		crypto_hash_sha512_update(&state, points[i], 32);
	crypto_hash_sha512_update(&state, (const uint8_t *)"", 1);
	crypto_hash_sha512_final(&state, wide);
	memcpy(proof + 32, wide, 16);
	memcpy(proof + 48, k, 32);
	ck_error(vrf_verify(identity, alpha, proof, beta), E_BAD_VRF);
}
END_TEST

/* VRF-1 */
START_TEST(bad_secrets_are_refused)
{
	struct key secret = {{0}};
	uint8_t out[VRF_PROOF_BYTES];
	ck_error(vrf_public_key(&secret, out), E_BAD_KEY);
	ck_error(vrf_output(&secret, BYTES_EMPTY, out), E_BAD_KEY);
	ck_error(vrf_prove(&secret, BYTES_EMPTY, out), E_BAD_KEY);
	memcpy(secret.b, group_order, 32);
	ck_error(vrf_public_key(&secret, out), E_BAD_KEY);
	secret.b[0]++;
	ck_error(vrf_prove(&secret, BYTES_EMPTY, out), E_BAD_KEY);
	secret.b[0] -= 2;
	ck_ok(vrf_public_key(&secret, out));
	memset(secret.b, 0xFF, 32);
	ck_error(vrf_output(&secret, BYTES_EMPTY, out), E_BAD_KEY);
}
END_TEST

/* ---- the outside vector: lines "name = hex", also "a = b = hex", folded lines indented ---- */

static struct bytes outside_value(const char *file, const char *name, uint8_t *out)
{
	char hex[1024] = "";
	const char *line = file;
	size_t name_len = strlen(name);
	while (strncmp(line, name, name_len) != 0 || strncmp(line + name_len, " = ", 3) != 0) {
		line = strchr(line, '\n');
		ck_assert_msg(line != NULL, "no value %s", name);
		line++;
	}
	line += name_len + 3;
	size_t len = 0;
	for (; *line && strncmp(line, "\n\n", 2) != 0; line++)
		if (strchr("0123456789abcdef", *line) != NULL)
			hex[len++] = *line;
		else if (*line == '=')
			len = 0; /* "x = <hex>": what was collected was a name */
	hex[len] = '\0';
	return vector_unhex(hex, out);
}

#define outside(name, ...)                                                                                      \
	do {                                                                                                        \
		static uint8_t outside_buffer[VECTOR_BYTES_MAX];                                                        \
		ck_assert_msg(bytes_equal(outside_value(file, name, outside_buffer), __VA_ARGS__), "%s differs", name); \
	} while (0)

static void outside_hash(const char *prefix, const struct bytes *parts, size_t count, uint8_t out[64])
{
	crypto_hash_sha512_state state;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state,
		(const uint8_t *)"\xFF"
						 "c2sp.org/vrf-r255",
		18);
	crypto_hash_sha512_update(&state, (const uint8_t *)prefix, 1);
	for (size_t i = 0; i < count; i++)
		crypto_hash_sha512_update(&state, parts[i].data, parts[i].len);
	crypto_hash_sha512_final(&state, out);
}

START_TEST(the_outside_vector_holds)
{
	char path[4096], file[8192] = "";
	if (!vector_path("INDSIGT_SHARED", "vectors/vrf-r255.txt", path))
		return;
	FILE *stream = fopen(path, "r");
	if (stream == NULL)
		return;
	ck_assert_uint_gt(fread(file, 1, sizeof file - 1, stream), 1000);
	fclose(stream);

	static uint8_t secret_bytes[VECTOR_BYTES_MAX], alpha_bytes[VECTOR_BYTES_MAX];
	struct bytes sk = outside_value(file, "SK", secret_bytes), alpha = outside_value(file, "alpha", alpha_bytes);
	ck_assert_uint_eq(sk.len, 32);
	struct key secret;
	memcpy(secret.b, sk.data, 32);
	uint8_t pk[32], pi[VRF_PROOF_BYTES], beta[64], got[64];
	ck_ok(vrf_public_key(&secret, pk));
	outside("PK", BYTES_ARRAY(pk));
	ck_ok(vrf_prove(&secret, alpha, pi));
	outside("pi", BYTES_ARRAY(pi));
	outside("Gamma", bytes_of(pi, 32));
	outside("c", bytes_of(pi + 32, 16));
	outside("s", bytes_of(pi + 48, 32));
	ck_ok(vrf_output(&secret, alpha, beta));
	outside("beta", BYTES_ARRAY(beta));
	ck_ok(vrf_verify(pk, alpha, pi, got));
	ck_assert_mem_eq(got, beta, sizeof beta);

	/* What is between: recomputed here, from the proof where it can be. */
	uint8_t wide[64], h[32], k[32], u[32], v[32], c[32] = {0}, left[32], right[32];
	outside_hash("\x82", (struct bytes[]){BYTES_ARRAY(pk), alpha}, 2, wide);
	outside("hash_string", BYTES_ARRAY(wide));
	crypto_core_ristretto255_from_hash(h, wide);
	outside("H", BYTES_ARRAY(h));
	outside_hash("\x81", (struct bytes[]){sk, BYTES_ARRAY(h)}, 2, wide);
	outside("k_string", BYTES_ARRAY(wide));
	crypto_core_ristretto255_scalar_reduce(k, wide);
	outside("k", BYTES_ARRAY(k));
	memcpy(c, pi + 32, 16);
	ck_assert_int_eq(crypto_scalarmult_ristretto255_base(left, pi + 48), 0);
	ck_assert_int_eq(crypto_scalarmult_ristretto255(right, c, pk), 0);
	ck_assert_int_eq(crypto_core_ristretto255_sub(u, left, right), 0);
	outside("U", BYTES_ARRAY(u));
	ck_assert_int_eq(crypto_scalarmult_ristretto255(left, pi + 48, h), 0);
	ck_assert_int_eq(crypto_scalarmult_ristretto255(right, c, pi), 0);
	ck_assert_int_eq(crypto_core_ristretto255_sub(v, left, right), 0);
	outside("V", BYTES_ARRAY(v));
	outside_hash("\x02",
		(struct bytes[]){
			BYTES_ARRAY(pk), BYTES_ARRAY(h), bytes_of(pi, 32), BYTES_ARRAY(u), BYTES_ARRAY(v), BYTES_LITERAL("\0")},
		6, wide);
	outside("c_string", BYTES_ARRAY(wide));
}
END_TEST

static void check_vector(const json_t *vector, const char *path)
{
	uint8_t alpha_bytes[VECTOR_BYTES_MAX], public_key[32], proof[VRF_PROOF_BYTES], beta[64], wanted[64];
	struct bytes alpha = vector_hex(vector, "alpha", alpha_bytes);
	vector_fixed(vector, "public_key", public_key, sizeof public_key);
	vector_fixed(vector, "proof", proof, sizeof proof);
	enum error error = vrf_verify(public_key, alpha, proof, beta);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	vector_fixed(vector, "beta", wanted, sizeof wanted);
	ck_assert_mem_eq(beta, wanted, sizeof beta);
	/* VRF-3: there is one proof for each input. */
	struct key secret;
	uint8_t again[VRF_PROOF_BYTES];
	vector_fixed(vector, "secret", secret.b, sizeof secret.b);
	ck_ok(vrf_prove(&secret, alpha, again));
	ck_assert_mem_eq(again, proof, sizeof proof);
}

START_TEST(our_vrf_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/vrf", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 12);
}
END_TEST

UNIT_MAIN("vrf", a_proof_gives_its_output, every_bit_counts, an_unreduced_s_is_refused, the_identity_is_no_key,
	bad_secrets_are_refused, the_outside_vector_holds, our_vrf_vectors_hold)
