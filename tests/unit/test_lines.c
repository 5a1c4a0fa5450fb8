#include "tests/unit/unit.h"
#include "tools/lines.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static FILE *file;
static struct lines lines;

static void begin(const char *text, size_t max)
{
	file = tmpfile();
	fputs(text, file);
	fflush(file);
	rewind(file);
	ck_ok(lines_open(fileno(file), max, &lines));
}

static void end(void)
{
	lines_close(&lines);
	fclose(file);
}

static enum error next(struct bytes *out)
{
	enum error error = lines_next(&lines, out);
	while (error == E_NOT_FOUND) {
		ck_ok(lines_fill(&lines));
		error = lines_next(&lines, out);
	}
	return error;
}

static void expect(const char *text)
{
	struct bytes line;
	ck_ok(next(&line));
	ck_assert(bytes_equal(line, bytes_text(text)));
}

START_TEST(plain)
{
	struct bytes line;
	begin("\xef\xbb\xbf"
		  "one\n\n  \t\r\ntwo \r\nlast",
		100);
	expect("one");
	expect("two \r");
	expect("last");
	ck_error(next(&line), E_CLOSED);
	end();
	begin("", 100);
	ck_error(next(&line), E_CLOSED);
	end();
}
END_TEST

START_TEST(too_long)
{
	struct bytes line;
	static char text[300000];
	memset(text, 'x', sizeof text - 1);
	memcpy(text, "12345\n123456\n", 13);
	text[290000] = '\n';
	strcpy(text + 299990, "\n1234");
	begin(text, 5);
	expect("12345");
	ck_error(next(&line), E_TOO_LONG);
	ck_assert_uint_eq(line.len, 6);
	ck_error(next(&line), E_TOO_LONG);
	ck_error(next(&line), E_TOO_LONG);
	expect("1234");
	ck_error(next(&line), E_CLOSED);
	end();
	begin("123456", 5);
	ck_error(next(&line), E_TOO_LONG);
	ck_error(next(&line), E_CLOSED);
	end();
}
END_TEST

UNIT_MAIN("lines", plain, too_long)
