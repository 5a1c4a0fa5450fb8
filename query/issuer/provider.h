/* What is known of one issuer's keys, and when to ask for them: a pure machine, without clock, thread or socket.
 * spec/identity.md
 *
 *            somebody needs them, or it is time
 *   RESTING ────────────────────────────────────► DISCOVERY ─► KEYS ─► RESTING
 *      ▲                                              │ failed   │ failed
 *      └──────────────────────────────────────────────┴──────────┘
 *
 * One attempt at a time for all who wait, and none sooner than PROVIDER_PACE_MS after the last began. Who needs a key
 * that is not there waits for an attempt that began after they came; what that one says is the answer: an issuer that
 * does not have the key has not signed the token, and one that could not be asked has said nothing.
 *
 * Keys are believed until they are too old (keys_kept_hours), whatever fails meanwhile. Times are clock_ms. */
#pragma once

#include "query/issuer/discovery.h"
#include "query/token/key_set.h"

#define PROVIDER_PACE_MS 5000u
#define PROVIDER_REFRESH_MS 300000u /* asked by itself; a key that is taken back is believed that long */
#define PROVIDER_RETRY_MS 15000u    /* the same after one that failed */

struct provider {
	struct issuer_config config;
	struct discovery discovery; /* of the newest attempt that got so far */
	struct key_set *keys;       /* NULL: none yet */
	uint64_t keys_ms;           /* when the attempt began that got them */
	enum { PROVIDER_RESTING, PROVIDER_DISCOVERY, PROVIDER_KEYS } step;
	uint64_t begun_ms; /* the newest attempt; 0: none */
	uint64_t ended_of; /* begin of the newest that has ended; 0: none */
	bool failed;       /* that one did */
	bool wanted;
	char why[FAULT_TEXT_MAX + 1]; /* it failed */
};

/* The same issuer, whose entry in the file was read anew: what is known of it stays, where it is asked in the same way,
 * and so does its pace, at which it is asked again. */
void provider_follow(struct provider *provider, const struct provider *before);

/* Keys that may still be believed, or NULL. */
const struct key_set *provider_keys(const struct provider *provider, uint64_t now_ms);

enum provider_word {
	PROVIDER_SAYS_NO,      /* it was asked after `arrived_ms`, and has no other keys than those */
	PROVIDER_UNREACHABLE,  /* it could not be asked */
	PROVIDER_WILL_BE_ASKED /* later is the time to come again */
};
/* For who came at `arrived_ms` and did not find a key. */
enum provider_word provider_ask(struct provider *provider, uint64_t arrived_ms, uint64_t now_ms);

/* Milliseconds until an attempt should begin: 0, now; UINT32_MAX while one is under way. */
uint32_t provider_due(const struct provider *provider, uint64_t now_ms);
void provider_begin(struct provider *provider, uint64_t now_ms);
void provider_take_discovery(struct provider *provider, const struct discovery *discovery);
/* Gives the set that was there before, or NULL. */
struct key_set *provider_take_keys(struct provider *provider, struct key_set *keys);
void provider_fail(struct provider *provider, const char *why);
