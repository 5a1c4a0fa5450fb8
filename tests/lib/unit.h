/* The frame of every unit test: one suite, one runner, TAP on standard output (see tests/meson.build). */
#pragma once

#include "ledger/base/error.h"

#include <check.h>
#include <sodium.h>
#include <stdlib.h>

#define ck_ok(expression) ck_assert_str_eq(error_name(expression), "ok")
#define ck_error(expression, wanted) ck_assert_int_eq((int)(expression), (int)(wanted))

/* What main() gives back: runs the case, alone in its suite. */
int unit_run(const char *name, TCase *tcase);

/* UNIT_MAIN("name", test_a, test_b, ...): runs the START_TEST functions, each in a process of its own. */
#define UNIT_MAIN(name, ...)                                        \
	int main(void)                                                  \
	{                                                               \
		const TTest *const tests[] = {__VA_ARGS__};                 \
		TCase *tcase = tcase_create(name);                          \
		for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) \
			tcase_add_test(tcase, tests[i]);                        \
		return unit_run(name, tcase);                               \
	}
