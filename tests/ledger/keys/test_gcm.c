/* AES-256-GCM by both of its makers: the test cases 13, 14 and 16 of the specification that was submitted to NIST
 * (McGrew and Viega), and each opens what the other has sealed. */
#include "ledger/keys/gcm.h"
#include "tests/lib/unit.h"

#include <openssl/evp.h>
#include <sodium.h>

int __real_crypto_aead_aes256gcm_is_available(void);
int __wrap_crypto_aead_aes256gcm_is_available(void);
EVP_CIPHER_CTX *__real_EVP_CIPHER_CTX_new(void);
EVP_CIPHER_CTX *__wrap_EVP_CIPHER_CTX_new(void);

static bool without_instructions;
static bool without_memory;
static unsigned objects;

int __wrap_crypto_aead_aes256gcm_is_available(void)
{
	return without_instructions ? 0 : __real_crypto_aead_aes256gcm_is_available();
}

EVP_CIPHER_CTX *__wrap_EVP_CIPHER_CTX_new(void)
{
	objects++;
	return without_memory ? NULL : __real_EVP_CIPHER_CTX_new();
}

struct known {
	const char *key, *nonce, *associated, *plain, *sealed, *tag;
};

#define ZERO16 "00000000000000000000000000000000"

static const struct known known[] = {
	{ZERO16 ZERO16, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
	{ZERO16 ZERO16, "000000000000000000000000", "", ZERO16, "cea7403d4d606b6e074ec5d3baf39d18",
		"d0d1c8a799996bf0265b98b5d48ab919"},
	{"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
		"feedfacedeadbeeffeedfacedeadbeefabaddad2",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de6"
		"57"
		"ba637b39",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a"
		"0a"
		"bcc9f662",
		"76fc6ece0f4e1768cddf8853bb2d551b"},
};

static struct bytes unhex(const char *text, uint8_t *out, size_t room)
{
	size_t len;
	ck_assert_int_eq(sodium_hex2bin(out, room, text, strlen(text), NULL, &len, NULL), 0);
	return bytes_of(out, len);
}

static void check_known(const struct known *one)
{
	struct key key;
	uint8_t nonce[GCM_NONCE_BYTES], associated_room[64], plain_room[64], sealed[64 + GCM_TAG_BYTES], opened[64];
	uint8_t wanted[64 + GCM_TAG_BYTES];
	unhex(one->key, key.b, sizeof key.b);
	unhex(one->nonce, nonce, sizeof nonce);
	struct bytes associated = unhex(one->associated, associated_room, sizeof associated_room);
	struct bytes plain = unhex(one->plain, plain_room, sizeof plain_room);
	size_t whole = plain.len + GCM_TAG_BYTES;
	unhex(one->sealed, wanted, plain.len);
	unhex(one->tag, wanted + plain.len, GCM_TAG_BYTES);
	memcpy(sealed, plain.data, plain.len);
	ck_ok(gcm_seal(&key, nonce, associated, sealed, plain.len, sealed + plain.len));
	ck_assert_mem_eq(sealed, wanted, whole);
	ck_ok(gcm_open(&key, nonce, associated, bytes_of(sealed, whole), opened));
	ck_assert(bytes_equal(bytes_of(opened, plain.len), plain));
}

START_TEST(both_makers_give_what_is_known)
{
	for (int i = 0; i < 2; i++) {
		without_instructions = i == 1;
		objects = 0;
		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			check_known(&known[k]);
		ck_assert(without_instructions ? objects == 6 : objects == 0 || !__real_crypto_aead_aes256gcm_is_available());
	}
}
END_TEST

/* What the one has sealed the other opens, at every length up to some blocks; with any bit changed neither does. */
START_TEST(each_opens_what_the_other_sealed)
{
	struct key key;
	uint8_t nonce[GCM_NONCE_BYTES], plain[300], sealed[300 + GCM_TAG_BYTES], opened[300], about[40];
	randombytes_buf(key.b, sizeof key.b);
	randombytes_buf(nonce, sizeof nonce);
	randombytes_buf(plain, sizeof plain);
	randombytes_buf(about, sizeof about);
	for (size_t len = 0; len <= sizeof plain; len++) {
		struct bytes associated = bytes_of(about, len % sizeof about);
		memcpy(sealed, plain, len);
		without_instructions = len % 2 == 0;
		ck_ok(gcm_seal(&key, nonce, associated, sealed, len, sealed + len));
		without_instructions = !without_instructions;
		ck_ok(gcm_open(&key, nonce, associated, bytes_of(sealed, len + GCM_TAG_BYTES), opened));
		ck_assert_mem_eq(opened, plain, len);
		sealed[len % 2 == 0 ? len / 2 : len] ^= 4;
		ck_error(gcm_open(&key, nonce, associated, bytes_of(sealed, len + GCM_TAG_BYTES), opened), E_UNSEALED);
		without_instructions = !without_instructions;
		ck_error(gcm_open(&key, nonce, associated, bytes_of(sealed, len + GCM_TAG_BYTES), opened), E_UNSEALED);
	}
}
END_TEST

START_TEST(what_is_bound_counts)
{
	struct key key = {{1}};
	uint8_t nonce[GCM_NONCE_BYTES] = {2}, sealed[20 + GCM_TAG_BYTES] = {3}, opened[20];
	struct bytes whole = BYTES_ARRAY(sealed);
	for (int i = 0; i < 2; i++) {
		without_instructions = i == 1;
		ck_ok(gcm_seal(&key, nonce, BYTES_LITERAL("its place"), sealed, 20, sealed + 20));
		ck_error(gcm_open(&key, nonce, BYTES_LITERAL("its_place"), whole, opened), E_UNSEALED);
		nonce[11] ^= 1;
		ck_error(gcm_open(&key, nonce, BYTES_LITERAL("its place"), whole, opened), E_UNSEALED);
		nonce[11] ^= 1;
		key.b[31] ^= 1;
		ck_error(gcm_open(&key, nonce, BYTES_LITERAL("its place"), whole, opened), E_UNSEALED);
		key.b[31] ^= 1;
		ck_error(gcm_open(&key, nonce, BYTES_LITERAL("its place"), bytes_of(sealed, 15), opened), E_UNSEALED);
		ck_ok(gcm_open(&key, nonce, BYTES_LITERAL("its place"), whole, opened));
	}
}
END_TEST

START_TEST(no_memory_is_no_damage)
{
	struct key key = {{1}};
	uint8_t nonce[GCM_NONCE_BYTES] = {2}, sealed[20 + GCM_TAG_BYTES] = {3}, opened[20];
	ck_ok(gcm_seal(&key, nonce, BYTES_EMPTY, sealed, 20, sealed + 20));
	without_instructions = without_memory = true;
	ck_error(gcm_open(&key, nonce, BYTES_EMPTY, BYTES_ARRAY(sealed), opened), E_NO_MEMORY);
	ck_error(gcm_seal(&key, nonce, BYTES_EMPTY, opened, 20, sealed), E_NO_MEMORY);
}
END_TEST

UNIT_MAIN("gcm", both_makers_give_what_is_known, each_opens_what_the_other_sealed, what_is_bound_counts,
	no_memory_is_no_damage)
