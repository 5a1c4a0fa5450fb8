#include "tests/lib/place.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

void place_make(struct place *place)
{
	const char *base = getenv("TMPDIR");
	int len = snprintf(place->path, sizeof place->path, "%s/indsigt-unit-XXXXXX", base ? base : "/tmp");
	ck_assert_int_lt(len, (int)sizeof place->path);
	ck_assert_ptr_nonnull(mkdtemp(place->path));
}

void place_remove(const struct place *place)
{
	char command[96];
	snprintf(command, sizeof command, "rm -rf %s", place->path);
	ck_assert_int_eq(system(command), 0);
}
