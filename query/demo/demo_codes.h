/* Codes that were given for signing in and not yet exchanged (RFC 6749, RFC 7636): each good once, and not for long.
 * Any thread. */
#pragma once

#include "query/demo/demo_persons.h"

#include <pthread.h>

#define DEMO_CODES_MAX 64u /* one more ends the oldest */
#define DEMO_CODE_MS 60000u
#define DEMO_CODE_TEXT 43u /* 32 bytes in base64url */
#define DEMO_NONCE_BYTES_MAX 255u
#define DEMO_ADDRESS_BYTES_MAX 127u
#define DEMO_CLIENT_BYTES_MAX 127u

/* What a code stands for. */
struct demo_grant {
	struct demo_person person;
	char address[DEMO_ADDRESS_BYTES_MAX + 1]; /* that it was sent to */
	char client[DEMO_CLIENT_BYTES_MAX + 1];
	char challenge[DEMO_CODE_TEXT + 1];   /* S256 */
	char nonce[DEMO_NONCE_BYTES_MAX + 1]; /* "": none */
};

struct demo_codes {
	pthread_mutex_t lock;
	struct {
		char code[DEMO_CODE_TEXT + 1]; /* "": free */
		uint64_t given_ms;
		struct demo_grant grant;
	} list[DEMO_CODES_MAX];
};

void demo_codes_init(struct demo_codes *codes);
void demo_codes_give(
	struct demo_codes *codes, const struct demo_grant *grant, uint64_t now_ms, char out[DEMO_CODE_TEXT + 1]);
/* Whatever comes of it, the code is gone. False: there is none, or it is too old. */
bool demo_codes_take(struct demo_codes *codes, const char *code, uint64_t now_ms, struct demo_grant *out);
/* Whether this verifier's SHA-256 is the challenge. */
bool demo_codes_proven(const struct demo_grant *grant, const char *verifier);
