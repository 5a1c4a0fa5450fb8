#include "ledger/keystore/keystore.h"
#include "ledger/keystore/keystore_put.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <malloc.h>

static struct place place;
static const struct key wrapping = {{1, 2, 3}};
static struct keystore *keystore;
static struct keymaker *maker;

static void open_keystore(bool create)
{
	ck_ok(create ? keystore_create(place.path, &wrapping, &keystore, NULL)
				 : keystore_open(place.path, &wrapping, false, &keystore, NULL));
	ck_ok(keymaker_open(keystore, &maker, NULL));
}

static void close_keystore(void)
{
	keymaker_close(maker);
	keystore_close(keystore);
}

static struct alias alias_of(uint32_t number)
{
	struct alias alias;
	struct key key = {{9}};
	uint8_t text[4];
	put_u32(text, number);
	alias_make(&key, BYTES_ARRAY(text), &alias);
	return alias;
}

/* Asks for a key as a preparer does, in a batch of its own; returns what is to be written. */
static struct bytes ask(uint32_t subject, uint64_t *id, struct key *key, uint8_t *buffer, size_t capacity)
{
	struct writer w = writer_of(buffer, capacity);
	struct alias alias = alias_of(subject);
	struct bytes new_keys;
	ck_ok(keymaker_begin(maker));
	ck_ok(keymaker_subject(maker, &alias, &w, id, key));
	keymaker_end(maker);
	ck_ok(writer_done(&w, &new_keys));
	return new_keys;
}

#define FLOOD 70000u           /* several times what a keymaker keeps room for */
#define FLOOD_BYTES (4u << 20) /* that it takes at least */

struct collected {
	struct key_filing filings[FLOOD];
	size_t count;
};

static enum error collect(void *context, uint64_t id, const struct alias *alias)
{
	struct collected *collected = context;
	collected->filings[collected->count++] = (struct key_filing){*alias, id};
	return E_OK;
}

static void merge_all(void)
{
	uint64_t from;
	uint64_t to;
	static struct collected collected;
	collected.count = 0;
	ck_ok(keystore_unmerged(keystore, &from, &to));
	ck_ok(keystore_visit(keystore, from, to, collect, &collected));
	ck_assert_uint_eq(collected.count, to - from);
	ck_ok(keystore_merge(keystore, collected.filings, collected.count, to));
}

START_TEST(one_key_for_a_subject)
{
	uint8_t buffer[4096];
	uint64_t id;
	uint64_t again;
	struct key key;
	struct key same;
	place_make(&place);
	open_keystore(true);
	struct bytes made = ask(1, &id, &key, buffer, sizeof buffer);
	ck_assert_uint_eq(made.len, NEW_SUBJECT_KEY_BYTES);
	ck_ok(keystore_write(keystore, made));
	ck_ok(keystore_write(keystore, made)); /* the same again changes nothing */
	ck_assert_uint_eq(ask(1, &again, &same, buffer, sizeof buffer).len, 0);
	ck_assert_uint_eq(again, id);
	ck_assert_mem_eq(key.b, same.b, 32);

	close_keystore(); /* not merged yet: found again after a restart */
	open_keystore(false);
	ck_assert_uint_eq(ask(1, &again, &same, buffer, sizeof buffer).len, 0);
	ck_assert_uint_eq(again, id);
	ck_assert_mem_eq(key.b, same.b, 32);

	merge_all();
	ck_assert_uint_eq(ask(1, &again, &same, buffer, sizeof buffer).len, 0);
	ck_assert_uint_eq(again, id);
	ck_ok(keystore_write(keystore, ask(2, &again, &same, buffer, sizeof buffer)));
	ck_assert_uint_eq(again, id + 1);
	ck_assert_mem_ne(key.b, same.b, 32);
	close_keystore();
	place_remove(&place);
}
END_TEST

/* A key that there is no room to write is not made: it would be remembered, sealed under, and lost. */
START_TEST(a_key_without_room_is_not_made)
{
	uint8_t buffer[4096];
	uint64_t id;
	struct key key;
	struct alias alias = alias_of(1);
	place_make(&place);
	open_keystore(true);
	struct writer w = writer_of(buffer, NEW_SUBJECT_KEY_BYTES - 1);
	ck_ok(keymaker_begin(maker));
	ck_error(keymaker_subject(maker, &alias, &w, &id, &key), E_NO_ROOM);
	ck_assert_uint_eq(writer_len(&w), 0);
	keymaker_end(maker);
	ck_assert_uint_eq(ask(1, &id, &key, buffer, sizeof buffer).len, NEW_SUBJECT_KEY_BYTES);
	close_keystore();
	place_remove(&place);
}
END_TEST

