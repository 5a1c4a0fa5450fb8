/* How a sender shows over HTTP that it is itself: it signs what it asks for. spec/http.md
 *
 *   Authorization: Indsigt-Sender base64(sender id (4) || time (8) || signature (64))
 *   signature over domain || origin (range16) || request target, path and query as sent (range16) || sender id || time
 */
#pragma once

#include "ledger/base/bytes.h"

#define SENDER_REQUEST_SCHEME "Indsigt-Sender "
#define SENDER_REQUEST_BYTES (4 + 8 + 64)
#define SENDER_REQUEST_TEXT_MAX (sizeof SENDER_REQUEST_SCHEME - 1 + (SENDER_REQUEST_BYTES + 2) / 3 * 4)
#define SENDER_REQUEST_TARGET_MAX 4096u
#define SENDER_REQUEST_SKEW_S 60u /* how far the two clocks may be apart */

struct sender_request {
	uint32_t sender;
	uint64_t time_s;
	uint8_t signature[64];
};

/* The value of the header, with end mark. E_TOO_LONG for a target over its limit. */
enum error sender_request_sign(const char *origin, const char *target, uint32_t sender, uint64_t time_s,
	const uint8_t secret_key[64], char out[SENDER_REQUEST_TEXT_MAX + 1]) MUST_USE;
/* Reads the value of the header; nothing is judged. E_TOKEN. */
enum error sender_request_parse(const char *text, struct sender_request *out) MUST_USE;
/* E_BAD_SIGNATURE unless the key signed this target. */
enum error sender_request_check(const struct sender_request *request, const char *origin, const char *target,
	const uint8_t public_key[32]) MUST_USE;
