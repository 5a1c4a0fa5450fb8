/*   encoded record   period │ key id, hidden │ header │ c_d │ sealed: secret, both parts
 *
 * The event's place (sender, sequence, commitment, period, key id) is bound into the seal, so a record that is moved to
 * another event's row does not open. Whether it was changed, moved, or its key is another cannot be told apart:
 * E_UNSEALED. What is outside is read without the record's key, and a record that is not even that is E_CORRUPT.
 *
 * The nonce is the front of the commitment, a hash of all that is sealed and of a secret drawn for it. Two records with
 * one key (a person's of one month) have the same nonce if they hold the same event, or by a chance of one in 2^96: a
 * batch that is prepared twice is sealed alike, and nothing is told by two copies of one. A sender that searches long
 * for two events of its own with one nonce (2^48 hashes) compares what it has sent itself. With two seals under one
 * nonce (such, or one event in two places) others can be forged under that key which open, so that a record opens is
 * not enough: who opens one compares it with the commitment in its entry (records.c, STO-9). */
#include "ledger/keys/seal.h"

#include "ledger/base/domain.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

#define ASSOCIATED_BYTES_MAX 128
#define NONCE_BYTES 24
#define NONCES_AHEAD 64

void seal_keys_derive(const struct key *master, struct seal_keys *out)
{
	key_derive(master, DOMAIN_LOCATOR_KEY, BYTES_EMPTY, &out->locator);
	key_derive(master, DOMAIN_FILING_KEY, BYTES_EMPTY, &out->filing);
}

void record_key_make(const struct key *subject_key, const struct key *period_key, struct key *out)
{
	key_derive(subject_key, DOMAIN_RECORD_KEY, BYTES_ARRAY(period_key->b), out);
}

static struct bytes record_associated(const struct record_place *place, uint8_t buffer[ASSOCIATED_BYTES_MAX])
{
	struct writer w = writer_of(buffer, ASSOCIATED_BYTES_MAX);
	writer_bytes(&w, BYTES_LITERAL(DOMAIN_RECORD));
	writer_u32(&w, place->sender);
	writer_u64(&w, place->sequence);
	writer_bytes(&w, hash_bytes(&place->commitment));
	writer_u16(&w, place->period.month);
	writer_u8(&w, place->period.retention_years);
	writer_u64(&w, place->key_id);
	assert(w.error == E_OK);
	return bytes_of(buffer, writer_len(&w));
}

/* Hiding is its own inverse. */
static uint64_t hide_key_id(uint64_t id, const struct hash *commitment, const struct seal_keys *keys)
{
	uint8_t mask[crypto_shorthash_BYTES];
	_Static_assert(sizeof mask == 8 && crypto_shorthash_KEYBYTES <= sizeof keys->locator.b, "an id, and half a key");
	crypto_shorthash(mask, commitment->b, sizeof commitment->b, keys->locator.b);
	return id ^ get_u64(mask);
}

/* Header and c_d go outside the seal: when the key is erased they are all that is left, and must still be provable. */
enum error record_seal(const struct record *record, const struct record_place *place, const struct key *record_key,
	const struct seal_keys *keys, uint8_t *out)
{
	struct writer w = writer_of(out, record_bytes(record));
	writer_u16(&w, place->period.month);
	writer_u8(&w, place->period.retention_years);
	writer_u64(&w, hide_key_id(place->key_id, &place->commitment, keys));
	writer_range16(&w, record->header);
	writer_bytes(&w, hash_bytes(&record->c_d));

	/* The plain text is laid out where the sealed text will stand, and sealed there. */
	uint8_t *plain = w.at;
	writer_bytes(&w, BYTES_ARRAY(record->secret.b));
	writer_range16(&w, record->disclosed);
	writer_bytes(&w, record->restricted);
	size_t plain_len = (size_t)(w.at - plain);
	uint8_t *tag = writer_skip(&w, GCM_TAG_BYTES);
	assert(w.error == E_OK && w.at == w.end);

	uint8_t buffer[ASSOCIATED_BYTES_MAX];
	struct bytes associated = record_associated(place, buffer);
	return gcm_seal(record_key, place->commitment.b, associated, plain, plain_len, tag);
}

/* What is outside is enough to say which key is needed and, when that is gone, that nothing was changed. */
enum error record_look(
	struct bytes encoded, const struct hash *commitment, const struct seal_keys *keys, struct record_outside *out)
{
	struct record_outside look;
	struct reader r = reader_of(encoded);
	look.period.month = reader_u16(&r);
	look.period.retention_years = reader_u8(&r);
	look.key_id = hide_key_id(reader_u64(&r), commitment, keys);
	look.header = reader_range16(&r, HEADER_BYTES_MAX);
	reader_copy(&r, look.c_d.b, HASH_BYTES);
	look.sealed = reader_bytes(&r, reader_left(&r));
	if (reader_done(&r) != E_OK)
		return E_CORRUPT;
	*out = look;
	return E_OK;
}

