#include "query/demo/demo_codes.h"

#include "ledger/base/hash.h"
#include "ledger/base/thread.h"

#include <sodium.h>

static void write_text(const uint8_t bytes[32], char out[DEMO_CODE_TEXT + 1])
{
	sodium_bin2base64(out, DEMO_CODE_TEXT + 1, bytes, 32, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void demo_codes_init(struct demo_codes *codes)
{
	memset(codes, 0, sizeof *codes);
	pthread_mutex_init(&codes->lock, NULL);
}

void demo_codes_give(
	struct demo_codes *codes, const struct demo_grant *grant, uint64_t now_ms, char out[DEMO_CODE_TEXT + 1])
{
	uint8_t random[32];
	size_t oldest = 0;
	randombytes_buf(random, sizeof random);
	write_text(random, out);
	LOCKED(&codes->lock);
	for (size_t i = 1; i < DEMO_CODES_MAX; i++)
		if (codes->list[i].given_ms < codes->list[oldest].given_ms)
			oldest = i;
	strcpy(codes->list[oldest].code, out);
	codes->list[oldest].given_ms = now_ms;
	codes->list[oldest].grant = *grant;
}

bool demo_codes_take(struct demo_codes *codes, const char *code, uint64_t now_ms, struct demo_grant *out)
{
	bool good = false;
	LOCKED(&codes->lock);
	for (size_t i = 0; strlen(code) == DEMO_CODE_TEXT && i < DEMO_CODES_MAX; i++) {
		if (sodium_memcmp(codes->list[i].code, code, DEMO_CODE_TEXT) != 0)
			continue;
		good = now_ms - codes->list[i].given_ms <= DEMO_CODE_MS;
		*out = codes->list[i].grant;
		sodium_memzero(&codes->list[i], sizeof codes->list[i]);
	}
	return good;
}

bool demo_codes_proven(const struct demo_grant *grant, const char *verifier)
{
	char text[DEMO_CODE_TEXT + 1];
	struct hash hash;
	const struct bytes given = bytes_text(verifier);
	hash_sha256(&given, 1, &hash);
	write_text(hash.b, text);
	return given.len >= 43 && given.len <= 128 && sodium_memcmp(text, grant->challenge, sizeof text) == 0;
}
