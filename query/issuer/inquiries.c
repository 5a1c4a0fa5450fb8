#include "query/issuer/inquiries.h"

#include "ledger/base/own.h"

#include <assert.h>
#include <sodium.h>

void inquiries_init(struct inquiries *inquiries)
{
	memset(inquiries, 0, sizeof *inquiries);
	randombytes_buf(inquiries->key.b, sizeof inquiries->key.b);
}

static void drop(struct inquiry *inquiry)
{
	if (inquiry->token != NULL)
		own_wipe(inquiry->token, strlen(inquiry->token));
	sodium_memzero(inquiry, sizeof *inquiry);
}

void inquiries_clear(struct inquiries *inquiries)
{
	for (size_t i = 0; i < INQUIRIES_MAX; i++)
		drop(&inquiries->list[i]);
	key_wipe(&inquiries->key);
}

static bool is_over(const struct inquiry *inquiry, uint64_t now_ms, uint64_t now_s)
{
	if (inquiry->state == INQUIRY_KNOWN)
		return now_ms - inquiry->since_ms > INQUIRY_KEPT_MS ||
			   (inquiry->error == E_OK && inquiry->who.expires_s <= now_s);
	return inquiry->state == INQUIRY_FAILED && now_ms - inquiry->since_ms > INQUIRY_PACE_MS;
}

/* The token's, or else a free one, or that of the answer that is oldest; NULL: all wait for their issuer. */
static struct inquiry *place_of(struct inquiries *inquiries, const struct hash *hash)
{
	struct inquiry *place = NULL;
	for (size_t i = 0; i < INQUIRIES_MAX; i++) {
		struct inquiry *inquiry = &inquiries->list[i];
		bool under_way = inquiry->state == INQUIRY_WAITING || inquiry->state == INQUIRY_ASKED;
		if (inquiry->state != INQUIRY_FREE && hash_equal(&inquiry->hash, hash))
			return inquiry;
		if (!under_way && (place == NULL || inquiry->since_ms < place->since_ms)) /* free ones are of time 0 */
			place = inquiry;
	}
	return place;
}

static enum error begin(
	struct inquiry *inquiry, const struct hash *hash, const char *token, uint64_t now_ms, struct fault *fault)
{
	char *kept = strdup(token);
	TRY(fault_set(fault, allocated(kept), ""));
	drop(inquiry);
	inquiry->state = INQUIRY_WAITING;
	inquiry->hash = *hash;
	inquiry->token = kept;
	inquiry->since_ms = now_ms;
	return fault_set(fault, E_PENDING, "");
}

enum error inquiries_look(struct inquiries *inquiries, const char *token, uint64_t now_ms, uint64_t now_s,
	struct identity *out, bool *asks, struct fault *fault)
{
	struct hash hash;
	const struct bytes text = bytes_text(token);
	hash_blake2b(&inquiries->key, &text, 1, &hash);
	*asks = false;
	struct inquiry *inquiry = place_of(inquiries, &hash);
	if (inquiry == NULL)
		return fault_set(fault, E_ISSUER, "too many tokens wait for their issuer; try again later");
	if (inquiry->state == INQUIRY_FREE || !hash_equal(&inquiry->hash, &hash) || is_over(inquiry, now_ms, now_s)) {
		*asks = true;
		return begin(inquiry, &hash, token, now_ms, fault);
	}
	if (inquiry->state == INQUIRY_WAITING || inquiry->state == INQUIRY_ASKED)
		return fault_set(fault, E_PENDING, "");
	if (inquiry->state == INQUIRY_KNOWN && inquiry->error == E_OK) {
		*out = inquiry->who;
		return E_OK;
	}
	return fault_set(fault, inquiry->state == INQUIRY_KNOWN ? inquiry->error : E_ISSUER, "%s", inquiry->fault.text);
}

struct inquiry *inquiries_next(struct inquiries *inquiries)
{
	struct inquiry *next = NULL;
	for (size_t i = 0; i < INQUIRIES_MAX; i++) {
		struct inquiry *inquiry = &inquiries->list[i];
		if (inquiry->state == INQUIRY_WAITING && (next == NULL || inquiry->since_ms < next->since_ms))
			next = inquiry;
	}
	return next;
}

char *inquiry_begin(struct inquiry *inquiry, uint64_t now_ms)
{
	assert(inquiry->state == INQUIRY_WAITING);
	inquiry->state = INQUIRY_ASKED;
	inquiry->since_ms = now_ms;
	return OWN_TAKE(inquiry->token);
}

void inquiry_know(struct inquiry *inquiry, enum error error, const struct identity *who, const struct fault *fault)
{
	assert(inquiry->state == INQUIRY_ASKED);
	inquiry->state = INQUIRY_KNOWN;
	inquiry->error = error;
	if (error == E_OK)
		inquiry->who = *who;
	else
		inquiry->fault = *fault;
}

void inquiry_fail(struct inquiry *inquiry, uint64_t now_ms, const char *why)
{
	struct hash hash = inquiry->hash;
	drop(inquiry);
	inquiry->state = INQUIRY_FAILED;
	inquiry->hash = hash;
	inquiry->since_ms = now_ms;
	fault_set(&inquiry->fault, E_ISSUER, "%s", why);
}

bool inquiries_expire(struct inquiries *inquiries, uint64_t now_ms)
{
	bool any = false;
	for (size_t i = 0; i < INQUIRIES_MAX; i++) {
		struct inquiry *inquiry = &inquiries->list[i];
		if (inquiry->state != INQUIRY_WAITING || now_ms - inquiry->since_ms <= INQUIRY_WAIT_MS)
			continue;
		inquiry_fail(inquiry, now_ms, "");
		any = true;
	}
	return any;
}
