/* Rows of refused messages. */
#include "tests/lib/fixture.h"
#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"
#include "tools/send/rejected.h"
#include "tools/send/rejected_row.h"

#include <signal.h>
#include <sys/resource.h>

/* A part of a row is left over from a kill, and there is no room for the next one at first: that one is whole all the
 * same, on a line of its own. */
START_TEST(a_row_that_had_no_room_begins_a_line)
{
	struct fixture fixture;
	struct rejected rejected = {.is_open = false};
	struct fault fault;
	char text[512] = "";
	const char torn[] = "{\"input\":\"-\",\"torn\":\"";
	const struct refused refused = {
		.input = BYTES_LITERAL("-"), .error = E_BAD_JSON, .reason = "because", .text = BYTES_LITERAL("message")};
	struct rlimit before;
	struct rlimit little;
	fixture_make(&fixture);
	ck_ok(rejected_open(&rejected, NULL, fixture.place.path, &fault));
	FILE *file = fopen(rejected.path, "w");
	ck_assert(file != NULL && fputs(torn, file) >= 0 && fclose(file) == 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = before;
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	for (rlim_t room = 0; room < 8; room++) {
		little.rlim_cur = strlen(torn) + room;
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
		ck_assert_int_ne(rejected_write(&rejected, &refused), E_OK);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_ok(rejected_write(&rejected, &refused));
	rejected_close(&rejected);
	file = fopen(rejected.path, "r");
	ck_assert(file != NULL && fread(text, 1, sizeof text - 1, file) > 0 && fclose(file) == 0);
	const char *line = strchr(text, '\n');
	ck_assert(line != NULL && (size_t)(line - text) == strlen(torn));
	struct rejected_row row;
	ck_ok(rejected_row_read(bytes_of(line + 1, strlen(line + 1) - 1), &row));
	ck_assert_mem_eq(row.text.data, "message", 7);
	rejected_row_free(&row);
	fixture_remove(&fixture);
}
END_TEST

static void expect_event(const char *text)
{
	bool all = false;
	for (unsigned number = 1; !all; number++) {
		struct rejected_row row;
		scarce_at(number);
		enum error error = rejected_row_read(bytes_text(text), &row);
		all = !scarce_end();
		ck_assert_msg(error == (all ? E_OK : E_NO_MEMORY), "%s: allocation %u: %s", text, number, error_name(error));
		ck_assert(!all || bytes_equal(row.text, BYTES_LITERAL("{\"a\":1}")));
		if (error == E_OK)
			rejected_row_free(&row);
	}
}

/* Else it would go on as an event. A row in a row is a stranger's, and stays text. */
START_TEST(without_memory_a_row_is_not_said_to_be_none)
{
#define HEAD "{\"input\":\"-\",\"number\":1,\"error\":\"stopped\",\"reason\":\"because\",\"message"
#define INNER \
	"{\\\"input\\\":\\\"-\\\",\\\"number\\\":1,\\\"error\\\":\\\"x\\\",\\\"reason\\\":\\\"y\\\",\\\"events\\\":[]}"
	expect_event(HEAD "\":\"{\\\"a\\\":1}\"}");
	expect_event(HEAD "\":{\"a\":1}}");
	expect_event(HEAD "_base64\":\"eyJhIjoxfQ==\"}");
	struct rejected_row row;
	ck_ok(rejected_row_read(BYTES_LITERAL(HEAD "\":\"" INNER "\"}"), &row));
	ck_assert(!row.is_events && rejected_row_begins(row.text));
	rejected_row_free(&row);
	ck_error(rejected_row_read(BYTES_LITERAL(HEAD "\":7}"), &row), E_NOT_FOUND);
	ck_error(rejected_row_read(BYTES_LITERAL(HEAD "_base64\":\"?\"}"), &row), E_NOT_FOUND);
	ck_error(rejected_row_read(BYTES_LITERAL("{\"a\":1}"), &row), E_NOT_FOUND);
}
END_TEST

UNIT_MAIN("rejected", a_row_that_had_no_room_begins_a_line, without_memory_a_row_is_not_said_to_be_none)
