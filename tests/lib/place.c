#include "tests/lib/place.h"

#include <check.h>
#include <stdarg.h>
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
	shell("rm -rf %s", place->path);
}

void shell(const char *format, ...)
{
	char command[600];
	va_list arguments;
	va_start(arguments, format);
	int len = vsnprintf(command, sizeof command, format, arguments);
	va_end(arguments);
	ck_assert(len > 0 && (size_t)len < sizeof command);
	ck_assert_msg(system(command) == 0, "%s", command);
}
