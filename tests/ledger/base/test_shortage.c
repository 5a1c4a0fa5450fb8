/* Jansson where memory is short. The linker puts the function below in the place of the library's
 * (tests/meson.build). */
#include "ledger/base/shortage.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 70

/* Of LeakSanitizer, where it is: what had been read of a text is not given back. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static unsigned left; /* allocations until one fails; 0: none does */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return left > 0 && --left == 0 ? NULL : __real_malloc(size);
}

/* Each allocation of reading the text fails once: then nothing came of it, and that is why. */
static void fail_each(const char *text)
{
	bool all = false;
	for (unsigned number = 1; !all; number++) {
		json_error_t detail;
		(void)shortage_seen();
		left = number;
		json_t *json = shortage_json_load(text, strlen(text), 0, &detail);
		all = left > 0;
		left = 0;
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
	if (__lsan_disable)
		__lsan_disable();
	for (int len = 0; len <= TEXT_MAX; len++) {
		memset(letters, 'a', sizeof letters);
		letters[len] = '\0';
		snprintf(text, sizeof text, "[\"%s\"]", letters);
		fail_each(text);
		snprintf(text, sizeof text, "{\"%s\\n\": [\"\\u00e6%s\"]}", letters, letters);
		fail_each(text);
	}
	if (__lsan_enable)
		__lsan_enable();
}
END_TEST

UNIT_MAIN("shortage", no_text_is_read_on_without_memory)
