#include "tests/lib/unit.h"

int unit_run(const char *name, TCase *tcase)
{
	if (sodium_init() < 0)
		return 99;
	Suite *suite = suite_create(name);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
