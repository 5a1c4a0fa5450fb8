/* Events that cannot be filed: each is declared lost, and the rest goes on; what can be made again is made again. */
#include "ledger/db/db_put.h"
#include "ledger/store/store_put.h"
#include "ledger/write/damage.h"
#include "tests/lib/audited.h"
#include "tests/lib/both_ways.h"

#include <stdlib.h>

static uint32_t next_subject;
static uint64_t next_sequence;

static void make(void)
{
	fixture_make(&f);
	next_subject = 0;
	next_sequence = 0;
}

/* A batch about people whom nobody has met. */
static struct appended append_new(uint32_t count)
{
	uint32_t subjects[BATCH_EVENTS_MAX];
	for (uint32_t i = 0; i < count; i++)
		subjects[i] = next_subject++;
	struct bytes body = fixture_batch(&f, next_sequence, subjects, count, 1);
	next_sequence += count;
	return fixture_append(&f, body);
}

static void damage_row(struct db_txn *changing, enum store_table table, uint64_t index, size_t cut, size_t flipped)
{
	uint8_t key[8];
	uint8_t *copy;
	struct bytes row;
	put_u64(key, index);
	ck_ok(db_get(changing, table, BYTES_ARRAY(key), &row));
	copy = malloc(row.len);
	memcpy(copy, row.data, row.len);
	copy[flipped % row.len] ^= 1;
	if (cut >= row.len)
		db_delete(changing, table, BYTES_ARRAY(key));
	else
		db_put(changing, table, BYTES_ARRAY(key), bytes_of(copy, row.len - cut));
	free(copy);
}

/* The row of a log index becomes another: `cut` bytes shorter, or none at all, with the byte at `flipped` changed. */
static void damage(enum store_table table, uint64_t index, size_t cut, size_t flipped)
{
	struct db_txn changing;
	ck_ok(db_begin(f.ledger->store, true, &changing));
	damage_row(&changing, table, index, cut, flipped);
	ck_ok(db_commit(&changing));
}

/* Every `step`th record in [first, end). */
static void damage_records(uint64_t first, uint64_t end, uint64_t step)
{
	struct db_txn changing;
	ck_ok(db_begin(f.ledger->store, true, &changing));
	for (uint64_t index = first; index < end; index += step)
		damage_row(&changing, STORE_RECORD, index, 0, 150);
	ck_ok(db_commit(&changing));
}

#define WHOLE SIZE_MAX

static struct audit_result audit_all(void)
{
	struct audit_options options = {.records = true, .labels = true};
	struct audit_result result;
	struct fault fault = {.text = ""};
	enum error error = audit_both_ways(f.dir, &f.vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), fault.text);
	return result;
}

static void assert_lost(uint64_t lost, uint64_t entries, uint64_t packs)
{
	struct ledger_damage told;
	ck_assert(ledger_take_damage(f.ledger, &told) == (lost > 0 || packs > 0));
	ck_assert_uint_eq(told.lost, lost);
	ck_assert_uint_eq(told.entries, entries);
	ck_assert_uint_eq(told.packs, packs);
	ck_assert(!ledger_take_damage(f.ledger, &told));
}

/* With the ledger closed, since the audit runs in this process. */
static void assert_audit(uint64_t lost)
{
	fixture_close(&f);
	struct audit_result result = audit_all();
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
	ck_assert_uint_eq(result.lost, lost);
	ck_assert_uint_eq(result.unverifiable, 0);
	fixture_open(&f);
}

static struct bytes new_batch(uint64_t first_sequence, uint32_t first_subject, uint32_t count)
{
	uint32_t subjects[BATCH_EVENTS_MAX];
	for (uint32_t i = 0; i < count; i++)
		subjects[i] = first_subject + i;
	return fixture_batch(&f, first_sequence, subjects, count, 1);
}

static enum error take(struct bytes body)
{
	struct appended appended;
	struct fault fault = {.text = ""};
	return fixture_take(&f, body, &appended, &fault);
}

