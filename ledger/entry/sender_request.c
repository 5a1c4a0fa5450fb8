/* What is signed is the target as it was sent, so a request that was heard cannot be bent to another question; and the
 * time, so that it cannot be asked again tomorrow (whether it is near enough is for the daemon, which has the clock).
 * Reading judges nothing: an id that is not there is told apart from a bad signature by whoever knows the senders. */
#include "ledger/entry/sender_request.h"

#include "ledger/base/domain.h"
#include "ledger/base/limits.h"

#include <sodium.h>
#include <string.h>

#define MESSAGE_BYTES_MAX (sizeof DOMAIN_REQUEST + 2 + ORIGIN_BYTES_MAX + 2 + SENDER_REQUEST_TARGET_MAX + 4 + 8)

static enum error message_make(
	const char *origin, const char *target, uint32_t sender, uint64_t time_s, uint8_t *buffer, struct bytes *out)
{
	struct bytes text = bytes_text(target);
	if (text.len > SENDER_REQUEST_TARGET_MAX)
		return E_TOO_LONG;
	struct writer w = writer_of(buffer, MESSAGE_BYTES_MAX);
	writer_bytes(&w, BYTES_LITERAL(DOMAIN_REQUEST));
	writer_range16(&w, bytes_text(origin));
	writer_range16(&w, text);
	writer_u32(&w, sender);
	writer_u64(&w, time_s);
	return writer_done(&w, out);
}

enum error sender_request_sign(const char *origin, const char *target, uint32_t sender, uint64_t time_s,
	const uint8_t secret_key[64], char out[SENDER_REQUEST_TEXT_MAX + 1])
{
	uint8_t buffer[MESSAGE_BYTES_MAX], value[SENDER_REQUEST_BYTES];
	struct bytes message;
	size_t scheme = strlen(SENDER_REQUEST_SCHEME);
	TRY(message_make(origin, target, sender, time_s, buffer, &message));
	put_u32(value, sender);
	put_u64(value + 4, time_s);
	crypto_sign_detached(value + 12, NULL, message.data, message.len, secret_key);
	strcpy(out, SENDER_REQUEST_SCHEME);
	sodium_bin2base64(
		out + scheme, SENDER_REQUEST_TEXT_MAX + 1 - scheme, value, sizeof value, sodium_base64_VARIANT_ORIGINAL);
	return E_OK;
}

enum error sender_request_parse(const char *text, struct sender_request *out)
{
	uint8_t value[SENDER_REQUEST_BYTES];
	size_t len = 0;
	size_t scheme = strlen(SENDER_REQUEST_SCHEME);
	if (strlen(text) != SENDER_REQUEST_TEXT_MAX || strncmp(text, SENDER_REQUEST_SCHEME, scheme) != 0)
		return E_TOKEN;
	/* libsodium takes bytes over 0x7F for letters. */
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c > 0x7F)
			return E_TOKEN;
	if (sodium_base642bin(value, sizeof value, text + scheme, SENDER_REQUEST_TEXT_MAX - scheme, NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0 ||
		len != sizeof value)
		return E_TOKEN;
	out->sender = get_u32(value);
	out->time_s = get_u64(value + 4);
	memcpy(out->signature, value + 12, sizeof out->signature);
	return E_OK;
}

enum error sender_request_check(
	const struct sender_request *request, const char *origin, const char *target, const uint8_t public_key[32])
{
	uint8_t buffer[MESSAGE_BYTES_MAX];
	struct bytes message;
	TRY(message_make(origin, target, request->sender, request->time_s, buffer, &message));
	return crypto_sign_verify_detached(request->signature, message.data, message.len, public_key) == 0
			   ? E_OK
			   : E_BAD_SIGNATURE;
}
