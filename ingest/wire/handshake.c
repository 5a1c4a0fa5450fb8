/* What is signed, built in one place for who signs and who verifies, so that both have the same bytes.
 *
 * A signature that does not verify says only that: whose key it should have been is the caller's to find out. The
 * welcome is signed by the log's key, which this room does not have: the message is handed out to be signed where that
 * key is. What is signed begins with a domain of its own, so that no signature over one thing stands for another.
 *
 * Nonces are drawn by each end for itself, so neither depends on the other's chance; the buffers are as long as the
 * longest origin, and a message that did not fit would be a mistake in the program and not an input. */
#include "ingest/wire/handshake.h"

#include "ledger/base/domain.h"
#include "ledger/base/wrong.h"

#include <assert.h>
#include <sodium.h>

#define HELLO_MESSAGE_MAX (sizeof DOMAIN_HELLO + 3u * 32 + 4 + 2 + ORIGIN_BYTES_MAX + HASH_BYTES)

/* The checkpoint by its hash: the message stays short. */
static struct bytes hello_message(
	const struct frame_challenge *challenge, const struct frame_hello *hello, uint8_t buffer[HELLO_MESSAGE_MAX])
{
	struct hash checkpoint;
	struct writer w = writer_of(buffer, HELLO_MESSAGE_MAX);
	hash_sha256(&hello->checkpoint, 1, &checkpoint);
	writer_bytes(&w, BYTES_LITERAL(DOMAIN_HELLO));
	writer_bytes(&w, BYTES_ARRAY(challenge->nonce));
	writer_bytes(&w, BYTES_ARRAY(hello->nonce));
	writer_bytes(&w, BYTES_ARRAY(challenge->log_key));
	writer_u32(&w, hello->sender);
	writer_range16(&w, hello->origin);
	writer_bytes(&w, hash_bytes(&checkpoint));
	assert(w.error == E_OK); /* no origin is longer than its limit */
	return bytes_of(buffer, writer_len(&w));
}

void hello_sign(const struct frame_challenge *challenge, const uint8_t secret_key[64], struct frame_hello *hello)
{
	uint8_t buffer[HELLO_MESSAGE_MAX];
	randombytes_buf(hello->nonce, sizeof hello->nonce);
	struct bytes message = hello_message(challenge, hello, buffer);
	crypto_sign_detached(hello->signature, NULL, message.data, message.len, secret_key);
}

enum error hello_verify(
	const struct frame_challenge *challenge, const struct frame_hello *hello, const uint8_t public_key[32])
{
	uint8_t buffer[HELLO_MESSAGE_MAX];
	struct bytes message = hello_message(challenge, hello, buffer);
	if (WRONG(crypto_sign_verify_detached(hello->signature, message.data, message.len, public_key) != 0))
		return E_BAD_SIGNATURE;
	return E_OK;
}

void welcome_message(const struct frame_challenge *challenge, const uint8_t nonce[NONCE_BYTES], uint32_t sender,
	const struct frame_welcome *welcome, struct writer *out)
{
	writer_bytes(out, BYTES_ARRAY(challenge->nonce));
	writer_bytes(out, bytes_of(nonce, NONCE_BYTES));
	writer_u32(out, sender);
	writer_range16(out, challenge->origin);
	frame_welcome_fields(welcome, out);
}

/* Asked by the sender before it tells anything: what answers without the log's key learns no event. */
enum error welcome_verify(const struct frame_challenge *challenge, const uint8_t nonce[NONCE_BYTES], uint32_t sender,
	const struct frame_welcome *welcome, const uint8_t log_key[32])
{
	uint8_t buffer[sizeof DOMAIN_WELCOME + WELCOME_MESSAGE_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, BYTES_LITERAL(DOMAIN_WELCOME));
	welcome_message(challenge, nonce, sender, welcome, &w);
	assert(w.error == E_OK);
	if (WRONG(crypto_sign_verify_detached(welcome->signature, buffer, writer_len(&w), log_key) != 0))
		return E_BAD_SIGNATURE;
	return E_OK;
}
