#include "ledger/base/bytes.h"
#include "tests/lib/unit.h"

#include <string.h>

START_TEST(what_is_written_is_read)
{
	uint8_t buffer[64];
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_u8(&w, 0x12);
	writer_u16(&w, 0x3456);
	writer_u32(&w, 0x789ABCDE);
	writer_u64(&w, 0x0123456789ABCDEFull);
	writer_range16(&w, BYTES_LITERAL("hello"));
	writer_range32(&w, BYTES_EMPTY);
	struct bytes out;
	ck_ok(writer_done(&w, &out));
	ck_assert_uint_eq(out.len, 1 + 2 + 4 + 8 + 7 + 4);

	struct reader r = reader_of(out);
	ck_assert_uint_eq(reader_u8(&r), 0x12);
	ck_assert_uint_eq(reader_u16(&r), 0x3456);
	ck_assert_uint_eq(reader_u32(&r), 0x789ABCDE);
	ck_assert(reader_u64(&r) == 0x0123456789ABCDEFull);
	ck_assert(bytes_equal(reader_range16(&r, 5), BYTES_LITERAL("hello")));
	ck_assert_uint_eq(reader_range32(&r, 0).len, 0);
	ck_ok(reader_done(&r));
}
END_TEST

START_TEST(first_error_sticks)
{
	uint8_t three[3] = {0, 9, 1};
	struct reader r = reader_of(BYTES_ARRAY(three));
	ck_assert_uint_eq(reader_range16(&r, 8).len, 0);
	ck_assert_uint_eq(reader_u8(&r), 0);
	ck_error(reader_done(&r), E_TOO_LONG);

	r = reader_of(BYTES_ARRAY(three));
	ck_assert_uint_eq(reader_u32(&r), 0);
	ck_error(reader_done(&r), E_TRUNCATED);

	r = reader_of(BYTES_ARRAY(three));
	reader_u16(&r);
	ck_error(reader_done(&r), E_TRAILING);

	uint8_t small[2];
	struct writer w = writer_of(small, sizeof small);
	writer_u32(&w, 1);
	writer_u8(&w, 1);
	struct bytes out = BYTES_EMPTY;
	ck_error(writer_done(&w, &out), E_NO_ROOM);
	ck_assert_ptr_null(out.data);
}
END_TEST

START_TEST(utf8_is_judged_exactly)
{
	ck_assert(bytes_utf8(BYTES_LITERAL("")));
	ck_assert(bytes_utf8(BYTES_LITERAL("ærøskøbing € \xF0\x9F\x94\x8D")));
	ck_assert(!bytes_utf8(BYTES_LITERAL("\xC0\x80")));
	ck_assert(!bytes_utf8(BYTES_LITERAL("\xED\xA0\x80")));
	ck_assert(!bytes_utf8(BYTES_LITERAL("\xF4\x90\x80\x80")));
	ck_assert(!bytes_utf8(BYTES_LITERAL("\xE2\x82")));
	ck_assert(!bytes_utf8(BYTES_LITERAL("\x80")));
	ck_assert(!bytes_utf8(BYTES_LITERAL("a\xE6r")));
}
END_TEST

/* Wherever it stands among letters: eight bytes are looked at together. */
START_TEST(utf8_is_judged_the_same_everywhere)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {{"a", true}, {"\xC3\xA6", true}, {"\xF0\x9F\x94\x8D", true}, {"\xC0\x80", false},
		{"\xED\xA0\x80", false}, {"\xF4\x90\x80\x80", false}, {"\xE2\x82", false}, {"\x80", false}, {"\xFF", false}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t before = 0; before < 18; before++)
			for (size_t behind = 0; behind < 18; behind++) {
				char text[64];
				int len = snprintf(text, sizeof text, "%.*s%s%.*s", (int)before, "abcdefghijklmnopqr", cases[i].text,
					(int)behind, "abcdefghijklmnopqr");
				ck_assert_msg(bytes_utf8(bytes_of(text, (size_t)len)) == cases[i].good,
					"case %zu, %zu letters before it", i, before);
			}
}
END_TEST

START_TEST(texts_are_cut_at_marks)
{
	struct bytes rest = BYTES_LITERAL("a=b==");
	static const char *const pieces[] = {"a", "b", "", "", ""}; /* and so on */
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
		ck_assert(bytes_equal(bytes_cut(&rest, '='), bytes_text(pieces[i])));
	ck_assert_uint_eq(rest.len, 0);
	rest = BYTES_EMPTY;
	ck_assert_uint_eq(bytes_cut(&rest, '=').len, 0);
}
END_TEST

START_TEST(what_begins_another_stands_before_it)
{
	static const char *const ascending[] = {"", "a", "a\x01", "ab", "b", "\xC3\xA6"};
	for (int i = 0; i < 6; i++)
		for (int k = 0; k < 6; k++) {
			int order = bytes_compare(bytes_text(ascending[i]), bytes_text(ascending[k]));
			ck_assert_int_eq((order > 0) - (order < 0), (i > k) - (i < k));
		}
}
END_TEST

UNIT_MAIN("bytes", texts_are_cut_at_marks, what_begins_another_stands_before_it, what_is_written_is_read,
	first_error_sticks, utf8_is_judged_exactly, utf8_is_judged_the_same_everywhere)
