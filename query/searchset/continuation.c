/* The associated data tells it from a cursor of /v1, which is sealed under the same key. */
#include "query/searchset/continuation.h"

#include "ledger/base/own.h"

#include <sodium.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEAL_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define FIXED_BYTES 25
#define PLAIN_MAX (FIXED_BYTES + SUBJECT_BYTES_MAX + SEARCH_ASKED_MAX)
#define SEALED_MAX (NONCE_BYTES + PLAIN_MAX + SEAL_BYTES)

static const uint8_t about[] = "indsigt fhir page";

enum error continuation_seal(const struct key *key, const struct continuation *from, char **out)
{
	uint8_t plain[PLAIN_MAX], sealed[SEALED_MAX];
	size_t subject_len = strlen(from->subject), asked_len = strlen(from->asked);
	size_t plain_len = FIXED_BYTES + subject_len + asked_len;
	size_t sealed_len = NONCE_BYTES + plain_len + SEAL_BYTES;
	size_t text_len = sodium_base64_ENCODED_LEN(sealed_len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	put_u64(plain, from->before);
	put_u64(plain + 8, from->size);
	put_u64(plain + 16, (uint64_t)from->key);
	plain[24] = (uint8_t)subject_len;
	memcpy(plain + FIXED_BYTES, from->subject, subject_len);
	memcpy(plain + FIXED_BYTES + subject_len, from->asked, asked_len);
	randombytes_buf(sealed, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		sealed + NONCE_BYTES, NULL, plain, plain_len, about, sizeof about, NULL, sealed, key->b);
	*out = malloc(text_len);
	TRY(allocated(*out));
	sodium_bin2base64(*out, text_len, sealed, sealed_len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return E_OK;
}

enum error continuation_open(const struct key *key, const char *text, struct continuation *out)
{
	uint8_t plain[PLAIN_MAX], sealed[SEALED_MAX];
	size_t len = 0, text_len = strlen(text);
	const char *end = NULL;
	if (sodium_base642bin(
			sealed, sizeof sealed, text, text_len, NULL, &len, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
		end != text + text_len || len < NONCE_BYTES + FIXED_BYTES + SEAL_BYTES)
		return E_BAD_VALUE;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
			plain, NULL, NULL, sealed + NONCE_BYTES, len - NONCE_BYTES, about, sizeof about, sealed, key->b) != 0)
		return E_BAD_VALUE;
	len -= NONCE_BYTES + SEAL_BYTES;
	size_t subject_len = plain[24], asked_len = len - FIXED_BYTES - subject_len;
	if (subject_len > len - FIXED_BYTES || asked_len >= sizeof out->asked)
		return E_BAD_VALUE;
	out->before = get_u64(plain);
	out->size = get_u64(plain + 8);
	out->key = (int64_t)get_u64(plain + 16);
	memcpy(out->subject, plain + FIXED_BYTES, subject_len);
	out->subject[subject_len] = '\0';
	memcpy(out->asked, plain + FIXED_BYTES + subject_len, asked_len);
	out->asked[asked_len] = '\0';
	return E_OK;
}
