#include "query/answer/accesses.h"
#include "query/http/cursor.h"
#include "tests/lib/unit.h"

#include <string.h>

static struct key key = {{7}};

static struct accesses_query plain(void)
{
	return (struct accesses_query){.subject = BYTES_LITERAL("cpr:0101701234"),
		.to_s = UINT64_MAX,
		.limit = 10,
		.before = UINT64_MAX,
		.now_s = 1000};
}

static struct hash question_of(struct accesses_query query)
{
	struct hash hash;
	accesses_question(&query, &hash);
	return hash;
}

START_TEST(a_cursor_comes_back_as_given)
{
	static const uint64_t places[] = {0, 1, 0x0123456789ABCDEF, UINT64_MAX};
	struct hash question = question_of(plain());
	for (size_t i = 0; i < 4; i++) {
		char text[CURSOR_TEXT_BYTES + 1];
		uint64_t out = 77;
		cursor_seal(&key, &question, places[i], text);
		ck_assert_uint_eq(strlen(text), CURSOR_TEXT_BYTES);
		ck_assert_uint_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 64);
		ck_ok(cursor_open(&key, &question, text, &out));
		ck_assert(out == places[i]);
	}
}
END_TEST

/* HTTP-13: a cursor belongs to one subject and one set of filters, and to nothing else. */
START_TEST(a_cursor_is_bound_to_its_question)
{
	struct hash question = question_of(plain());
	struct accesses_query others[5];
	for (size_t i = 0; i < 5; i++)
		others[i] = plain();
	others[0].subject = BYTES_LITERAL("cpr:0101701235");
	others[1].from_s = 1;
	others[2].to_s = 5;
	others[3].org = BYTES_LITERAL("cvr:1");
	/* The same bytes, divided in another place. */
	others[4].subject = BYTES_LITERAL("cpr:010170123");
	others[4].org = BYTES_LITERAL("4");
	char text[CURSOR_TEXT_BYTES + 1];
	cursor_seal(&key, &question, 9, text);
	for (size_t i = 0; i < 5; i++) {
		struct hash other = question_of(others[i]);
		uint64_t out = 77;
		ck_error(cursor_open(&key, &other, text, &out), E_BAD_VALUE);
		ck_assert_uint_eq(out, 77);
	}
	struct accesses_query paged = plain();
	paged.limit = 500;
	paged.before = 3;
	paged.now_s = 2000;
	struct hash same = question_of(paged);
	ck_assert(hash_equal(&question, &same));
}
END_TEST

START_TEST(a_tampered_cursor_is_refused)
{
	struct hash question = question_of(plain());
	char text[CURSOR_TEXT_BYTES + 2];
	uint64_t out = 77;
	cursor_seal(&key, &question, 9, text);
	for (size_t i = 0; i < CURSOR_TEXT_BYTES; i++) {
		char kept = text[i];
		text[i] = kept == 'A' ? 'B' : 'A';
		ck_error(cursor_open(&key, &question, text, &out), E_BAD_VALUE);
		text[i] = kept;
	}
	struct key other = {{8}};
	ck_error(cursor_open(&other, &question, text, &out), E_BAD_VALUE);
	strcat(text, "A");
	ck_error(cursor_open(&key, &question, text, &out), E_BAD_VALUE);
	text[CURSOR_TEXT_BYTES - 1] = '\0';
	ck_error(cursor_open(&key, &question, text, &out), E_BAD_VALUE);
	ck_error(cursor_open(&key, &question, "", &out), E_BAD_VALUE);
}
END_TEST

START_TEST(times_in_cursors_are_exact)
{
	uint64_t out = 0;
	ck_ok(accesses_time("2026-11-23", &out));
	ck_assert_uint_eq(out, 1795392000);
	ck_ok(accesses_time("2026-11-23T01:00:00+01:00", &out));
	ck_assert_uint_eq(out, 1795392000);
	ck_ok(accesses_time("2026-11-23T00:00:00.000000001Z", &out));
	ck_assert_uint_eq(out, 1795392001);
	ck_error(accesses_time("2026-11-23T00:00:00", &out), E_BAD_VALUE);
	ck_error(accesses_time("2026-13-23", &out), E_BAD_VALUE);
	ck_error(accesses_time("yesterday!", &out), E_BAD_VALUE);
	ck_error(accesses_time("", &out), E_BAD_VALUE);
}
END_TEST

UNIT_MAIN("cursor", a_cursor_comes_back_as_given, a_cursor_is_bound_to_its_question, a_tampered_cursor_is_refused,
	times_in_cursors_are_exact)
