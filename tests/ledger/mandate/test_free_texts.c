/* Which texts of an event are looked through. (QLT-4, QLT-5) */
#include "ledger/event/event_schema.h"
#include "ledger/mandate/free_texts.h"
#include "ledger/subject/subject_in_text.h"
#include "tests/lib/unit.h"

#define BIT(field) (1ull << (field))
#define NUMBER BYTES_LITERAL("se 010170-1234")

static void put(struct event *event, unsigned field)
{
	event->present |= BIT(field);
	event->values[field].text = NUMBER;
}

START_TEST(free_texts_are_looked_through_and_ids_are_not)
{
	unsigned how;
	struct source source = {.words = ""};
	for (unsigned field = 1; field <= EVENT_FIELD_LAST; field++) {
		struct event event = {.present = 0};
		if (event_field(field)->type != EVENT_TYPE_TEXT || field == EVENT_SUBJECT)
			continue;
		put(&event, field);
		uint64_t wanted = (free_texts() & BIT(field));
		ck_assert_uint_eq(free_texts_with_numbers(&event, &source, &how), wanted);
		ck_assert_uint_eq(how, wanted != 0 ? IN_TEXT_NUMBER : 0);
	}
	ck_assert(free_texts() & BIT(EVENT_ACTIVITY));
	ck_assert(!(free_texts() & BIT(EVENT_ACTOR_ID)) && !(free_texts() & BIT(EVENT_ID)));
}
END_TEST

START_TEST(each_item_of_a_list_is_looked_through)
{
	unsigned how;
	struct source source = {.words = ""};
	struct event event = {.present = BIT(EVENT_OBJECTS), .list_count = 1};
	event.lists[0].count = 2;
	event.lists[0].items[0] = BYTES_LITERAL("journal");
	event.lists[0].items[1] = NUMBER;
	event.values[EVENT_OBJECTS].list = 0;
	ck_assert_uint_eq(free_texts_with_numbers(&event, &source, &how), BIT(EVENT_OBJECTS));
}
END_TEST

START_TEST(where_they_are_to_be_expected_nothing_is_found)
{
	unsigned how;
	bool taken;
	struct fault fault;
	struct source source = {.words = ""};
	struct event event = {.present = 0};
	put(&event, EVENT_ACTIVITY);
	put(&event, EVENT_REASON);
	ck_ok(source_apply(&source, "role=x", &taken, &fault));
	ck_ok(source_apply(&source, "identifiers-in=activity", &taken, &fault));
	ck_assert_uint_eq(free_texts_with_numbers(&event, &source, &how), BIT(EVENT_REASON));
	ck_ok(source_apply(&source, "identifiers-in=reason", &taken, &fault));
	ck_assert_uint_eq(free_texts_with_numbers(&event, &source, &how), 0);
	ck_assert_uint_eq(how, 0);
}
END_TEST

UNIT_MAIN("free_texts", free_texts_are_looked_through_and_ids_are_not, each_item_of_a_list_is_looked_through,
	where_they_are_to_be_expected_nothing_is_found)
