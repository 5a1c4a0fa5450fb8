/* Which verification is meant where signatures are verified: libsodium's, over keys and signatures about which
 * libraries differ. With INDSIGT_WRITE_VECTORS set they are written to tests/vectors/ed25519. spec/ed25519.md */
#include "ledger/label/ed25519.h"
#include "ledger/note/note.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

#define POINT 32

struct signature {
	uint8_t public_key[POINT];
	uint8_t message[64];
	size_t message_len;
	uint8_t bytes[64];
};

/* Points of order 1, 2, 4, 8 and 8. */
static const char *const small[] = {"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"};
/* 1 and 0, spelled with p. */
static const char *const not_canonical[] = {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};

static void point_of(const char *hex, uint8_t out[POINT])
{
	ck_assert_int_eq(sodium_hex2bin(out, POINT, hex, 2 * POINT, NULL, NULL, NULL), 0);
}

/* A scalar from a number; never 0. */
static void scalar_of(unsigned number, uint8_t out[POINT])
{
	uint8_t wide[64] = {(uint8_t)number, (uint8_t)(number >> 8), 1};
	crypto_core_ed25519_scalar_reduce(out, wide);
}

/* SHA-512(R || A || M) modulo L. */
static void challenge(const struct signature *signature, uint8_t out[POINT])
{
	uint8_t hash[64];
	crypto_hash_sha512_state state;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, signature->bytes, POINT);
	crypto_hash_sha512_update(&state, signature->public_key, POINT);
	crypto_hash_sha512_update(&state, signature->message, signature->message_len);
	crypto_hash_sha512_final(&state, hash);
	crypto_core_ed25519_scalar_reduce(out, hash);
}

/* A = [a]B + T and R = [r]B + U, S = r + k a: right but for T and U. `torsion` may be NULL. */
static void sign(struct signature *out, const char *of_key, const char *of_r, unsigned a, unsigned r, unsigned message)
{
	uint8_t secret[POINT], nonce[POINT], k[POINT], product[POINT], torsion[POINT];
	scalar_of(a, secret);
	scalar_of(r, nonce);
	crypto_scalarmult_ed25519_base_noclamp(out->public_key, secret);
	crypto_scalarmult_ed25519_base_noclamp(out->bytes, nonce);
	if (of_key != NULL) {
		point_of(of_key, torsion);
		ck_assert_int_eq(crypto_core_ed25519_add(out->public_key, out->public_key, torsion), 0);
	}
	if (of_r != NULL) {
		point_of(of_r, torsion);
		ck_assert_int_eq(crypto_core_ed25519_add(out->bytes, out->bytes, torsion), 0);
	}
	out->message_len = (size_t)snprintf((char *)out->message, sizeof out->message, "message %u", message);
	challenge(out, k);
	crypto_core_ed25519_scalar_mul(product, k, secret);
	crypto_core_ed25519_scalar_add(out->bytes + POINT, nonce, product);
}

static enum error verify(const struct signature *signature)
{
	return crypto_sign_verify_detached(
			   signature->bytes, signature->message, signature->message_len, signature->public_key) == 0
			   ? E_OK
			   : E_BAD_SIGNATURE;
}

static void write_file(const char *name, json_t *vector)
{
	char path[512];
	if (getenv("INDSIGT_WRITE_VECTORS") != NULL) {
		snprintf(path, sizeof path, "%s/tests/vectors/ed25519/%s.json", getenv("INDSIGT_SOURCE"), name);
		ck_assert_int_eq(json_dump_file(vector, path, JSON_INDENT(1)), 0);
	}
	json_decref(vector);
}

static json_t *hex_json(const void *bytes, size_t len)
{
	char text[2 * 64 + 1];
	return json_string(sodium_bin2hex(text, sizeof text, bytes, len));
}

