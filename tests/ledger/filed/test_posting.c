#include "ledger/filed/filed_put.h"
#include "ledger/filed/posting.h"
#include "ledger/store/store_put.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#define SUBJECTS 7
#define EVENTS 6000

static struct place place;
static struct db_env *env;
static struct seal_keys keys;

static struct alias alias_of(unsigned subject)
{
	struct alias alias = {{0}};
	alias.b[0] = (uint8_t)(subject * 40); /* neighbours in the table */
	alias.b[31] = (uint8_t)subject;
	return alias;
}

/* Against a plain array: many epochs of random size, some of them done twice; then every kind of page. */
/* STO-14 */
START_TEST(against_plain_lists)
{
	static uint64_t lists[SUBJECTS][EVENTS];
	size_t counts[SUBJECTS] = {0};
	struct key master = {{8}};
	seal_keys_derive(&master, &keys);
	place_make(&place);
	ck_ok(store_make(place.path, &env, NULL));
	uint64_t index = 0;
	while (index < EVENTS) {
		struct db_txn txn;
		size_t before[SUBJECTS];
		memcpy(before, counts, sizeof before);
		for (uint64_t end = index + 1 + randombytes_uniform(900); index < end && index < EVENTS; index++) {
			unsigned subject = randombytes_uniform(2) ? 3 : randombytes_uniform(SUBJECTS - 1);
			lists[subject][counts[subject]++] = index;
		}
		ck_ok(db_begin(env, true, &txn));
		for (unsigned again = 0; again < 1 + randombytes_uniform(2); again++)
			for (unsigned s = 0; s < SUBJECTS; s++) {
				struct alias alias = alias_of(s);
				if (counts[s] > before[s])
					ck_ok(posting_add(&txn, &keys, &alias, lists[s] + before[s], counts[s] - before[s]));
			}
		ck_ok(db_commit(&txn));
	}
	struct db_txn txn;
	ck_ok(db_begin(env, false, &txn));
	for (unsigned s = 0; s < SUBJECTS; s++) {
		struct alias alias = alias_of(s);
		uint64_t before = UINT64_MAX;
		size_t left = counts[s];
		for (;;) {
			uint64_t page[100];
			size_t count;
			size_t max = 1 + randombytes_uniform(100);
			ck_ok(posting_find(&txn, &keys, &alias, before, page, max, &count));
			ck_assert_uint_eq(count, left < max ? left : max);
			for (size_t i = 0; i < count; i++)
				ck_assert(page[i] == lists[s][--left]);
			if (count < max)
				break;
			before = page[count - 1];
		}
		ck_assert_uint_eq(left, 0);
	}
	ck_assert_uint_eq(counts[SUBJECTS - 1], 0);
	db_abort(&txn);
	db_close(env);
	place_remove(&place);
}
END_TEST

UNIT_MAIN("posting", against_plain_lists)
