#include "ledger/entry/sender_request.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

#define ORIGIN "log.example.dk/test"
#define TARGET "/v1/filing?sender=7&seq=12"

/* HTTP-32 */
START_TEST(signed_and_checked)
{
	uint8_t public_key[32], secret_key[64], other[32];
	char text[SENDER_REQUEST_TEXT_MAX + 1];
	struct sender_request request;
	crypto_sign_keypair(public_key, secret_key);
	ck_ok(sender_request_sign(ORIGIN, TARGET, 7, 1795435200, secret_key, text));
	ck_assert_uint_eq(strlen(text), SENDER_REQUEST_TEXT_MAX);
	ck_ok(sender_request_parse(text, &request));
	ck_assert_uint_eq(request.sender, 7);
	ck_assert_uint_eq(request.time_s, 1795435200);
	ck_ok(sender_request_check(&request, ORIGIN, TARGET, public_key));
	ck_error(sender_request_check(&request, ORIGIN "2", TARGET, public_key), E_BAD_SIGNATURE);
	ck_error(sender_request_check(&request, ORIGIN, TARGET "3", public_key), E_BAD_SIGNATURE);
	memcpy(other, public_key, 32);
	crypto_sign_keypair(other, secret_key);
	ck_error(sender_request_check(&request, ORIGIN, TARGET, other), E_BAD_SIGNATURE);
	request.time_s++;
	ck_error(sender_request_check(&request, ORIGIN, TARGET, public_key), E_BAD_SIGNATURE);
	request.time_s--;
	request.sender++;
	ck_error(sender_request_check(&request, ORIGIN, TARGET, public_key), E_BAD_SIGNATURE);
}
END_TEST

START_TEST(malformed_requests_are_refused)
{
	uint8_t public_key[32], secret_key[64];
	char text[SENDER_REQUEST_TEXT_MAX + 1], longer[SENDER_REQUEST_TARGET_MAX + 2];
	struct sender_request request;
	crypto_sign_keypair(public_key, secret_key);
	ck_ok(sender_request_sign(ORIGIN, TARGET, 7, 1, secret_key, text));
	ck_error(sender_request_parse("", &request), E_TOKEN);
	ck_error(sender_request_parse("Bearer abc", &request), E_TOKEN);
	ck_error(sender_request_parse(text + 1, &request), E_TOKEN);
	for (size_t i = 0; i < SENDER_REQUEST_TEXT_MAX; i++) {
		char kept = text[i];
		text[i] = (char)(kept | 0x80);
		ck_error(sender_request_parse(text, &request), E_TOKEN);
		text[i] = '\0';
		ck_error(sender_request_parse(text, &request), E_TOKEN);
		text[i] = kept;
	}
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ck_error(sender_request_sign(ORIGIN, longer, 7, 1, secret_key, text), E_TOO_LONG);
	ck_ok(sender_request_sign(ORIGIN, longer + 1, 7, 1, secret_key, text));
}
END_TEST

static void check_vector(const json_t *vector, const char *path)
{
	uint8_t public_key[32];
	struct sender_request request;
	vector_fixed(vector, "public_key", public_key, sizeof public_key);
	enum error error = sender_request_parse(vector_text(vector, "authorization"), &request);
	if (error == E_OK)
		error =
			sender_request_check(&request, vector_text(vector, "origin"), vector_text(vector, "target"), public_key);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	ck_assert_uint_eq(request.sender, vector_number(vector, "sender"));
	ck_assert_uint_eq(request.time_s, vector_number(vector, "time"));
}

/* HTTP-32 */
START_TEST(our_request_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/sender-request", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 13);
}
END_TEST

UNIT_MAIN("sender_request", signed_and_checked, malformed_requests_are_refused, our_request_vectors_hold)
