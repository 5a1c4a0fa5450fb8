/* The endorsement file: tests/vectors/endorsement. */
#include "tools/registration.h"

#include "tests/unit/place.h"
#include "tests/unit/unit.h"
#include "tests/unit/vector.h"

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

/* END-1, END-2, END-3, END-4 */
START_TEST(own_vectors)
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

UNIT_MAIN("registration", own_vectors)
