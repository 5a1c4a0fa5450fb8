#include "ledger/keystore/kept_keys.h"

#include "ledger/db/db_put.h"
#include "ledger/write/limits.h"
#include "tests/lib/fixture.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEOPLE 20000u

static struct alias alias_of(uint32_t number)
{
	struct alias alias;
	const struct key key = {{9}};
	alias_make(&key, bytes_of(&number, sizeof number), &alias);
	return alias;
}

static struct key key_of(uint32_t number, struct period period, uint64_t id)
{
	struct key key = {{(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)period.month, period.retention_years}};
	put_u64(key.b + 8, id);
	return key;
}

/* Nothing, or what was kept last: never somebody else's. */
static bool finds(const struct kept_keys *kept, uint32_t number, struct period period, uint64_t wanted)
{
	struct alias alias = alias_of(number);
	struct key key, expected = key_of(number, period, wanted);
	uint64_t id;
	if (!kept_keys_find(kept, &alias, period, &id, &key))
		return false;
	ck_assert_uint_eq(id, wanted);
	ck_assert_mem_eq(key.b, expected.b, sizeof key.b);
	return true;
}

static void keep(struct kept_keys *kept, uint32_t number, struct period period, uint64_t id)
{
	struct alias alias = alias_of(number);
	struct key key = key_of(number, period, id);
	kept_keys_add(kept, &alias, period, id, &key);
}

START_TEST(what_is_kept_is_found)
{
	static const struct period june = {677, 5}, july = {678, 5}, longer = {678, 10};
	struct kept_keys *kept;
	ck_ok(kept_keys_new(&kept));
	ck_assert(!finds(kept, 1, june, 0));
	keep(kept, 1, june, 0);
	keep(kept, 2, june, (1ull << 40) - 2);
	keep(kept, 3, june, (1ull << 40) - 1); /* an id that has no room is looked up each time */
	ck_assert(finds(kept, 1, june, 0));
	ck_assert(finds(kept, 2, june, (1ull << 40) - 2));
	ck_assert(!finds(kept, 3, june, (1ull << 40) - 1));
	ck_assert(!finds(kept, 1, july, 0));
	keep(kept, 1, longer, 7);
	ck_assert(finds(kept, 1, june, 0) && finds(kept, 1, longer, 7));
	keep(kept, 1, july, 8); /* the same class: of the month before nothing is needed */
	ck_assert(finds(kept, 1, july, 8) && finds(kept, 1, longer, 7) && !finds(kept, 1, june, 0));
	keep(kept, 1, july, 9);
	ck_assert(finds(kept, 1, july, 9));
	kept_keys_forget(kept);
	ck_assert(!finds(kept, 1, july, 9) && !finds(kept, 2, june, 0));
	kept_keys_free(kept);
}
END_TEST

/* Everybody comes again and again, as it is with a preparer: in the end nearly everybody is known. */
START_TEST(it_grows_with_the_people)
{
	static const struct period period = {680, 5};
	struct kept_keys *kept;
	uint32_t known = 0;
	ck_ok(kept_keys_new(&kept));
	for (unsigned round = 0; round < 4; round++) {
		known = 0;
		for (uint32_t i = 0; i < PEOPLE; i++)
			if (finds(kept, i, period, i))
				known++;
			else
				keep(kept, i, period, i);
	}
	ck_assert_uint_ge(known, PEOPLE - PEOPLE / 100);
	kept_keys_free(kept);
}
END_TEST

/* Another process takes all subjects' keys out, and says so. */
static void erase_people(const struct fixture *f)
{
	static const char *const tables[] = {"key", "meta"};
	char path[128];
	snprintf(path, sizeof path, "%s/keys/env", f->dir);
	pid_t child = fork();
	if (child == 0) {
		struct db_env *env;
		struct db_txn changing;
		uint8_t key[8];
		if (db_open(path, tables, 2, KEYS_MAP_BYTES, false, false, &env, NULL) != E_OK ||
			db_begin(env, true, &changing) != E_OK)
			_exit(1);
		for (uint64_t id = 0; id < 2; id++) {
			put_u64(key, id);
			db_delete(&changing, 0, BYTES_ARRAY(key));
		}
		db_put_number(&changing, 1, BYTES_LITERAL("erased"), 1);
		_exit(db_commit(&changing) != E_OK);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static size_t new_keys_of(struct fixture *f, uint64_t first_sequence)
{
	static const uint32_t subjects[] = {1, 2};
	struct fault fault;
	struct prepared *prepared;
	struct bytes body = fixture_batch(f, first_sequence, subjects, 2, 0);
	ck_ok(prepare_batch(f->preparer, f->sender, body, f->now_s, &prepared, &fault));
	size_t len = prepared->new_keys.len;
	free((void *)(uintptr_t)body.data);
	prepared_free(prepared);
	return len;
}

/* STO-51: whether the keys are in the index by alias (an epoch ran) or not yet. */
START_TEST(nothing_is_sealed_under_what_was_erased)
{
	static const uint32_t subjects[] = {1, 2};
	struct fixture f;
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 2, 0));
	if (_i == 1)
		fixture_epoch(&f);
	ck_assert_uint_eq(new_keys_of(&f, 2), 0);
	erase_people(&f);
	ck_assert_uint_eq(new_keys_of(&f, 2), 2 * NEW_SUBJECT_KEY_BYTES);
	ck_assert_uint_eq(new_keys_of(&f, 2), 0);
	fixture_remove(&f);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("kept_keys");
	tcase_add_test(tcase, what_is_kept_is_found);
	tcase_add_test(tcase, it_grows_with_the_people);
	tcase_add_loop_test(tcase, nothing_is_sealed_under_what_was_erased, 0, 2);
	return unit_run("kept_keys", tcase);
}
