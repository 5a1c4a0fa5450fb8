/* index ─► entry: sender, sequence, time, commitment ─► record: period, key id, header ─► is the period the entry's?
 *      ─► key of the subject + key of the period ─► record key ─► both parts ─► is it all that was committed to?
 *
 * A record that was changed, or that stands in another's place, is E_UNSEALED: what it says must be what the entry
 * committed to. A key that is gone is E_ERASED, but only if what is left still fits the commitment, for a tampered
 * record must not pass for an erased one. Nor may damage of the keys be taken for that of records: whether it was the
 * key of a whole month is left in the snapshot (period_unreadable). */
#include "ledger/store/records.h"

#include "ledger/store/log.h"
#include "ledger/text/timestamp.h"

#include <sodium.h>

void record_buffer_free(struct record_buffer *buffer)
{
	if (buffer->data != NULL)
		sodium_memzero(buffer->data, buffer->capacity);
	free(buffer->data);
	*buffer = (struct record_buffer){0};
}

static enum error make_room(struct record_buffer *buffer, size_t len)
{
	if (len <= buffer->capacity)
		return E_OK;
	uint8_t *larger = malloc(len);
	TRY(allocated(larger));
	record_buffer_free(buffer);
	*buffer = (struct record_buffer){larger, len};
	return E_OK;
}

static enum error find_event_entry(struct db_txn *txn, uint64_t index, struct entry_event *out)
{
	struct bytes encoded;
	struct entry entry;
	TRY(log_entry(txn, index, &encoded));
	if (entry_decode(encoded, &entry) != E_OK)
		return E_CORRUPT;
	if (entry.kind != ENTRY_EVENT && entry.kind != ENTRY_MASS)
		return E_NOT_FOUND;
	*out = entry.event;
	return E_OK;
}

static bool same_period(struct period a, struct period b)
{
	return a.month == b.month && a.retention_years == b.retention_years;
}

/* Kept as long as it is asked for. */
static enum error period_key(struct key_snapshot *keys, struct period period, const struct key **out)
{
	*out = &keys->period.key;
	if (keys->period.known && same_period(keys->period.period, period))
		return E_OK;
	keys->period.known = false;
	TRY(key_of_period(keys, period, &keys->period.key));
	keys->period.period = period;
	keys->period.known = true;
	return E_OK;
}

/* It is kept: a person's events of one month have the same. A key that is gone is remembered as not known, so that
 * nothing is opened with the one before it. */
static enum error make_record_key(
	struct key_snapshot *keys, const struct record_outside *outside, struct record_key *out)
{
	struct alias alias;
	OWNED_KEY subject_key = {0};
	const struct key *of_period;
	out->known = false;
	enum error error = key_of_id(keys, outside->key_id, &alias, &subject_key);
	if (error != E_OK)
		return error == E_NOT_FOUND ? E_UNSEALED : error;
	error = period_key(keys, outside->period, &of_period);
	keys->period_unreadable = error == E_NOT_FOUND || error == E_UNSEALED || error == E_CORRUPT;
	if (error == E_NOT_FOUND)
		error = E_ERASED;
	if (error == E_OK) {
		record_key_make(&subject_key, of_period, &out->key);
		out->key_id = outside->key_id;
		out->period = outside->period;
	}
	out->known = error == E_OK;
	return error;
}

static enum error open_sealed(struct key_snapshot *keys, const struct record_outside *outside,
	const struct entry_event *entry, uint8_t *buffer, struct record *out)
{
	const struct record_place place = {
		entry->sender, entry->sequence, entry->commitment, outside->period, outside->key_id};
	struct record_key *kept = key_snapshot_place(keys, outside->key_id);
	if (!kept->known || kept->key_id != outside->key_id || !same_period(kept->period, outside->period))
		TRY(make_record_key(keys, outside, kept));
	return record_open(outside, &place, &kept->key, buffer, out);
}

/* The commitment in the entry covers header and c_d, and this covers both parts. */
static bool record_matches(const struct record *record, const struct hash *commitment, struct hash *c_r)
{
	struct hash c_d;
	struct hash recomputed;
	event_commit_restricted(&record->secret, record->restricted, c_r);
	event_commit_disclosed(c_r, record->disclosed, &c_d);
	event_commitment(record->header, &c_d, &recomputed);
	return hash_equal(&recomputed, commitment) && hash_equal(&c_d, &record->c_d);
}

/* STO-18: a period of its own invention would let a tampered record pass for an erased one. */
static bool period_fits(const struct record_outside *outside, const struct entry_event *entry)
{
	struct event_header header;
	struct reader r = reader_of(outside->header);
	event_header_decode(&r, &header);
	return reader_done(&r) == E_OK && outside->period.month == timestamp_month(entry->time_s) &&
		   outside->period.retention_years == header.retention_years;
}

/* The entry goes first: what is in the record is believed only as far as the log committed to it. */
enum error record_find(struct db_txn *txn, struct key_snapshot *keys, const struct seal_keys *seal, uint64_t index,
	struct record_buffer *buffer, struct opened *out)
{
	struct entry_event entry;
	TRY(find_event_entry(txn, index, &entry));
	return record_find_of(txn, keys, seal, index, &entry, buffer, out);
}

enum error record_find_of(struct db_txn *txn, struct key_snapshot *keys, const struct seal_keys *seal, uint64_t index,
	const struct entry_event *entry, struct record_buffer *buffer, struct opened *out)
{
	struct bytes encoded;
	struct record_outside outside;
	struct record record;
	struct opened opened = {.entry = *entry};
	keys->period_unreadable = false;
	TRY(db_get(txn, STORE_RECORD, DB_KEY(index), &encoded));
	TRY(record_look(encoded, &opened.entry.commitment, seal, &outside));
	if (!period_fits(&outside, &opened.entry))
		return E_UNSEALED;
	TRY(make_room(buffer, outside.sealed.len));
	enum error error = open_sealed(keys, &outside, &opened.entry, buffer->data, &record);
	if (error != E_OK && error != E_ERASED)
		return error;
	opened.header = outside.header;
	opened.c_d = outside.c_d;
	if (error == E_ERASED) {
		struct hash recomputed;
		event_commitment(opened.header, &opened.c_d, &recomputed);
		if (!hash_equal(&recomputed, &opened.entry.commitment))
			return E_UNSEALED;
		*out = opened;
		return E_ERASED;
	}
	if (!record_matches(&record, &opened.entry.commitment, &opened.c_r))
		return E_UNSEALED;
	opened.disclosed = record.disclosed;
	opened.restricted = record.restricted;
	opened.secret = record.secret;
	*out = opened;
	return E_OK;
}
