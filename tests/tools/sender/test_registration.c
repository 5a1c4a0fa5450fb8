/* The endorsement file: tests/vectors/endorsement. */
#include "tests/lib/place.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"
#include "tools/sender/registration.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char file[128];

static void put(const char *text)
{
	FILE *out = fopen(file, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
}

static void check_vector(const json_t *vector, const char *path)
{
	struct vkey log;
	struct fault fault;
	struct entry entry = {.kind = ENTRY_SENDER};
	uint8_t wanted[VECTOR_BYTES_MAX], made[2048];
	struct writer w = writer_of(made, sizeof made);
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &log));
	put(vector_text(vector, "endorsement"));
	enum error error = endorsement_read(file, &log, &entry.sender, &fault);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	ck_ok(entry_encode(&entry, &w));
	ck_assert_msg(
		bytes_equal(vector_hex(vector, "entry", wanted), bytes_of(made, writer_len(&w))), "%s: another entry", path);
	/* What is written says the same again. */
	struct entry again = {.kind = ENTRY_SENDER};
	ck_assert_int_eq(unlink(file), 0);
	ck_ok(endorsement_write(file, &log, &entry.sender, &fault));
	ck_ok(endorsement_read(file, &log, &again.sender, &fault));
	w = writer_of(made, sizeof made);
	ck_ok(entry_encode(&again, &w));
	ck_assert(bytes_equal(vector_hex(vector, "entry", wanted), bytes_of(made, writer_len(&w))));
}

/* EVT-12: who registers a sender writes the organisation as its events must. */
START_TEST(organisations_are_written_as_in_events)
{
	static const char *const good[] = {"cvr:1", "x-1.y+z:a:b", "se:16-\xC3\xA5"};
	static const char *const bad[] = {"", "1", ":1", "cvr:", "cvr: 1", " cvr:1", "CVR:1", "1cvr:1", "c r:1", "cvr:1\n",
		"cvr:\xE2\x80\x8Bx", "cvr:\xE6"};
	struct policy policy;
	struct mandate mandate = {.reports_for = "cvr:2"};
	struct entry_sender sender;
	struct fault fault;
	policy_default(&policy);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(registration_start(good[i], "N", &policy, &mandate, &sender, &fault) == E_OK, "%s", good[i]);
	ck_error(registration_start("cvr:1", " ", &policy, &mandate, &sender, &fault), E_BAD_VALUE);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(registration_start(bad[i], "N", &policy, &mandate, &sender, &fault) == E_BAD_VALUE, "%s", bad[i]);
}
END_TEST

/* END-1, END-2, END-3, END-4 */
START_TEST(our_endorsement_vectors_hold)
{
	char dir[4096];
	struct place place;
	place_make(&place);
	snprintf(file, sizeof file, "%s/endorsement.json", place.path);
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/endorsement", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 30);
	place_remove(&place);
}
END_TEST

UNIT_MAIN("registration", our_endorsement_vectors_hold, organisations_are_written_as_in_events)