static void drop_batch(struct bytes body)
{
	free((void *)(uintptr_t)body.data);
}

/* LOSS-5, EPO-9: the record of one event does not open, is cut, or is not there. */
START_TEST(one_damaged_record_is_declared)
{
	static const size_t cuts[] = {0, 1, 60, WHOLE};
	make();
	append_new(10);
	struct appended second = append_new(10);
	append_new(10);
	damage(STORE_RECORD, second.first_index + 4, cuts[_i], 200);
	fixture_epoch(&f);
	assert_lost(1, 1, 0);
	ck_assert_uint_eq(f.ledger->state.losses.count, 1);
	ck_assert_uint_eq(f.ledger->state.losses.ranges[0].first, second.first_index + 4);
	ck_assert_uint_eq(f.ledger->state.losses.ranges[0].end, second.first_index + 5);
	ck_assert_uint_eq(f.ledger->epoch_entry.lost, 1);
	assert_audit(1);
	append_new(10);
	fixture_epoch(&f);
	assert_lost(0, 0, 0);
	assert_audit(1);
	fixture_remove(&f);
}
END_TEST

/* LOSS-7 */
START_TEST(a_batch_with_a_lost_event_comes_again)
{
	make();
	struct bytes first = new_batch(0, 0, 10), second = new_batch(10, 10, 10);
	ck_ok(take(first));
	uint64_t index = f.ledger->checkpoint.size;
	ck_ok(take(second));
	damage(STORE_RECORD, index + 9, 0, 100);
	ck_ok(take(second)); /* nobody has noticed yet */
	fixture_epoch(&f);
	ck_ok(take(first));
	ck_error(take(second), E_LOST);
	drop_batch(first);
	drop_batch(second);
	fixture_remove(&f);
}
END_TEST

/* A damaged record in each of several batches, and several in one, at its ends too. */
START_TEST(damaged_runs_are_declared)
{
	uint64_t lost = 0;
	struct appended batches[6];
	make();
	for (size_t i = 0; i < 6; i++)
		batches[i] = append_new(i == 5 ? 1 : 5);
	fixture_append(
		&f, fixture_batch(&f, next_sequence, NULL, 3, 1)); /* mass events are not lost with their neighbours */
	next_sequence += 3;
	struct appended behind = append_new(3);
	for (uint32_t i = 3; i < 5; i++, lost++) /* the end of the first and the beginning of the second: one run */
		damage(STORE_RECORD, batches[0].first_index + i, 0, 150);
	damage(STORE_RECORD, batches[1].first_index, WHOLE, 0), lost++;
	damage(STORE_RECORD, batches[1].first_index + 2, 0, 150), lost++;
	for (uint32_t i = 0; i < 5; i++, lost++) /* all of the fourth */
		damage(STORE_RECORD, batches[3].first_index + i, 0, 90);
	damage(STORE_RECORD, batches[5].first_index, 0, 90), lost++;
	damage(STORE_RECORD, behind.first_index, 0, 90), lost++;
	fixture_epoch(&f);
	assert_lost(lost, 5, 0);
	assert_audit(lost);
	append_new(4);
	fixture_epoch(&f);
	assert_audit(lost);
	fixture_remove(&f);
}
END_TEST