START_TEST(newest_of_several)
{
	uint8_t first[512];
	uint8_t second[512];
	uint64_t old_id;
	uint64_t new_id;
	struct key old_key;
	struct key new_key;
	place_make(&place);
	open_keystore(true);
	ck_ok(keystore_write(keystore, ask(3, &old_id, &old_key, first, sizeof first)));
	ck_ok(keystore_write(keystore, ask(4, &new_id, &new_key, second, sizeof second)));
	struct alias alias = alias_of(3);
	struct key_filing filings[] = {{alias, old_id}, {alias, new_id}};
	ck_ok(keystore_merge(keystore, filings, 1, 0));
	struct key_snapshot snapshot;
	uint64_t id;
	struct key key;
	ck_ok(key_snapshot_begin(keystore, &snapshot));
	ck_ok(key_of_alias(&snapshot, &alias, &id, &key));
	ck_assert_uint_eq(id, old_id);
	struct alias unknown = alias_of(5);
	ck_error(key_of_alias(&snapshot, &unknown, &id, &key), E_NOT_FOUND);
	ck_error(key_of_id(&snapshot, 99, &unknown, &key), E_NOT_FOUND); /* STO-18 */
	key_snapshot_end(&snapshot);
	/* A row that says another alias than the key's own is damage. */
	ck_ok(keystore_merge(keystore, filings, 2, 0));
	ck_ok(key_snapshot_begin(keystore, &snapshot));
	ck_error(key_of_alias(&snapshot, &alias, &id, &key), E_CORRUPT);
	key_snapshot_end(&snapshot);
	close_keystore();
	place_remove(&place);
}
END_TEST

START_TEST(periods_have_keys_of_their_own)
{
	uint8_t buffer[4096];
	struct key key;
	struct key same;
	struct period period = {682, 5};
	place_make(&place);
	open_keystore(true);
	struct writer w = writer_of(buffer, sizeof buffer);
	struct bytes made;
	ck_ok(keymaker_begin(maker));
	ck_ok(keymaker_period(maker, period, &w, &key));
	ck_ok(keymaker_period(maker, period, &w, &same));
	keymaker_end(maker);
	ck_ok(writer_done(&w, &made));
	ck_assert_uint_eq(made.len, NEW_PERIOD_KEY_BYTES);
	ck_assert_mem_eq(key.b, same.b, 32);
	ck_ok(keystore_write(keystore, made));
	buffer[made.len - 1] ^= 1; /* another key for the same period is refused */
	ck_error(keystore_write(keystore, made), E_CORRUPT);
	struct key_snapshot snapshot;
	ck_ok(key_snapshot_begin(keystore, &snapshot));
	ck_ok(key_of_period(&snapshot, period, &same));
	ck_assert_mem_eq(key.b, same.b, 32);
	period.retention_years = 6;
	ck_error(key_of_period(&snapshot, period, &same), E_NOT_FOUND);
	key_snapshot_end(&snapshot);
	close_keystore();
	place_remove(&place);
}
END_TEST

START_TEST(other_wrapping_key)
{
	uint8_t buffer[512];
	uint64_t id;
	struct key key;
	struct alias alias;
	const struct key other = {{4, 5, 6}};
	place_make(&place);
	open_keystore(true);
	ck_ok(keystore_write(keystore, ask(1, &id, &key, buffer, sizeof buffer)));
	close_keystore();
	ck_ok(keystore_open(place.path, &other, true, &keystore, NULL));
	struct key_snapshot snapshot;
	ck_ok(key_snapshot_begin(keystore, &snapshot));
	ck_error(key_of_id(&snapshot, id, &alias, &key), E_UNSEALED);
	key_snapshot_end(&snapshot);
	keystore_close(keystore);
	place_remove(&place);
}
END_TEST

/* ---- more new people than an epoch has merged ---- */

static uint64_t flood_ids[FLOOD];

static size_t ask_range(uint32_t from, uint32_t to, bool new, uint8_t *made)
{
	size_t len = 0;
	for (uint32_t i = from; i < to; i++) {
		struct key key;
		uint64_t id;
		struct bytes one = ask(i, &id, &key, made + len, 1024);
		ck_assert_uint_eq(one.len, new ? NEW_SUBJECT_KEY_BYTES : 0);
		flood_ids[i] = new ? id : flood_ids[i];
		ck_assert_uint_eq(flood_ids[i], id);
		len += one.len;
	}
	return len;
}

static void merge_below(uint64_t to)
{
	static struct collected collected;
	uint64_t from, end;
	collected.count = 0;
	ck_ok(keystore_unmerged(keystore, &from, &end));
	ck_ok(keystore_visit(keystore, from, to, collect, &collected));
	ck_ok(keystore_merge(keystore, collected.filings, collected.count, to));
}

/* 0: this allocator does not say. */
static size_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

/* What is remembered until then takes more memory, and gives it back: each still has one key alone. */
START_TEST(a_flood_of_people_has_one_key_each)
{
	const uint32_t half = FLOOD / 2;
	uint8_t *made = malloc((size_t)half * NEW_SUBJECT_KEY_BYTES + 1024);
	ck_assert_ptr_nonnull(made);
	place_make(&place);
	open_keystore(true);
	size_t len = ask_range(0, half, true, made);
	ask_range(0, half, false, made + len);
	ck_ok(keystore_write(keystore, bytes_of(made, len)));
	merge_below(flood_ids[half - half / 8]);
	ask_range(0, half, false, made);
	len = ask_range(half, FLOOD, true, made);
	ask_range(0, FLOOD, false, made + len);
	ck_ok(keystore_write(keystore, bytes_of(made, len)));
	size_t flooded = heap_bytes();
	merge_below(flood_ids[FLOOD - 1]);
	ask_range(0, FLOOD, false, made);
	ck_assert(flooded == 0 || heap_bytes() + FLOOD_BYTES / 2 < flooded);
	close_keystore();
	open_keystore(false);
	ask_range(0, FLOOD, false, made);
	close_keystore();
	place_remove(&place);
	free(made);
}
END_TEST

UNIT_MAIN("keystore", one_key_for_a_subject, a_key_without_room_is_not_made, newest_of_several,
	periods_have_keys_of_their_own, other_wrapping_key, a_flood_of_people_has_one_key_each)
