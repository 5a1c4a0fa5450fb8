/*   alias ─► bucket of eight ─► tag and period equal? ─► key id, record key
 *
 * An alias is a keyed hash that nobody outside can choose, so eight bytes of it as tag, and four that choose one of up
 * to 2^17 buckets, say who it is: that two of ten million people are alike in them happens in one of some 2^36
 * ledgers. A full bucket
 * forgets its keys in turn. When half of all places are taken, an empty table of twice the size takes over, and
 * everybody is looked up once more: moving them would need the rest of their aliases. Where there is no memory for
 * that, or the table is as large as it may be, it stays. */
#include "ledger/keystore/kept_keys.h"

#include <sodium.h>

#define KEPT_BYTES_MAX 75497472u /* of some 1,500,000 people; those of more are looked up again */
#define BUCKET_KEYS 8
#define BUCKETS_FIRST 96
#define BUCKETS_MAX (KEPT_BYTES_MAX / sizeof(struct bucket))
#define ID_MAX ((1ull << 40) - 2) /* with the period it fits 64 bits */

/* Tags first: a look-up reads one line of them, one of names, and one key. */
struct bucket {
	uint64_t tags[BUCKET_KEYS];
	uint64_t names[BUCKET_KEYS]; /* key id + 1 (40 bits) || month (16) || years (8); 0: the place is free */
	struct key keys[BUCKET_KEYS];
};

struct kept_keys {
	struct bucket *buckets; /* guarded memory */
	size_t bucket_count;
	size_t taken;    /* places */
	unsigned victim; /* whose turn it is in a full bucket */
};

static struct bucket *bucket_of(const struct kept_keys *kept, const struct alias *alias)
{
	return &kept->buckets[(uint64_t)get_u32(alias->b + 8) * kept->bucket_count >> 32];
}

static uint64_t period_name(struct period period)
{
	return (uint64_t)period.month << 8 | period.retention_years;
}

/* An empty table of that many buckets in place of what there is. */
static enum error start(struct kept_keys *kept, size_t bucket_count)
{
	struct bucket *buckets = sodium_allocarray(bucket_count, sizeof *buckets);
	TRY(allocated(buckets));
	memset(buckets, 0, bucket_count * sizeof *buckets);
	sodium_free(kept->buckets);
	kept->buckets = buckets;
	kept->bucket_count = bucket_count;
	kept->taken = 0;
	return E_OK;
}

enum error kept_keys_new(struct kept_keys **out)
{
	OWNED(kept_keys_release) struct kept_keys *kept = calloc(1, sizeof *kept);
	TRY(allocated(kept));
	TRY(start(kept, BUCKETS_FIRST));
	*out = OWN_TAKE(kept);
	return E_OK;
}

void kept_keys_free(struct kept_keys *kept)
{
	if (kept == NULL)
		return;
	sodium_free(kept->buckets);
	free(kept);
}

bool kept_keys_find(
	const struct kept_keys *kept, const struct alias *alias, struct period period, uint64_t *id, struct key *out)
{
	const struct bucket *bucket = bucket_of(kept, alias);
	uint64_t tag = get_u64(alias->b);
	for (size_t i = 0; i < BUCKET_KEYS; i++)
		if (bucket->tags[i] == tag && bucket->names[i] != 0 && (bucket->names[i] & 0xFFFFFF) == period_name(period)) {
			*id = (bucket->names[i] >> 24) - 1;
			*out = bucket->keys[i];
			return true;
		}
	return false;
}

/* A free place, or that of the same person and class in a month before, or whose turn it is. */
static size_t place_in(struct kept_keys *kept, const struct bucket *bucket, uint64_t tag, struct period period)
{
	size_t free_place = BUCKET_KEYS;
	for (size_t i = 0; i < BUCKET_KEYS; i++) {
		if (bucket->names[i] == 0)
			free_place = i;
		else if (bucket->tags[i] == tag && (uint8_t)bucket->names[i] == period.retention_years)
			return i;
	}
	return free_place < BUCKET_KEYS ? free_place : kept->victim++ % BUCKET_KEYS;
}

void kept_keys_add(
	struct kept_keys *kept, const struct alias *alias, struct period period, uint64_t id, const struct key *record_key)
{
	if (id > ID_MAX)
		return;
	size_t larger = kept->bucket_count * 2 < BUCKETS_MAX ? kept->bucket_count * 2 : BUCKETS_MAX;
	if (kept->taken >= kept->bucket_count * BUCKET_KEYS / 2 && larger > kept->bucket_count)
		(void)!start(kept, larger);
	struct bucket *bucket = bucket_of(kept, alias);
	size_t i = place_in(kept, bucket, get_u64(alias->b), period);
	kept->taken += bucket->names[i] == 0;
	bucket->tags[i] = get_u64(alias->b);
	bucket->names[i] = (id + 1) << 24 | period_name(period);
	bucket->keys[i] = *record_key;
}

void kept_keys_forget(struct kept_keys *kept)
{
	sodium_memzero(kept->buckets, kept->bucket_count * sizeof *kept->buckets);
	kept->taken = 0;
}
