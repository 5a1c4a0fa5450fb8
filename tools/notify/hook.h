/* What a portal is sent, and what its answer means. Pure. spec/notify.md
 *
 *   POST, JSON {"type":"indsigt.new","timestamp":...,"data":{"recipient":...,"language":...}}
 *   webhook-id, webhook-timestamp, webhook-signature: Standard Webhooks, v1a (Ed25519) */
#pragma once

#include "ledger/base/hash.h"
#include "tools/wishes/people.h"

#define HOOK_HEADER_MAX 320u
#define HOOK_BODY_MAX 1024u
#define HOOK_HEADERS 4
#define HOOK_KEYS_MAX 2 /* while a new key is made known the old one signs too */

/* Guarded by whoever keeps it. */
struct hook_keys {
	size_t count;
	uint8_t secret[HOOK_KEYS_MAX][64]; /* Ed25519, as libsodium has it */
};

void hook_key_of(const struct key *seed, uint8_t secret[64]);
/* "whpk_..." of a secret key. */
#define HOOK_PUBLIC_TEXT_MAX 64
void hook_public_text(const uint8_t secret[64], char out[HOOK_PUBLIC_TEXT_MAX]);

/* One attempt, ready to be sent: complete header lines, with end marks. */
struct hook_message {
	char headers[HOOK_HEADERS][HOOK_HEADER_MAX];
	char body[HOOK_BODY_MAX];
	size_t body_bytes;
};

/* Of the notice that is under way, as it is tried at `now_s`. E_NO_MEMORY, E_NO_ROOM. */
enum error hook_write(
	const struct person *person, const struct hook_keys *keys, uint64_t now_s, struct hook_message *out) MUST_USE;
/* The value of webhook-signature for any message of this scheme. E_NO_ROOM. */
enum error hook_sign(const struct hook_keys *keys, const char *id, uint64_t time_s, struct bytes body, char *out,
	size_t capacity) MUST_USE;

enum hook_verdict {
	HOOK_TAKEN,   /* 2xx */
	HOOK_GONE,    /* 410: the portal does not know this recipient any more */
	HOOK_REFUSED, /* this notice, now */
	HOOK_AWAY,    /* nobody is being heard: no answer, 408, 429, 502, 503, 504 */
};

/* `status` 0: none came. */
enum hook_verdict hook_judge(long status);
/* How long a notice waits that was refused `count` times; `chance` is any number. */
uint64_t hook_wait_ms(uint32_t count, uint32_t chance);

/* ---- the portal as a whole: not knocked at by many when it is away ----
 *
 *   OPEN ──away, or refused GATE_REFUSALS times in a row──► CLOSED ──pause over──► TRYING (one at a time)
 *    ▲                                                        ▲                       │
 *    └───────────────taken, gone────────────────────────────  └──── away, refused ────┘ (or taken: OPEN) */
#define GATE_REFUSALS 16u
#define GATE_RETRY_AFTER_S_MAX 86400u

struct hook_gate {
	uint32_t refusals; /* in a row */
	uint32_t closings; /* in a row */
	bool trying;
	uint64_t closed_until_ms;
};

/* How it begins, also after a crash: with one. */
#define HOOK_GATE_FIRST ((struct hook_gate){.trying = true})
/* Whether one more may be sent, while so many are under way. */
bool hook_gate_open(const struct hook_gate *gate, size_t under_way, uint64_t now_ms);
/* `retry_after_s`: what the portal asked for, 0 for nothing. */
void hook_gate_take(
	struct hook_gate *gate, enum hook_verdict verdict, uint64_t retry_after_s, uint32_t chance, uint64_t now_ms);
