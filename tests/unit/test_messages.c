#include "tests/unit/unit.h"
#include "tools/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *file;
static struct messages messages;

static void begin(enum adapter_format format, const char *text)
{
	file = tmpfile();
	fputs(text, file);
	fflush(file);
	rewind(file);
	ck_ok(messages_open(fileno(file), format, &messages));
}

static void end(void)
{
	messages_close(&messages);
	fclose(file);
}

static enum error next(struct bytes *out)
{
	enum error error = messages_next(&messages, out);
	while (error == E_NOT_FOUND) {
		ck_ok(messages_fill(&messages));
		error = messages_next(&messages, out);
	}
	return error;
}

static void expect(const char *text)
{
	struct bytes message;
	ck_ok(next(&message));
	ck_assert_msg(bytes_equal(message, bytes_text(text)), "%.*s", (int)message.len, (const char *)message.data);
}

static void expect_end(void)
{
	struct bytes message;
	ck_error(next(&message), E_CLOSED);
	end();
}

START_TEST(lines)
{
	begin(ADAPTER_JSON, "\xef\xbb\xbf"
						"one\n\n  \t\r\ntwo \r\nlast");
	expect("one");
	expect("two");
	expect("last");
	expect_end();
	begin(ADAPTER_JSON, "");
	expect_end();
}
END_TEST

/* A document that is cut by every buffer's end comes whole. */
START_TEST(documents)
{
	static char text[400000];
	size_t len = 0;
	for (int i = 0; i < 300; i++)
		len += (size_t)sprintf(text + len, "{\"n\":%d,\n\"x\":\"%.*s\"}%s", i, 1000, "}{}{}{}{", i % 2 ? "\n" : "");
	begin(ADAPTER_FHIR, text);
	for (int i = 0; i < 300; i++) {
		char wanted[64];
		sprintf(wanted, "{\"n\":%d,\n\"x\":\"}{}{}{}{\"}", i);
		expect(wanted);
	}
	expect_end();
}
END_TEST

START_TEST(too_long)
{
	struct bytes message;
	static char text[300000];
	memset(text, 'x', sizeof text - 1);
	memcpy(text, "short\n", 6);
	text[6 + 65536] = '\n';             /* the longest line */
	text[6 + 65536 + 1 + 65537] = '\n'; /* one more */
	strcpy(text + 299990, "\n1234");
	begin(ADAPTER_JSON, text);
	expect("short");
	ck_ok(next(&message));
	ck_assert_uint_eq(message.len, 65536);
	ck_error(next(&message), E_TOO_LONG);
	ck_error(next(&message), E_TOO_LONG);
	ck_assert_uint_eq(message.len, 65536);
	expect("1234");
	expect_end();
}
END_TEST

/* Where the next document begins cannot be told: said once, and nothing more is read. */
START_TEST(endless_document)
{
	struct bytes message;
	size_t len = 3 << 20;
	char *text = malloc(len + 1);
	memset(text, '[', len);
	text[0] = '{';
	text[len] = '\0';
	begin(ADAPTER_FHIR, text);
	ck_error(next(&message), E_TOO_LONG);
	expect_end();
	free(text);
}
END_TEST

UNIT_MAIN("messages", lines, documents, too_long, endless_document)
