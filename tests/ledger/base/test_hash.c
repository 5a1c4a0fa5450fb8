/* SHA-256 is the same whoever makes it: against FIPS 180-4's examples, against libsodium, and where OpenSSL fails. */
#include "ledger/base/hash.h"

#include "tests/lib/unit.h"

#include <pthread.h>
#include <string.h>

#define TEXT_MAX 4096

/* ---- OpenSSL, made to fail at its n-th call, or always to give something else ---- */

static _Atomic int fails_at; /* 1: the next call; 0: none */
static bool lies;

#ifdef HAVE_OPENSSL
static bool fails(void)
{
	return fails_at > 0 && --fails_at == 0;
}

int __real_SHA256_Init(void *state);
int __wrap_SHA256_Init(void *state);
int __wrap_SHA256_Init(void *state)
{
	return fails() ? 0 : __real_SHA256_Init(state);
}

int __real_SHA256_Update(void *state, const void *data, size_t len);
int __wrap_SHA256_Update(void *state, const void *data, size_t len);
int __wrap_SHA256_Update(void *state, const void *data, size_t len)
{
	return fails() ? 0 : __real_SHA256_Update(state, data, len);
}

int __real_SHA256_Final(unsigned char *out, void *state);
int __wrap_SHA256_Final(unsigned char *out, void *state);
int __wrap_SHA256_Final(unsigned char *out, void *state)
{
	int good = fails() ? 0 : __real_SHA256_Final(out, state);
	out[31] ^= lies;
	return good;
}

#endif

/* ---- the same for both ---- */

static void check(const uint8_t *text, size_t len, size_t cut)
{
	struct hash ours;
	uint8_t theirs[HASH_BYTES];
	const struct bytes parts[] = {bytes_of(text, cut), bytes_of(NULL, 0), bytes_of(text + cut, len - cut)};
	hash_sha256(parts, 3, &ours);
	crypto_hash_sha256(theirs, text, len);
	ck_assert_mem_eq(ours.b, theirs, sizeof theirs);
	hash_sha256_secret(parts, 3, &ours);
	ck_assert_mem_eq(ours.b, theirs, sizeof theirs);
}

static void check_random(void)
{
	uint8_t text[TEXT_MAX];
	randombytes_buf(text, sizeof text);
	for (int i = 0; i < 2000; i++) {
		size_t len = randombytes_uniform(i % 4 ? 200 : TEXT_MAX);
		check(text, len, randombytes_uniform((uint32_t)len + 1));
	}
}

START_TEST(examples_of_the_standard)
{
	static const struct {
		const char *text, *hash;
	} examples[] = {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct hash hash;
		char hex[2 * HASH_BYTES + 1];
		const struct bytes part = bytes_text(examples[i].text);
		hash_sha256(&part, 1, &hash);
		ck_assert_str_eq(sodium_bin2hex(hex, sizeof hex, hash.b, sizeof hash.b), examples[i].hash);
	}
}
END_TEST

START_TEST(any_length_and_cut_agrees)
{
	check_random();
}
END_TEST

static void *check_in_thread(void *context)
{
	(void)context;
	check_random();
	return NULL;
}

START_TEST(threads_do_not_meet)
{
	pthread_t threads[8];
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, check_in_thread, NULL), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

/* Also the very first calls, by which it is chosen. */
START_TEST(what_openssl_does_not_make_libsodium_does)
{
	uint8_t text[300] = {1, 2, 3};
	if (_i > 0)
		check(text, sizeof text, 100);
	for (int at = 1; at < 8; at++) {
		fails_at = at;
		check(text, sizeof text, 100);
	}
	fails_at = 0;
	check_random();
}
END_TEST

START_TEST(who_gives_something_else_is_not_asked)
{
	lies = true;
	check_random();
	ck_assert_str_eq(hash_sha256_maker(), "libsodium");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("hash");
	tcase_add_test(tcase, examples_of_the_standard);
	tcase_add_test(tcase, any_length_and_cut_agrees);
	tcase_add_test(tcase, threads_do_not_meet);
	tcase_add_loop_test(tcase, what_openssl_does_not_make_libsodium_does, 0, 2);
	tcase_add_test(tcase, who_gives_something_else_is_not_asked);
	return unit_run("hash", tcase);
}
