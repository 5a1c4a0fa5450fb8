/* Rows of refused messages. */
#include "tests/lib/fixture.h"
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
	ck_assert(rejected_row_read(bytes_of(line + 1, strlen(line + 1) - 1), &row));
	ck_assert_mem_eq(row.text.data, "message", 7);
	rejected_row_free(&row);
	fixture_remove(&fixture);
}
END_TEST

UNIT_MAIN("rejected", a_row_that_had_no_room_begins_a_line)
