#include "tests/lib/unit.h"
#include "tools/show/table.h"

#include <string.h>

static const char *const headings[] = {"Time", "Nothing", "What"};

/* What a table prints; to be freed. */
static char *printed(const char *const rows[][3], size_t count, size_t width)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct table *table = table_new(headings, 3);
	for (size_t i = 0; i < count; i++)
		ck_assert(table_add(table, rows[i]));
	table_print(table, width, out);
	table_free(table);
	fclose(out);
	return text;
}

START_TEST(columns_line_up)
{
	static const char *const rows[][3] = {{"08:15", "", "Opslag på sag"}, {"9", NULL, "x"}};
	char *text = printed(rows, 2, 0);
	ck_assert_str_eq(text, "Time   What\n08:15  Opslag på sag\n9      x\n");
	free(text);
}
END_TEST

START_TEST(long_cells_are_wrapped)
{
	static const char *const rows[][3] = {{"08:15", "", "Opslag på sygedagpengesag ærøæøåæøåæøåæøå og mere"}};
	char *text = printed(rows, 1, 22);
	ck_assert_str_eq(text, "Time   What\n08:15  Opslag på\n       sygedagpengesag\n       ærøæøåæøåæøåæøå\n"
						   "       og mere\n");
	free(text);
}
END_TEST

/* Too narrow for the longest words: blocks. */
START_TEST(too_narrow_lines_become_blocks)
{
	static const char *const rows[][3] = {{"08:15", "", "Opslag på sygedagpengesag"}, {"9", "a", "x"}};
	char *text = printed(rows, 1, 21);
	ck_assert_str_eq(text, "08:15\n  What     Opslag på sygedagpengesag\n");
	free(text);
	text = printed(rows, 2, 21);
	ck_assert_str_eq(text, "08:15\n  What     Opslag på sygedagpengesag\n9\n  Nothing  a\n  What     x\n");
	free(text);
	text = printed(rows, 1, 22);
	ck_assert_str_eq(text, "Time   What\n08:15  Opslag på\n       sygedagpengesag\n");
	free(text);
}
END_TEST

/* What turns a line around, or is not seen, never reaches a terminal; letters with accents of their own do. */
START_TEST(steering_characters_never_reach_a_terminal)
{
	static const char *const steering[] = {"\u202e", "\u2066", "\u200b", "\u200f", "\ufeff", "\u2028", "\u2029",
		"\u2060", "\u061c", "\xc2\x85", "\x1b", "\n"};
	for (size_t i = 0; i < sizeof steering / sizeof steering[0]; i++) {
		char cell[16];
		snprintf(cell, sizeof cell, "a%sb", steering[i]);
		const char *const rows[][3] = {{"08:15", "", cell}};
		char *text = printed(rows, 1, 0);
		ck_assert_str_eq(text, "Time   What\n08:15  a?b\n");
		free(text);
	}
	static const char *const rows[][3] = {{"08:15", "", "a\u030a \u00e6 \xff"}};
	char *text = printed(rows, 1, 0);
	ck_assert_str_eq(text, "Time   What\n08:15  a\u030a \u00e6 \xff\n");
	free(text);
}
END_TEST

START_TEST(control_characters_never_reach_a_terminal)
{
	static const char *const rows[][3] = {{"\x1b[31mred", "", "a\nb\x7f\xc2\x9b\xc3\xa6"}};
	char *text = printed(rows, 1, 0);
	ck_assert_str_eq(text, "Time      What\n?[31mred  a?b??æ\n");
	free(text);
}
END_TEST

UNIT_MAIN("table", columns_line_up, long_cells_are_wrapped, too_narrow_lines_become_blocks,
	control_characters_never_reach_a_terminal, steering_characters_never_reach_a_terminal)
