/* What a reader says of pages of accesses: tests/vectors/answer. */
#include "query/answer/verify.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

static void check_vector(const json_t *vector, const char *path)
{
	struct vkey vkey;
	struct verified verified = {.open = 99};
	struct fault fault = {.text = ""};
	const char *key = json_string_value(json_object_get(vector, "vkey"));
	uint64_t before = json_object_get(vector, "before") != NULL ? vector_number(vector, "before") : UINT64_MAX;
	if (key != NULL)
		ck_ok(vkey_parse(bytes_text(key), &vkey));
	enum error error = verify_page(json_object_get(vector, "page"), bytes_text(vector_text(vector, "subject")), before,
		vector_number(vector, "now"), key != NULL ? &vkey : NULL, &verified, &fault);
	ck_assert_msg(strcmp(vector_text(vector, "expect"), error_name(error)) == 0, "%s: %s: %s", path, error_name(error),
		fault.text);
	if (error != E_OK)
		return;
	ck_assert(verified.signature == (key != NULL));
	ck_assert_uint_eq(verified.open, vector_number(vector, "open"));
	ck_assert_uint_eq(verified.withheld, vector_number(vector, "withheld"));
	ck_assert_uint_eq(verified.erased, vector_number(vector, "erased"));
}

/* HTTP-20, HTTP-21, HTTP-22, HTTP-23, HTTP-24, HTTP-25 */
START_TEST(our_answer_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/answer", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 40);
}
END_TEST

UNIT_MAIN("answer_vectors", our_answer_vectors_hold)
