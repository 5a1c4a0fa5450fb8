/* libsodium's makes a record in 364 ns, and ChaCha20-Poly1305 took 824 (330 bytes, 1.0.18 on a Xeon with AVX-512).
 * OpenSSL's needs an object for each, and is there for processors without the instructions and for builds of libsodium
 * that have none of it, such as that of Debian 12 for arm64. */
#include "ledger/keys/gcm.h"

#include <openssl/evp.h>
#include <sodium.h>

_Static_assert(crypto_aead_aes256gcm_NPUBBYTES == GCM_NONCE_BYTES, "");
_Static_assert(crypto_aead_aes256gcm_ABYTES == GCM_TAG_BYTES, "");
_Static_assert(crypto_aead_aes256gcm_KEYBYTES == sizeof(struct key), "");

static bool by_libsodium(void)
{
	return crypto_aead_aes256gcm_is_available() == 1;
}

static void context_release(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}
#define OWNED_CONTEXT OWNED(context_release) EVP_CIPHER_CTX

static enum error seal_by_openssl(const struct key *key, const uint8_t *nonce, struct bytes associated, uint8_t *text,
	size_t len, uint8_t tag[GCM_TAG_BYTES])
{
	int out_len;
	OWNED_CONTEXT *context = EVP_CIPHER_CTX_new();
	bool made = context != NULL && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->b, nonce) == 1 &&
				EVP_EncryptUpdate(context, NULL, &out_len, associated.data, (int)associated.len) == 1 &&
				EVP_EncryptUpdate(context, text, &out_len, text, (int)len) == 1 &&
				EVP_EncryptFinal_ex(context, text + len, &out_len) == 1 &&
				EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_BYTES, tag) == 1;
	return made ? E_OK : E_NO_MEMORY;
}

static enum error open_by_openssl(
	const struct key *key, const uint8_t *nonce, struct bytes associated, struct bytes sealed, uint8_t *out)
{
	int out_len;
	uint8_t tag[GCM_TAG_BYTES];
	size_t len = sealed.len - GCM_TAG_BYTES;
	memcpy(tag, sealed.data + len, sizeof tag);
	OWNED_CONTEXT *context = EVP_CIPHER_CTX_new();
	bool begun = context != NULL && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->b, nonce) == 1 &&
				 EVP_DecryptUpdate(context, NULL, &out_len, associated.data, (int)associated.len) == 1 &&
				 EVP_DecryptUpdate(context, out, &out_len, sealed.data, (int)len) == 1 &&
				 EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1;
	if (begun && EVP_DecryptFinal_ex(context, out + len, &out_len) == 1)
		return E_OK;
	sodium_memzero(out, len); /* nobody has vouched for it */
	return begun ? E_UNSEALED : E_NO_MEMORY;
}

enum error gcm_seal(const struct key *key, const uint8_t nonce[GCM_NONCE_BYTES], struct bytes associated, uint8_t *text,
	size_t len, uint8_t tag[GCM_TAG_BYTES])
{
	if (!by_libsodium())
		return seal_by_openssl(key, nonce, associated, text, len, tag);
	crypto_aead_aes256gcm_encrypt_detached(
		text, tag, NULL, text, len, associated.data, associated.len, NULL, nonce, key->b);
	return E_OK;
}

enum error gcm_open(const struct key *key, const uint8_t nonce[GCM_NONCE_BYTES], struct bytes associated,
	struct bytes sealed, uint8_t *out)
{
	if (sealed.len < GCM_TAG_BYTES)
		return E_UNSEALED;
	if (!by_libsodium())
		return open_by_openssl(key, nonce, associated, sealed, out);
	return crypto_aead_aes256gcm_decrypt(
			   out, NULL, NULL, sealed.data, sealed.len, associated.data, associated.len, nonce, key->b) == 0
			   ? E_OK
			   : E_UNSEALED;
}
