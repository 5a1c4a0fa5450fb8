/* Jansson where memory is short, and who hears of it. */
#include "ledger/base/shortage.h"

#include "ledger/base/own.h"
#include "ledger/json/json_read.h"
#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"

#include <pthread.h>
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
		json_t *json = NULL;
		enum error error = json_read(bytes_text(text), 0, &detail, &json);
		all = !scarce_end();
		ck_assert_msg(error == (all ? E_OK : E_NO_MEMORY), "%s: allocation %u", text, number);
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

/* ---- other threads ---- */

static void *ask(void *context)
{
	bool *seen = context;
	*seen = shortage_seen();
	return NULL;
}

static void *get_nothing(void *context)
{
	(void)context;
	scarce_at(1);
	ck_assert_ptr_null(shortage_malloc(1));
	ck_assert(scarce_end());
	return NULL;
}

/* Without the library of the tests, which would allocate. */
static void elsewhere(void *(*what)(void *context), void *context)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, what, context) != 0 || pthread_join(thread, NULL) != 0)
		abort();
}

/* Once each, where it failed and elsewhere. */
START_TEST(every_thread_hears_of_it)
{
	bool seen = false;
	(void)shortage_seen();
	(void)get_nothing(NULL);
	elsewhere(ask, &seen);
	ck_assert(seen);
	ck_assert(shortage_seen());
	ck_assert(!shortage_seen());
	elsewhere(get_nothing, NULL);
	ck_assert(shortage_seen());
	ck_assert(!shortage_seen());
}
END_TEST

static bool asked_elsewhere; /* whenever something is freed here: so behind the failure, too */

void __real_free(void *memory);
void __wrap_free(void *memory);

void __wrap_free(void *memory)
{
	bool seen = false;
	__real_free(memory);
	if (asked_elsewhere)
		elsewhere(ask, &seen);
}

/* No text is taken for malformed because another thread has asked meanwhile, and none that is cut off for whole. */
START_TEST(who_asks_takes_nothing_from_others)
{
	static const char text[] = "{\"abc\":[1,2,\"longer than jansson's first buffer\"],\"second\":{\"k\":true}}";
	json_t *whole = json_loads(text, 0, NULL);
	bool read = false, written = false;
	for (unsigned number = 1; !read || !written; number++) {
		json_t *json = NULL;
		asked_elsewhere = true;
		scarce_at(number);
		enum error error = json_read(bytes_text(text), 0, NULL, &json);
		read = !scarce_end();
		scarce_at(number);
		OWNED_MEMORY char *again = json_write(whole, JSON_COMPACT | JSON_PRESERVE_ORDER);
		written = !scarce_end();
		asked_elsewhere = false;
		ck_error(error, read ? E_OK : E_NO_MEMORY);
		ck_assert(read == json_equal(json, whole));
		ck_assert(written ? again != NULL && strcmp(again, text) == 0 : again == NULL);
		json_decref(json);
	}
	json_decref(whole);
}
END_TEST

UNIT_MAIN("shortage", no_text_is_read_on_without_memory, all_of_a_large_text_is_given_back, what_was_there_before_stays,
	every_thread_hears_of_it, who_asks_takes_nothing_from_others)
