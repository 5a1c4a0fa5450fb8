/* Sealing: how the sealed part of the ledger is encrypted. No file, no clock; only seals of rows and small seals draw
 * random bytes, their nonces. spec/store.md
 *
 *   record key = BLAKE2b(subject key, domain || period key)
 *   record     = AES-256-GCM(record key, front of the commitment, secret || disclosed || restricted)
 *
 * Header and c_d stand outside the seal, because they must outlive it. A record names its subject key by an id that is
 * itself hidden (with the locator key and the commitment), so that the store without keys does not tell which records
 * are about the same person. Neither needs a nonce of its own: the commitment stands in the record's entry, is another
 * for each event, and binds all that is sealed. */
#pragma once

#include "ledger/event/batch.h"
#include "ledger/keys/gcm.h"

/* Keys that come from the master key and never change. */
struct seal_keys {
	struct key locator; /* hides key ids in records */
	struct key filing;  /* seals what links aliases to log indexes */
};

void seal_keys_derive(const struct key *master, struct seal_keys *out);

/* A calendar month of ledger time and a retention class: what is erased together. */
struct period {
	uint16_t month; /* since 1970-01 */
	uint8_t retention_years;
};

/* ---- records ---- */

/* Which event a record belongs to: bound into the seal. */
struct record_place {
	uint32_t sender;
	uint64_t sequence;
	struct hash commitment;
	struct period period;
	uint64_t key_id;
};

struct record {
	struct bytes header; /* encoded */
	struct hash c_d;
	struct key secret;
	struct bytes disclosed;
	struct bytes restricted;
};

/* period (3) || hidden key id (8) || header (range16) || c_d (32) || sealed */
#define RECORD_FIXED_BYTES (3 + 8 + 2 + 32 + 16 + 32 + 2)
#define RECORD_BYTES_MAX (RECORD_FIXED_BYTES + HEADER_BYTES_MAX + EVENT_BYTES_MAX)

static inline size_t record_bytes(const struct record *record)
{
	return RECORD_FIXED_BYTES + record->header.len + record->disclosed.len + record->restricted.len;
}

void record_key_make(const struct key *subject_key, const struct key *period_key, struct key *out);

/* Writes exactly record_bytes() to `out`. The place's commitment must be that of the record. E_NO_MEMORY. */
enum error record_seal(const struct record *record, const struct record_place *place, const struct key *record_key,
	const struct seal_keys *keys, uint8_t *out) MUST_USE;

/* What can be read of a record without its key; `sealed` and `header` are borrowed. */
struct record_outside {
	struct period period;
	uint64_t key_id;
	struct bytes header;
	struct hash c_d;
	struct bytes sealed;
};

enum error record_look(struct bytes encoded, const struct hash *commitment, const struct seal_keys *keys,
	struct record_outside *out) MUST_USE;
/* Opens into `buffer` (of at least outside->sealed.len bytes), which `out` borrows from. E_UNSEALED,
 * E_NO_MEMORY. */
enum error record_open(const struct record_outside *outside, const struct record_place *place,
	const struct key *record_key, uint8_t *buffer, struct record *out) MUST_USE;

/* ---- rows of what is filed: postings, subtrees, heads ---- */

#define ROW_SEAL_OVERHEAD (GCM_NONCE_BYTES + GCM_TAG_BYTES)

/*   key of the row = SHA-256(domain || key || row)
 *   sealed         = nonce || AES-256-GCM(key of the row, nonce, plain)
 *
 * `row`: where it stands, of one length for a domain. So no two rows have one key, and a row is sealed far too seldom
 * for a random nonce to come twice. `out` has plain.len + ROW_SEAL_OVERHEAD. E_NO_MEMORY. */
enum error seal_row(
	const struct key *key, const char *domain, struct bytes row, struct bytes plain, uint8_t *out) MUST_USE;
/* Into `out`, sealed.len - ROW_SEAL_OVERHEAD bytes. E_UNSEALED, E_NO_MEMORY. */
enum error unseal_row(
	const struct key *key, const char *domain, struct bytes row, struct bytes sealed, uint8_t *out) MUST_USE;

/* ---- small seals: wrapped keys, alias packs ---- */

#define SEAL_OVERHEAD (24 + 16)
#define WRAPPED_KEY_BYTES (32 + SEAL_OVERHEAD)

/* nonce || XChaCha20-Poly1305(key, plain) with associated data domain || context; `out` has plain.len + SEAL_OVERHEAD.
 */
void seal_small(const struct key *key, const char *domain, struct bytes context, struct bytes plain, uint8_t *out);
/* Into `out`, sealed.len - SEAL_OVERHEAD bytes. E_UNSEALED. */
enum error unseal_small(
	const struct key *key, const char *domain, struct bytes context, struct bytes sealed, uint8_t *out) MUST_USE;
