/* Everybody is found by alias, and the one whose turn is first is found first, whoever comes and goes. */
#include "tests/lib/unit.h"
#include "tools/wishes/people.h"

#include <string.h>

#define MANY 900u

static struct alias alias_of(uint32_t number)
{
	struct alias out = {{0}};
	memcpy(out.b, &(uint32_t){number % 7}, 4); /* many with one home */
	memcpy(out.b + 8, &number, 4);
	return out;
}

static struct person *add(struct people *people, uint32_t number)
{
	struct person *person;
	struct alias alias = alias_of(number);
	ck_ok(people_add(people, &alias, bytes_text("cpr:0101701234"), &person));
	ck_assert_str_eq(person->subject, "cpr:0101701234");
	return person;
}

START_TEST(who_was_added_is_found)
{
	OWNED(people_release) struct people *people = people_new();
	for (uint32_t i = 0; i < MANY; i++)
		add(people, i);
	for (uint32_t i = 0; i < MANY; i += 3) {
		struct alias alias = alias_of(i);
		people_remove(people, people_find(people, &alias));
	}
	ck_assert_uint_eq(people_count(people), MANY - MANY / 3);
	for (uint32_t i = 0; i < MANY; i++) {
		struct alias alias = alias_of(i);
		ck_assert((people_find(people, &alias) != NULL) == (i % 3 != 0));
	}
	size_t count = 0;
	for (size_t at = 0; people_next(people, &at) != NULL;)
		count++;
	ck_assert_uint_eq(count, people_count(people));
}
END_TEST

START_TEST(turns_come_in_order)
{
	OWNED(people_release) struct people *people = people_new();
	struct person *all[MANY];
	uint64_t seed = 1;
	for (uint32_t i = 0; i < MANY; i++) {
		all[i] = add(people, i);
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		people_turn(people, all[i], seed >> 40);
	}
	for (uint32_t i = 0; i < MANY; i += 2) { /* another turn, or none, or gone */
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		if (i % 3 == 0)
			people_turn(people, all[i], seed >> 40);
		else if (i % 3 == 1)
			people_turn(people, all[i], TURN_NEVER);
		else
			people_remove(people, all[i]);
	}
	uint64_t last = 0;
	size_t count = 0;
	for (struct person *person; (person = people_first(people)) != NULL; count++) {
		ck_assert_uint_ge(person->turn_ms, last);
		last = person->turn_ms;
		people_turn(people, person, TURN_NEVER);
	}
	ck_assert_uint_eq(count, MANY / 2 + MANY / 6);
}
END_TEST

UNIT_MAIN("people", who_was_added_is_found, turns_come_in_order)
