/* tests/vectors/consent: how accesses stand to the consents that they name. */
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"
#include "tools/show/consents.h"

static const json_t *access_of(const json_t *vector)
{
	size_t i;
	json_t *event;
	json_array_foreach(json_object_get(vector, "list"), i, event)
	{
		if (json_equal(json_object_get(event, "index"), json_object_get(vector, "index")))
			return event;
	}
	return NULL;
}

static void check_consent(const json_t *vector, const char *path)
{
	const char *wanted = json_string_value(json_object_get(vector, "state"));
	const char *got = consents_judge(json_object_get(vector, "list"), access_of(vector));
	ck_assert_msg((wanted == NULL) == (got == NULL) && (wanted == NULL || strcmp(wanted, got) == 0), "%s: %s", path,
		got ? got : "none");
}

/* EVT-22 */
START_TEST(accesses_are_judged_by_their_consents)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/consent", dir));
	ck_assert_uint_gt(vector_walk(dir, check_consent), 20);
}
END_TEST

UNIT_MAIN("consents", accesses_are_judged_by_their_consents)
