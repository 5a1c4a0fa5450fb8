/* Jansson where memory is short. */
#include "ledger/base/shortage.h"
#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 70
#define MEMBERS 200u

/* Each allocation of reading the text fails once: then nothing came of it, and that is why. */
static void fail_each(const char *text)
{
	bool all = false;
	for (unsigned number = 1; !all; number++) {
		json_error_t detail;
		(void)shortage_seen();
		scarce_at(number);
		json_t *json = shortage_json_load(text, strlen(text), 0, &detail);
		all = !scarce_end();
		ck_assert_msg((json == NULL) == !all, "%s: allocation %u", text, number);
		ck_assert(shortage_seen() == !all);
		json_decref(json);
	}
}

/* A buffer of jansson's has no room for one more sign at each of these lengths in turn, and the sign is the end of a
 * string, the one behind a backslash, or any. */
START_TEST(no_text_is_read_on_without_memory)
{
	char text[2 * TEXT_MAX + 32];
	char letters[TEXT_MAX + 1];
	for (int len = 0; len <= TEXT_MAX; len++) {
		memset(letters, 'a', sizeof letters);
		letters[len] = '\0';
		snprintf(text, sizeof text, "[\"%s\"]", letters);
		fail_each(text);
		snprintf(text, sizeof text, "{\"%s\\n\": [\"\\u00e6%s\"]}", letters, letters);
		fail_each(text);
	}
}
END_TEST

/* So many members that what is held moves to larger tables, for which there is no memory either, and every other one
 * takes the place of an older one, which is freed meanwhile. What is not given back is LeakSanitizer's to find. */
START_TEST(all_of_a_large_text_is_given_back)
{
	char text[MEMBERS * 24 + 16] = "{\"a\":0";
	size_t len = strlen(text);
	for (unsigned i = 0; i < MEMBERS; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, ",\"b%u\":[\"%u\"]", i % (MEMBERS / 2), i);
	snprintf(text + len, sizeof text - len, "}");
	fail_each(text);
}
END_TEST

/* ---- what a call does with memory, by the functions that libraries are given ---- */

static void take_steps(void *context)
{
	void **before = context; /* it had that already */
	void *first = shortage_malloc(10);
	*before = shortage_realloc(*before, 9000); /* if it cannot, nothing is written here */
	void *second = shortage_realloc(first, 4000);
	void *third = shortage_malloc(30);
	shortage_free(second);
	void *fourth = shortage_realloc(NULL, 40);
	shortage_free(third);
	shortage_free(fourth);
}

START_TEST(what_was_there_before_stays)
{
	bool whole = false;
	unsigned number = 0;
	while (!whole) {
		uint8_t *before = calloc(1, 100);
		ck_assert_ptr_nonnull(before);
		before[99] = 7;
		scarce_at(++number);
		whole = shortage_guard(take_steps, &before);
		ck_assert(whole == !scarce_end());
		ck_assert_uint_eq(before[99], 7);
		free(before);
	}
	ck_assert_uint_gt(number, 2);
}
END_TEST

UNIT_MAIN("shortage", no_text_is_read_on_without_memory, all_of_a_large_text_is_given_back, what_was_there_before_stays)