/* What must come of it, and its file. */
static void expect(const char *name, const char *about, const char *rule, const struct signature *signature)
{
	enum error wanted = rule == NULL ? E_OK : E_BAD_SIGNATURE;
	ck_assert_msg(verify(signature) == wanted, "%s", name);
	json_t *vector = json_pack("{s:s,s:s,s:o,s:o,s:o}", "about", about, "expect", error_name(wanted), "public_key",
		hex_json(signature->public_key, POINT), "message", hex_json(signature->message, signature->message_len),
		"signature", hex_json(signature->bytes, 64));
	if (rule != NULL)
		json_object_set_new(vector, "rule", json_string(rule));
	write_file(name, vector);
}

/* S + L still fits 32 bytes. EDSIG-2 */
static void add_order(uint8_t s[POINT])
{
	static const uint8_t order[POINT] = {
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	sodium_add(s, order, POINT);
}

/* EDSIG-2, EDSIG-5 */
START_TEST(honest_keys_verify)
{
	struct signature signature;
	sign(&signature, NULL, NULL, 1, 2, 3);
	expect("good", "a good signature", NULL, &signature);
	add_order(signature.bytes + POINT);
	expect("s-over-order", "L is added to S of a good signature", "EDSIG-2", &signature);
	sign(&signature, NULL, NULL, 1, 2, 3);
	signature.bytes[POINT] ^= 1;
	expect("s-other", "another S", "EDSIG-5", &signature);
	sign(&signature, NULL, NULL, 1, 2, 3);
	signature.message[0] ^= 1;
	expect("message-other", "another message", "EDSIG-5", &signature);
	sign(&signature, NULL, NULL, 1, 2, 3);
	signature.bytes[31] ^= 0x80;
	expect("r-sign", "the other sign of R", "EDSIG-5", &signature);
}
END_TEST

/* R the identity, S 0, and a message such that k is a multiple of 8, which takes any key of small order to the
 * identity. */
static void fit_small_key(struct signature *out)
{
	uint8_t k[POINT];
	unsigned message = 0;
	point_of(small[0], out->bytes);
	memset(out->bytes + POINT, 0, POINT);
	do {
		out->message_len = (size_t)snprintf((char *)out->message, sizeof out->message, "message %u", ++message);
		challenge(out, k);
	} while (k[0] % 8 != 0);
}

/* EDSIG-3 */
START_TEST(keys_of_small_order_are_refused)
{
	struct signature signature;
	char name[64], about[120];
	for (size_t i = 0; i < 5; i++) {
		point_of(small[i], signature.public_key);
		fit_small_key(&signature);
		snprintf(name, sizeof name, "key-small-%zu", i);
		snprintf(
			about, sizeof about, "a key of order %d, R the identity and S 0: the equation holds", 1 << (i < 4 ? i : 3));
		expect(name, about, "EDSIG-3", &signature);
	}
	for (size_t i = 0; i < 2; i++) {
		point_of(not_canonical[i], signature.public_key);
		fit_small_key(&signature);
		snprintf(name, sizeof name, "key-not-canonical-%zu", i);
		expect(name, "a key whose y is not below p, R the identity and S 0: the equation holds", "EDSIG-3", &signature);
	}
}
END_TEST

/* R of small order, and the equation holds for R the identity: S = k a. EDSIG-4 */
START_TEST(r_of_small_order_is_refused)
{
	struct signature signature;
	uint8_t k[POINT], secret[POINT];
	sign(&signature, NULL, NULL, 1, 2, 3);
	point_of(small[0], signature.bytes);
	challenge(&signature, k);
	scalar_of(1, secret);
	crypto_core_ed25519_scalar_mul(signature.bytes + POINT, k, secret);
	expect("r-identity", "R the identity, and all fits", "EDSIG-4", &signature);
	point_of(not_canonical[0], signature.bytes);
	challenge(&signature, k);
	crypto_core_ed25519_scalar_mul(signature.bytes + POINT, k, secret);
	expect("r-identity-not-canonical", "R the identity with p added to its y", "EDSIG-4", &signature);
}
END_TEST

/* A point of small order in the key or in R: it vanishes under the cofactor, and without it only where k is a multiple
 * of its order. EDSIG-5 */
START_TEST(points_of_mixed_order_are_refused)
{
	struct signature signature;
	unsigned message = 0;
	uint8_t k[POINT];
	do {
		sign(&signature, small[3], NULL, 1, 2, ++message);
		challenge(&signature, k);
	} while (k[0] % 8 == 0);
	expect(
		"key-mixed", "a point of order 8 is added to the key: it fits with the cofactor only", "EDSIG-5", &signature);
	do {
		sign(&signature, small[3], NULL, 1, 2, ++message);
		challenge(&signature, k);
	} while (k[0] % 8 != 0);
	expect("key-mixed-fits", "a point of order 8 is added to the key, and k is a multiple of 8", NULL, &signature);
	sign(&signature, NULL, small[1], 1, 2, 3);
	expect("r-mixed", "a point of order 2 is added to R: it fits with the cofactor only", "EDSIG-5", &signature);
}
END_TEST

/* ---- keys as they are read ---- */

static enum error read_key(const uint8_t public_key[POINT])
{
	struct vkey vkey;
	enum error error = vkey_make("a.example", NOTE_KEY_ED25519, public_key, &vkey);
	ck_assert((error == E_OK) == ed25519_key_usable(public_key));
	return error;
}

static void expect_key(const char *name, const char *about, const char *hex, uint8_t sign_bit, enum error wanted)
{
	uint8_t key[POINT];
	point_of(hex, key);
	key[POINT - 1] |= sign_bit;
	ck_error(read_key(key), wanted);
	json_t *vector =
		json_pack("{s:s,s:s,s:o}", "about", about, "expect", error_name(wanted), "public_key", hex_json(key, POINT));
	if (wanted != E_OK)
		json_object_set_new(vector, "rule", json_string("EDSIG-1"));
	write_file(name, vector);
}

/* EDSIG-1 */
START_TEST(keys_are_judged_exactly)
{
	char name[64];
	for (uint8_t sign_bit = 0; sign_bit < 2; sign_bit++) {
		for (size_t i = 0; i < 5; i++) {
			snprintf(name, sizeof name, "read-small-%zu-%d", i, sign_bit);
			expect_key(name, "a key of small order", small[i], (uint8_t)(sign_bit << 7), E_BAD_KEY);
		}
		for (size_t i = 0; i < 2; i++) {
			snprintf(name, sizeof name, "read-not-canonical-%zu-%d", i, sign_bit);
			expect_key(name, "a key whose y is not below p", not_canonical[i], (uint8_t)(sign_bit << 7), E_BAD_KEY);
		}
	}
	expect_key("read-largest", "a key whose y is 2^255 - 1",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 0, E_BAD_KEY);
	expect_key("read-last-canonical", "a key whose y is p - 2",
		"ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 0, E_OK);
	expect_key("read-base-point", "the base point as a key",
		"5866666666666666666666666666666666666666666666666666666666666666", 0, E_OK);
}
END_TEST

static void check_vector(const json_t *vector, const char *path)
{
	struct signature signature;
	uint8_t buffer[VECTOR_BYTES_MAX];
	vector_fixed(vector, "public_key", signature.public_key, POINT);
	if (json_object_get(vector, "signature") == NULL) {
		vector_expect(vector, path, read_key(signature.public_key));
		return;
	}
	struct bytes message = vector_hex(vector, "message", buffer);
	ck_assert_uint_le(message.len, sizeof signature.message);
	memcpy(signature.message, message.data, message.len);
	signature.message_len = message.len;
	vector_fixed(vector, "signature", signature.bytes, 64);
	vector_expect(vector, path, verify(&signature));
}

START_TEST(our_signature_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/ed25519", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 30);
}
END_TEST

UNIT_MAIN("ed25519", honest_keys_verify, keys_of_small_order_are_refused, r_of_small_order_is_refused,
	points_of_mixed_order_are_refused, keys_are_judged_exactly, our_signature_vectors_hold)
