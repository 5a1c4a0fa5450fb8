/* What the two ends of a connection prove to each other before anything is sent. spec/frame.md
 *
 *   ledger: challenge (its nonce) ─► sender: hello (its own nonce), signed by the sender's key
 *                                 ─► ledger: welcome, signed by the log's key
 *
 * Each signature covers both nonces, so what was recorded once is worth nothing on another connection: nobody holds a
 * place at the ledger's door with another's number, and nobody is given events who is not the ledger. This protects
 * neither against a reader nor against a changer of the line: that is for TLS, which it goes inside of (spec/tls.md).
 */
#pragma once

#include "ingest/wire/frame.h"

/* Draws the sender's nonce and signs; everything else of `hello` is filled in. */
void hello_sign(const struct frame_challenge *challenge, const uint8_t secret_key[64], struct frame_hello *hello);
/* E_BAD_SIGNATURE: it is not this key's, or not for this connection of this log. */
enum error hello_verify(
	const struct frame_challenge *challenge, const struct frame_hello *hello, const uint8_t public_key[32]) MUST_USE;

/* What the log signs behind its domain string: challenge's nonce (32) || hello's nonce (32) || sender (4) || origin
 * (range16) || the welcome's body but for the signature. At most WELCOME_MESSAGE_MAX bytes. */
void welcome_message(const struct frame_challenge *challenge, const uint8_t nonce[NONCE_BYTES], uint32_t sender,
	const struct frame_welcome *welcome, struct writer *out);
/* E_BAD_SIGNATURE: it does not come from this log, or not as an answer to this hello. */
enum error welcome_verify(const struct frame_challenge *challenge, const uint8_t nonce[NONCE_BYTES], uint32_t sender,
	const struct frame_welcome *welcome, const uint8_t log_key[32]) MUST_USE;
