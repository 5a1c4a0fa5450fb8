/* Nothing in a message says what happened or who did it, and its time is the notice's own: an event's would be part of
 * what it is about. The bytes that are signed are the bytes
 * that are sent. */
#include "tools/notify/hook.h"

#include "ledger/json/json_read.h"
#include "ledger/text/base64.h"
#include "ledger/text/timestamp.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define ID_TEXT 37
#define WAIT_MS_FIRST 5000u
#define WAIT_MS_MAX (4u * 3600 * 1000)
#define PAUSE_MS_FIRST 1000u
#define PAUSE_MS_MAX (5u * 60 * 1000)

void hook_key_of(const struct key *seed, uint8_t secret[64])
{
	uint8_t public_key[32];
	crypto_sign_seed_keypair(public_key, secret, seed->b);
}

void hook_public_text(const uint8_t secret[64], char out[HOOK_PUBLIC_TEXT_MAX])
{
	uint8_t public_key[32];
	crypto_sign_ed25519_sk_to_pk(public_key, secret);
	strcpy(out, "whpk_");
	*base64_encode(BYTES_ARRAY(public_key), out + strlen(out)) = '\0';
}

/* "msg_" and 32 hexadecimal digits. */
static void id_text(const uint8_t id[NOTICE_ID_BYTES], char out[ID_TEXT])
{
	strcpy(out, "msg_");
	sodium_bin2hex(out + 4, ID_TEXT - 4, id, NOTICE_ID_BYTES);
}

/* ---- the message ---- */

enum error hook_sign(
	const struct hook_keys *keys, const char *id, uint64_t time_s, struct bytes body, char *out, size_t capacity)
{
	uint8_t text[HOOK_BODY_MAX + 256];
	int len = snprintf((char *)text, sizeof text, "%s.%" PRIu64 ".", id, time_s);
	if (len < 0 || (size_t)len + body.len > sizeof text || capacity < keys->count * (5 + BASE64_BYTES(64)))
		return E_NO_ROOM;
	memcpy(text + len, body.data, body.len);
	char *at = out;
	for (size_t i = 0; i < keys->count; i++) {
		uint8_t signature[64];
		crypto_sign_detached(signature, NULL, text, (size_t)len + body.len, keys->secret[i]);
		at = stpcpy(at, i == 0 ? "v1a," : " v1a,");
		at = base64_encode(BYTES_ARRAY(signature), at);
	}
	*at = '\0';
	sodium_memzero(text, sizeof text);
	return E_OK;
}

static enum error write_body(const struct person *person, struct hook_message *out)
{
	char time[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(person->made_s, time);
	json_auto_t *json = json_pack("{s:s, s:s, s:{s:s, s:s}}", "type", "indsigt.new", "timestamp", time, "data",
		"recipient", person->subject, "language", person->wishes.language);
	char *text = json_write(json, JSON_COMPACT);
	TRY(allocated(text));
	size_t len = strlen(text);
	bool fits = len < sizeof out->body;
	if (fits)
		memcpy(out->body, text, len + 1);
	out->body_bytes = len;
	own_wipe(text, len);
	return fits ? E_OK : E_NO_ROOM;
}

enum error hook_write(
	const struct person *person, const struct hook_keys *keys, uint64_t now_s, struct hook_message *out)
{
	char id[ID_TEXT];
	id_text(person->id, id);
	TRY(write_body(person, out));
	strcpy(out->headers[0], "content-type: application/json");
	snprintf(out->headers[1], HOOK_HEADER_MAX, "webhook-id: %s", id);
	snprintf(out->headers[2], HOOK_HEADER_MAX, "webhook-timestamp: %" PRIu64, now_s);
	size_t name = (size_t)snprintf(out->headers[3], HOOK_HEADER_MAX, "webhook-signature: ");
	return hook_sign(
		keys, id, now_s, bytes_of(out->body, out->body_bytes), out->headers[3] + name, HOOK_HEADER_MAX - name);
}

/* ---- answers ---- */

enum hook_verdict hook_judge(long status)
{
	if (status >= 200 && status < 300)
		return HOOK_TAKEN;
	if (status == 410)
		return HOOK_GONE;
	bool away = status == 0 || status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
	return away ? HOOK_AWAY : HOOK_REFUSED;
}

/* Twice as long each time, up to `most`, and up to a quarter more by chance: those who failed together do not come back
 * together. */
static uint64_t wait(uint64_t first_ms, uint64_t most_ms, uint32_t count, uint32_t chance)
{
	uint64_t wait_ms = first_ms << (count < 20 ? count : 20);
	wait_ms = wait_ms < most_ms ? wait_ms : most_ms;
	return wait_ms + chance % (wait_ms / 4 + 1);
}

uint64_t hook_wait_ms(uint32_t count, uint32_t chance)
{
	return wait(WAIT_MS_FIRST, WAIT_MS_MAX, count > 0 ? count - 1 : 0, chance);
}

bool hook_gate_open(const struct hook_gate *gate, size_t under_way, uint64_t now_ms)
{
	return now_ms >= gate->closed_until_ms && (!gate->trying || under_way == 0);
}

/* Several may come back when it has just closed: that is one closing. */
static void close_gate(struct hook_gate *gate, uint64_t retry_after_s, uint32_t chance, uint64_t now_ms)
{
	uint64_t asked_s = retry_after_s < GATE_RETRY_AFTER_S_MAX ? retry_after_s : GATE_RETRY_AFTER_S_MAX;
	uint64_t until_ms = gate->closed_until_ms;
	if (now_ms >= until_ms)
		until_ms = now_ms + wait(PAUSE_MS_FIRST, PAUSE_MS_MAX, gate->closings++, chance);
	if (until_ms < now_ms + asked_s * 1000)
		until_ms = now_ms + asked_s * 1000;
	gate->closed_until_ms = until_ms;
	gate->trying = true;
	gate->refusals = 0;
}

void hook_gate_take(
	struct hook_gate *gate, enum hook_verdict verdict, uint64_t retry_after_s, uint32_t chance, uint64_t now_ms)
{
	if (verdict == HOOK_TAKEN || verdict == HOOK_GONE)
		*gate = (struct hook_gate){.closed_until_ms = gate->closed_until_ms};
	else if (verdict == HOOK_AWAY || ++gate->refusals >= GATE_REFUSALS)
		close_gate(gate, retry_after_s, chance, now_ms);
}
