#include "ledger/filed/filed_put.h"
#include "ledger/filed/posting.h"
#include "tests/lib/filed.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#define SUBJECTS 7
#define EVENTS 6000

static struct place place;
static struct filed filed;
static struct seal_keys keys;

static struct alias alias_of(unsigned subject)
{
	struct alias alias = {{0}};
	alias.b[0] = (uint8_t)(subject * 40); /* neighbours in the table */
	alias.b[31] = (uint8_t)subject;
	return alias;
}

/* One person's part of an epoch: what the head says is there, and behind it what is new. */
static void add(const struct alias *alias, const uint64_t *indexes, size_t count)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct head head;
	enum error error = head_get(&filed.runs, &keys, alias, &head);
	if (error != E_OK) {
		ck_error(error, E_NOT_FOUND);
		head = (struct head){.newest = 0};
		merkle_frontier_init(&head.frontier);
	}
	posting_key(alias, 0, key);
	filed_reach(&filed, RUN_SUBJECT, BYTES_ARRAY(key));
	for (size_t i = 0; i < count; i++) {
		struct hash leaf = {{0}};
		ck_ok(posting_add(filed.writer, &keys, alias, &head, indexes[i]));
		merkle_frontier_append(&head.frontier, &leaf, NULL, NULL);
		head.newest = indexes[i];
	}
	ck_ok(head_put(filed.writer, &keys, alias, &head));
}

/* Against a plain array: many epochs of random size, some of them given up and done again; then every kind of page. */
/* STO-14 */
START_TEST(against_plain_lists)
{
	static uint64_t lists[SUBJECTS][EVENTS];
	size_t counts[SUBJECTS] = {0};
	struct key master = {{8}};
	seal_keys_derive(&master, &keys);
	place_make(&place);
	filed_make(&filed, place.path);
	uint64_t index = 0;
	while (index < EVENTS) {
		size_t before[SUBJECTS];
		memcpy(before, counts, sizeof before);
		for (uint64_t end = index + 1 + randombytes_uniform(900); index < end && index < EVENTS; index++) {
			unsigned subject = randombytes_uniform(2) ? 3 : randombytes_uniform(SUBJECTS - 1);
			lists[subject][counts[subject]++] = index;
		}
		for (unsigned again = randombytes_uniform(2); again < 2; again++) {
			filed_give_up(&filed);
			filed_new_run(&filed, 1 + randombytes_uniform(20000));
			for (unsigned s = 0; s < SUBJECTS; s++) {
				struct alias alias = alias_of(s);
				if (counts[s] > before[s])
					add(&alias, lists[s] + before[s], counts[s] - before[s]);
			}
		}
		filed_finish(&filed);
	}
	for (unsigned s = 0; s < SUBJECTS; s++) {
		struct alias alias = alias_of(s);
		uint64_t before = UINT64_MAX;
		size_t left = counts[s];
		for (;;) {
			uint64_t page[100];
			size_t count;
			size_t max = 1 + randombytes_uniform(100);
			ck_ok(posting_find(&filed.runs, &keys, &alias, before, page, max, &count));
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
	filed_close(&filed);
	place_remove(&place);
}
END_TEST

UNIT_MAIN("posting", against_plain_lists)