/* Who somebody is stands in each record about them: one that opens is enough, and nothing is lost. */
START_TEST(another_record_tells_who)
{
	const uint32_t subjects[] = {1, 2, 1, 3};
	make();
	struct appended batch = fixture_append(&f, fixture_batch(&f, 0, subjects, 4, 1));
	damage(STORE_RECORD, batch.first_index, 0, 150);
	fixture_epoch(&f);
	assert_lost(0, 0, 0);
	fixture_close(&f);
	struct audit_result result = audit_all();
	assert_fails(&result, batch.first_index, "sealed record does not hold");
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* A pack that is damaged, cut, gone, or names another place is made again. */
START_TEST(a_damaged_pack_is_made_again)
{
	static const struct {
		size_t cut, flip;
	} damages[] = {{0, 40}, {1, 8}, {32, 8}, {WHOLE, 0}, {0, 7}, {0, 2}};
	for (uint32_t last = 0; last <= 1; last++) {
		make();
		append_new(10);
		fixture_epoch(&f);
		append_new(7);
		struct appended damaged = append_new(10);
		if (!last)
			append_new(3);
		damage(STORE_ALIAS, damaged.first_index, damages[_i].cut, damages[_i].flip);
		fixture_epoch(&f);
		assert_lost(0, 0, 1);
		assert_audit(0);
		append_new(3);
		fixture_epoch(&f);
		assert_audit(0);
		fixture_remove(&f);
	}
}
END_TEST

START_TEST(packs_and_records)
{
	make();
	append_new(10);
	struct appended first = append_new(10);
	struct appended second = append_new(10);
	damage(STORE_ALIAS, first.first_index, 0, 40);
	damage(STORE_ALIAS, second.first_index, WHOLE, 0);
	damage(STORE_RECORD, first.first_index + 9, 0, 150);
	damage(STORE_RECORD, second.first_index, 0, 150);
	damage(STORE_RECORD, second.first_index + 5, WHOLE, 0);
	fixture_epoch(&f);
	assert_lost(3, 2, 2);
	assert_audit(3);
	fixture_remove(&f);
}
END_TEST

static enum error try_epoch(struct fault *fault)
{
	bool more = false;
	bool finished = false;
	TRY(ledger_epoch_start(f.ledger, &more, fault));
	while (more && !finished)
		TRY(ledger_epoch_slice(f.ledger, &finished, fault));
	return E_OK;
}

/* A subject's key that is gone before its first epoch: nobody can tell any more who that was. */
START_TEST(a_key_is_gone)
{
	static const char *const tables[] = {"key"};
	char path[128];
	uint8_t key[8];
	struct fault fault = {.text = ""};
	struct db_env *env;
	struct db_txn changing;
	make();
	append_new(10);
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/keys/env", f.dir);
	ck_ok(db_open(path, tables, 1, KEYS_MAP_BYTES, false, false, &env, &fault));
	put_u64(key, 4);
	ck_ok(db_begin(env, true, &changing));
	db_delete(&changing, 0, BYTES_ARRAY(key));
	ck_ok(db_commit(&changing));
	db_close(env);
	fixture_open(&f);
	fixture_epoch(&f);
	assert_lost(1, 1, 0);
	assert_audit(1);
	fixture_remove(&f);
}
END_TEST

/* The key of the month in keys/env gets a flipped bit, or none. */
static void flip_period_key(bool gone)
{
	static const char *const tables[] = {"period"};
	char path[128];
	uint8_t key[3], copy[256];
	struct fault fault = {.text = ""};
	struct db_env *env;
	struct db_txn changing;
	struct db_walk walk;
	snprintf(path, sizeof path, "%s/keys/env", f.dir);
	ck_ok(db_open(path, tables, 1, KEYS_MAP_BYTES, false, false, &env, &fault));
	ck_ok(db_begin(env, true, &changing));
	ck_ok(db_walk_begin(&changing, 0, &walk));
	ck_ok(db_walk_from(&walk, BYTES_LITERAL("\0")));
	ck_assert(walk.key.len == sizeof key && walk.value.len <= sizeof copy);
	memcpy(key, walk.key.data, sizeof key);
	size_t len = walk.value.len;
	memcpy(copy, walk.value.data, len);
	db_walk_end(&walk);
	copy[len - 5] ^= 1;
	if (gone)
		db_delete(&changing, 0, BYTES_ARRAY(key));
	else
		db_put(&changing, 0, BYTES_ARRAY(key), bytes_of(copy, len));
	ck_ok(db_commit(&changing));
	db_close(env);
}

/* LOSS-9: the key of a month is no event's record, and somebody may have it. With it back nothing is lost. */
START_TEST(the_key_of_a_month)
{
	struct fault fault = {.text = ""};
	make();
	struct appended batch = append_new(10);
	if (_i == 1)
		damage(STORE_ALIAS, batch.first_index, 0, 40); /* the pack would be made again first */
	fixture_close(&f);
	flip_period_key(false);
	fixture_open(&f);
	ck_error(try_epoch(&fault), E_UNREADABLE);
	ck_assert_msg(_i == 1 || strstr(fault.text, "keys/env is damaged") != NULL, "%s", fault.text);
	assert_lost(0, 0, 0);
	fixture_close(&f);
	flip_period_key(false);
	fixture_open(&f);
	fixture_epoch(&f);
	assert_lost(0, 0, _i == 1);
	assert_audit(0);
	fixture_remove(&f);
}
END_TEST

/* Not each event that waits for the word was sealed under it. */
START_TEST(only_its_own_are_blamed_on_the_key_of_a_month)
{
	struct fault fault = {.text = ""};
	make();
	struct appended batch = append_new(10);
	damage(STORE_RECORD, batch.first_index + 4, 60, 0);
	fixture_close(&f);
	flip_period_key(false);
	fixture_open(&f);
	ck_error(try_epoch(&fault), E_UNREADABLE);
	ck_assert_msg(strstr(fault.text, "10 events") != NULL, "%s", fault.text);
	ck_assert_msg(strstr(fault.text, "9 of them because the key of their month") != NULL, "%s", fault.text);
	fixture_remove(&f);
}
END_TEST

/* The entries of a loss are read again; where the store does not give them back the entry breaks no rule. */
START_TEST(own_damage_is_no_broken_rule)
{
	struct fault fault = {.text = ""};
	make();
	struct appended batch = append_new(10);
	const struct entry loss = {
		.kind = ENTRY_LOSS, .loss = {batch.first_index, f.ledger->checkpoint.size, .events = _i == 0 ? 10 : 11}};
	if (_i == 0)
		damage(STORE_BUNDLE, 0, 1, 0);
	ck_ok(ledger_begin(f.ledger, &fault));
	ck_error(ledger_append_entry(f.ledger, &loss, &fault), _i == 0 ? E_CORRUPT : E_STOPPED);
	ck_assert_msg((strstr(fault.text, "report it") != NULL) == (_i == 1), "%s", fault.text);
	fixture_remove(&f);
}
END_TEST

/* LOSS-9: nobody has it. */
START_TEST(the_key_of_a_month_for_good)
{
	struct fault fault = {.text = ""};
	make();
	append_new(10);
	fixture_close(&f);
	flip_period_key(_i == 1);
	fixture_open(&f);
	ck_error(try_epoch(&fault), E_UNREADABLE);
	ledger_declare_lost(f.ledger, true);
	ck_ok(try_epoch(&fault));
	assert_lost(10, 1, 0);
	assert_audit(10);
	fixture_remove(&f);
}
END_TEST

/* LOSS-8: that it could not be looked at is said of no event. */
START_TEST(only_what_was_looked_at)
{
	static const enum error all[] = {
#define X(code, number, blame, text) code,
		ERROR_LIST(X)
#undef X
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		ck_assert(damage_judged(all[i]) ==
				  (all[i] == E_UNSEALED || all[i] == E_ERASED || all[i] == E_CORRUPT || all[i] == E_NOT_FOUND));
}
END_TEST

/* LOSS-10: a record that is there after all. */
START_TEST(declared_and_there)
{
	uint8_t key[8];
	struct db_txn writing;
	make();
	struct appended batch = append_new(10);
	damage(STORE_RECORD, batch.first_index + 4, 0, 200);
	fixture_epoch(&f);
	put_u64(key, batch.first_index + 4);
	ck_ok(db_begin(f.ledger->store, true, &writing));
	db_put(&writing, STORE_RECORD, BYTES_ARRAY(key), BYTES_LITERAL("record"));
	ck_ok(db_commit(&writing));
	fixture_close(&f);
	struct audit_result result = audit_all();
	assert_fails(&result, batch.first_index + 4, "is lost, and the store has its record");
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* LOSS-9: more than a few wait for an operator's word; a new process has not heard it. */
START_TEST(an_operators_word)
{
	struct fault fault = {.text = ""};
	make();
	struct appended batch = append_new(DAMAGE_EVENTS_MAX + 5);
	damage_records(batch.first_index + 1, batch.first_index + DAMAGE_EVENTS_MAX + 2, 1);
	ck_error(try_epoch(&fault), E_UNREADABLE);
	ck_assert_msg(
		strstr(fault.text, "257 events") != NULL && strstr(fault.text, "--declare-lost") != NULL, "%s", fault.text);
	assert_lost(0, 0, 0);
	append_new(3);
	fixture_close(&f);
	fixture_open(&f);
	ck_error(try_epoch(&fault), E_UNREADABLE);
	ledger_declare_lost(f.ledger, true);
	ck_ok(try_epoch(&fault));
	assert_lost(DAMAGE_EVENTS_MAX + 1, 1, 0);
	ledger_declare_lost(f.ledger, false);
	assert_audit(DAMAGE_EVENTS_MAX + 1);
	fixture_remove(&f);
}
END_TEST

/* LOSS-3: so scattered that there are more places than a log may have loss entries. */
START_TEST(scattered_damage_needs_a_word)
{
	struct fault fault = {.text = ""};
	struct ledger_damage told;
	make();
	append_new(5);
	for (uint32_t batch = 0; batch < 3; batch++) {
		struct appended appended = append_new(800);
		damage_records(appended.first_index, appended.first_index + 800, batch == 1 ? 2 : 3);
	}
	append_new(5);
	ck_error(try_epoch(&fault), E_UNREADABLE);
	ledger_declare_lost(f.ledger, true);
	ck_ok(try_epoch(&fault));
	ck_assert(ledger_take_damage(f.ledger, &told));
	ck_assert_uint_eq(told.unreadable, 267 + 400 + 267);
	ck_assert_uint_eq(told.entries, 267 + 400 + 267);
	ck_assert_uint_eq(told.lost, told.unreadable);
	assert_audit(told.lost);
	ledger_declare_lost(f.ledger, true);
	struct appended appended = append_new(800);
	damage_records(appended.first_index + 100, appended.first_index + 500, 4);
	while (ledger_unfiled(f.ledger) > 0)
		ck_ok(try_epoch(&fault));
	ck_assert(ledger_take_damage(f.ledger, &told));
	ck_assert_uint_eq(told.unreadable, 100);
	ck_assert_uint_eq(told.entries, 1);
	ck_assert_uint_eq(told.lost, 397);
	assert_audit(267 + 400 + 267 + 397);
	fixture_remove(&f);
}
END_TEST

/* What was filed before, and is filed again: an operator's word ends it, however few there are. */
START_TEST(what_was_filed_before_needs_a_word)
{
	struct fault fault = {.text = ""};
	make();
	append_new(10);
	struct appended second = append_new(10);
	fixture_epoch(&f);
	append_new(10);
	fixture_epoch(&f);
	ck_ok(ledger_may_refile(f.ledger, &fault));
	damage(STORE_RECORD, second.first_index + 4, 0, 200);
	ck_error(ledger_may_refile(f.ledger, &fault), E_UNREADABLE);
	ck_assert_msg(strstr(fault.text, "1 events") != NULL, "%s", fault.text);
	ck_ok(ledger_forget_filing(f.ledger, &fault));
	ck_error(try_epoch(&fault), E_UNREADABLE);
	ck_assert_msg(
		strstr(fault.text, "1 events") != NULL && strstr(fault.text, "--declare-lost") != NULL, "%s", fault.text);
	assert_lost(0, 0, 0);
	fixture_close(&f);
	fixture_open(&f);
	ledger_declare_lost(f.ledger, true);
	ck_ok(try_epoch(&fault));
	fixture_close(&f); /* what was declared stays declared, and nothing waits for the word any more */
	fixture_open(&f);
	while (ledger_unfiled(f.ledger) > 0)
		ck_ok(try_epoch(&fault));
	fixture_close(&f);
	struct audit_result result = audit_all();
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
	ck_assert_uint_eq(result.lost, 1);
	ck_assert_uint_eq(result.unverifiable, 2);
	fixture_open(&f);
	append_new(10);
	fixture_epoch(&f);
	fixture_remove(&f);
}
END_TEST

/* EPO-9: an entry that would come too late for what is not filed is not appended, by whatever process. */
START_TEST(what_would_be_late_is_not_appended)
{
	struct fault fault = {.text = ""};
	make();
	append_new(2);
	f.now_s += 10;
	append_new(2); /* the lag of the first two begins */
	f.now_s += EPOCH_LAG_SECONDS_DEFAULT;
	append_new(2);
	struct bytes late = new_batch(next_sequence, next_subject, 3);
	for (int again = 0; again <= 1; again++) {
		f.now_s += 1;
		uint64_t size = f.ledger->checkpoint.size;
		ck_error(take(late), E_UNFILED);
		ck_assert_uint_eq(f.ledger->checkpoint.size, size);
		fixture_close(&f);
		fixture_open(&f);
	}
	ck_ok(try_epoch(&fault));
	ck_ok(take(late));
	drop_batch(late);
	assert_audit(0);
	fixture_remove(&f);
}
END_TEST

/* The row that says where filing stands is lost, or names the epoch all the same: what a loss hides comes out of no
 * filing again, and nothing is compared with it. */
START_TEST(a_hidden_epoch_is_not_made_again)
{
	struct fault fault = {.text = ""};
	struct db_txn changing;
	make();
	append_new(10);
	struct appended second = append_new(10);
	fixture_epoch(&f);
	append_new(10);
	fixture_epoch(&f);
	const struct store_filing hidden = {.epoch_index = f.ledger->filing.epoch_index};
	damage(STORE_RECORD, second.first_index + 4, 0, 200);
	ck_ok(ledger_forget_filing(f.ledger, &fault));
	ledger_declare_lost(f.ledger, true);
	ck_ok(try_epoch(&fault));
	ck_ok(db_begin(f.ledger->store, true, &changing));
	if (_i == 0)
		db_delete(&changing, STORE_META, STORE_ROW_FILING);
	else
		store_filing_put(&changing, &hidden);
	ck_ok(db_commit(&changing));
	fixture_close(&f);
	fixture_open(&f);
	if (_i == 1)
		ck_ok(ledger_forget_filing(f.ledger, &fault)); /* epoch --rebuild */
	while (ledger_unfiled(f.ledger) > 0)
		ck_ok(try_epoch(&fault));
	append_new(2);
	fixture_epoch(&f);
	ck_assert_uint_eq(ledger_unfiled(f.ledger), 0);
	fixture_close(&f);
	struct audit_result result = audit_all();
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
	ck_assert_uint_eq(result.lost, 1);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* What would come of it is looked at first; both say the same. */
static void assert_refile(enum error expected)
{
	struct fault fault = {.text = ""};
	enum error error = ledger_may_refile(f.ledger, &fault);
	ck_assert_msg(error == expected, "%s: %s", error_name(error), fault.text);
	ck_ok(ledger_forget_filing(f.ledger, &fault));
	error = E_OK;
	while (error == E_OK && ledger_unfiled(f.ledger) > 0)
		error = try_epoch(&fault);
	ck_assert_msg(error == expected, "%s: %s", error_name(error), fault.text);
}

/* A pack without a form ends no walk, and begins none anew. */
START_TEST(looking_goes_on_behind_a_first_pack_without_form)
{
	const uint32_t subjects[] = {1, 2, 3};
	make();
	struct appended first = append_new(10);
	struct appended second = fixture_append(&f, fixture_batch(&f, next_sequence, subjects, 3, 1));
	fixture_append(&f, fixture_batch(&f, next_sequence + 3, subjects, 3, 1));
	fixture_epoch(&f);
	damage(STORE_RECORD, second.first_index, 0, 200);
	damage(STORE_ALIAS, first.first_index, 1, 0);
	assert_refile(E_OK);
	fixture_remove(&f);
}
END_TEST

/* A lost event stays named in its batch's pack as long as others of the batch do, and tells nobody who it was. */
START_TEST(a_lost_event_tells_of_nobody)
{
	const uint32_t subjects[] = {1, 2, 3};
	make();
	struct appended first = fixture_append(&f, fixture_batch(&f, 0, subjects, 3, 1));
	damage(STORE_RECORD, first.first_index, 0, 150);
	fixture_epoch(&f);
	assert_lost(1, 1, 0);
	struct appended second = fixture_append(&f, fixture_batch(&f, 3, subjects, 1, 1));
	fixture_epoch(&f);
	assert_lost(0, 0, 0);
	damage(STORE_RECORD, second.first_index, 0, 150);
	assert_refile(E_UNREADABLE);
	fixture_remove(&f);
}
END_TEST

/* Whose it is, an event is told by one of its own epoch or of an earlier one; by a later one only where all of them
 * fit into one. The records are of the first batch, or of the last. */
START_TEST(a_later_part_tells_nothing)
{
	const uint32_t subjects[] = {1, 2, 3};
	bool parts = _i & 1, last = _i & 2;
	make();
	struct appended batches[3];
	for (uint32_t i = 0; i < 3; i++) {
		batches[i] = fixture_append(&f, fixture_batch(&f, (uint64_t)i * 3, subjects, 3, 1));
		f.now_s += 2;
	}
	fixture_epoch(&f);
	damage(STORE_RECORD, batches[last ? 2 : 0].first_index, 0, 150);
	f.ledger->epoch_events_max = parts ? 3 : EPOCH_EVENTS_MAX;
	assert_refile(parts && !last ? E_UNREADABLE : E_OK);
	fixture_remove(&f);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("damage");
	tcase_add_loop_test(tcase, one_damaged_record_is_declared, 0, 4);
	tcase_add_test(tcase, a_batch_with_a_lost_event_comes_again);
	tcase_add_test(tcase, damaged_runs_are_declared);
	tcase_add_test(tcase, another_record_tells_who);
	tcase_add_loop_test(tcase, a_damaged_pack_is_made_again, 0, 6);
	tcase_add_test(tcase, packs_and_records);
	tcase_add_test(tcase, a_key_is_gone);
	tcase_add_loop_test(tcase, the_key_of_a_month, 0, 2);
	tcase_add_loop_test(tcase, the_key_of_a_month_for_good, 0, 2);
	tcase_add_test(tcase, only_its_own_are_blamed_on_the_key_of_a_month);
	tcase_add_loop_test(tcase, own_damage_is_no_broken_rule, 0, 2);
	tcase_add_test(tcase, only_what_was_looked_at);
	tcase_add_test(tcase, declared_and_there);
	tcase_add_test(tcase, an_operators_word);
	tcase_add_test(tcase, scattered_damage_needs_a_word);
	tcase_add_test(tcase, what_was_filed_before_needs_a_word);
	tcase_add_test(tcase, what_would_be_late_is_not_appended);
	tcase_add_loop_test(tcase, a_hidden_epoch_is_not_made_again, 0, 2);
	tcase_add_test(tcase, looking_goes_on_behind_a_first_pack_without_form);
	tcase_add_test(tcase, a_lost_event_tells_of_nobody);
	tcase_add_loop_test(tcase, a_later_part_tells_nothing, 0, 4);
	return unit_run("damage", tcase);
}
