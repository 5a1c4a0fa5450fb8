/* Sealed with a random nonce, so that two cursors of one place are not alike, and nobody who sees addresses can tell
 * whether two people were asked about the same event. The question is associated data: it is not in the cursor, and a
 * cursor of another question does not open. There is no time in it; a key that is made anew at each start would end all
 * of them, so it comes from the issuer's. */
#include "query/http/cursor.h"

#include <sodium.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define CURSOR_BYTES (NONCE_BYTES + 8 + crypto_aead_xchacha20poly1305_ietf_ABYTES)

_Static_assert(CURSOR_BYTES * 4 / 3 == CURSOR_TEXT_BYTES, "48 bytes make 64 characters");

void cursor_seal(const struct key *key, const struct hash *question, uint64_t before, char out[CURSOR_TEXT_BYTES + 1])
{
	uint8_t sealed[CURSOR_BYTES];
	uint8_t plain[8];
	put_u64(plain, before);
	randombytes_buf(sealed, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		sealed + NONCE_BYTES, NULL, plain, sizeof plain, question->b, HASH_BYTES, NULL, sealed, key->b);
	sodium_bin2base64(out, CURSOR_TEXT_BYTES + 1, sealed, sizeof sealed, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* The length first: base64 of another length would be a text that somebody has made up. */
enum error cursor_open(const struct key *key, const struct hash *question, const char *text, uint64_t *out)
{
	uint8_t sealed[CURSOR_BYTES];
	uint8_t plain[8];
	size_t len = 0;
	if (strlen(text) != CURSOR_TEXT_BYTES ||
		sodium_base642bin(sealed, sizeof sealed, text, CURSOR_TEXT_BYTES, NULL, &len, NULL,
			sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
		len != sizeof sealed)
		return E_BAD_VALUE;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed + NONCE_BYTES, sizeof sealed - NONCE_BYTES,
			question->b, HASH_BYTES, sealed, key->b) != 0)
		return E_BAD_VALUE;
	*out = get_u64(plain);
	return E_OK;
}