enum error record_open(const struct record_outside *outside, const struct record_place *place,
	const struct key *record_key, uint8_t *buffer, struct record *out)
{
	uint8_t associated_buffer[ASSOCIATED_BYTES_MAX];
	struct bytes associated = record_associated(place, associated_buffer);
	TRY(gcm_open(record_key, place->commitment.b, associated, outside->sealed, buffer));
	struct record record = {.header = outside->header, .c_d = outside->c_d};
	struct reader r = reader_of(bytes_of(buffer, outside->sealed.len - GCM_TAG_BYTES));
	reader_copy(&r, record.secret.b, sizeof record.secret.b);
	record.disclosed = reader_range16(&r, EVENT_BYTES_MAX);
	record.restricted = reader_bytes(&r, reader_left(&r));
	if (reader_done(&r) != E_OK)
		return E_UNSEALED;
	*out = record;
	return E_OK;
}

/* Nonces that nobody has used: the kernel is asked for some at once, since asking takes as long as half a seal. They
 * are no secret. */
struct nonces {
	unsigned forks; /* as of when they were drawn */
	size_t left;
	uint8_t bytes[NONCES_AHEAD][NONCE_BYTES];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_uint forks; /* a child has its parent's nonces, and must not use them */
static bool forks_are_told;

static void note_fork(void)
{
	atomic_fetch_add(&forks, 1);
}

static void ask_for_forks(void)
{
	forks_are_told = pthread_atfork(NULL, NULL, note_fork) == 0;
}

static void next_nonce(uint8_t out[NONCE_BYTES])
{
	static _Thread_local struct nonces nonces;
	pthread_once(&once, ask_for_forks);
	unsigned now = atomic_load(&forks);
	if (nonces.left == 0 || nonces.forks != now || !forks_are_told) {
		randombytes_buf(nonces.bytes, sizeof nonces.bytes);
		nonces.left = NONCES_AHEAD;
		nonces.forks = now;
	}
	memcpy(out, nonces.bytes[--nonces.left], NONCE_BYTES);
}

/* Nothing else is bound to it: another row, or another kind of one, has another key. */
enum error seal_row(const struct key *key, const char *domain, struct bytes row, struct bytes plain, uint8_t *out)
{
	OWNED_KEY own;
	uint8_t nonce[NONCE_BYTES];
	key_derive_sha256(key, domain, row, &own);
	next_nonce(nonce);
	memcpy(out, nonce, GCM_NONCE_BYTES);
	memcpy(out + GCM_NONCE_BYTES, plain.data, plain.len);
	enum error error =
		gcm_seal(&own, out, BYTES_EMPTY, out + GCM_NONCE_BYTES, plain.len, out + GCM_NONCE_BYTES + plain.len);
	if (error != E_OK)
		sodium_memzero(out + GCM_NONCE_BYTES, plain.len);
	return error;
}

enum error unseal_row(const struct key *key, const char *domain, struct bytes row, struct bytes sealed, uint8_t *out)
{
	OWNED_KEY own;
	if (sealed.len < ROW_SEAL_OVERHEAD)
		return E_UNSEALED;
	key_derive_sha256(key, domain, row, &own);
	return gcm_open(
		&own, sealed.data, BYTES_EMPTY, bytes_of(sealed.data + GCM_NONCE_BYTES, sealed.len - GCM_NONCE_BYTES), out);
}

static struct bytes small_associated(const char *domain, struct bytes context, uint8_t buffer[ASSOCIATED_BYTES_MAX])
{
	struct writer w = writer_of(buffer, ASSOCIATED_BYTES_MAX);
	writer_bytes(&w, bytes_text(domain));
	writer_bytes(&w, context);
	assert(w.error == E_OK);
	return bytes_of(buffer, writer_len(&w));
}

/* The nonce is random and long enough (24 bytes) that none comes twice; so nothing has to be counted. */
void seal_small(const struct key *key, const char *domain, struct bytes context, struct bytes plain, uint8_t *out)
{
	uint8_t buffer[ASSOCIATED_BYTES_MAX];
	struct bytes associated = small_associated(domain, context, buffer);
	next_nonce(out);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		out + NONCE_BYTES, NULL, plain.data, plain.len, associated.data, associated.len, NULL, out, key->b);
}

enum error unseal_small(
	const struct key *key, const char *domain, struct bytes context, struct bytes sealed, uint8_t *out)
{
	uint8_t buffer[ASSOCIATED_BYTES_MAX];
	struct bytes associated = small_associated(domain, context, buffer);
	if (sealed.len < SEAL_OVERHEAD ||
		crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data + NONCE_BYTES, sealed.len - NONCE_BYTES,
			associated.data, associated.len, sealed.data, key->b) != 0)
		return E_UNSEALED;
	return E_OK;
}
