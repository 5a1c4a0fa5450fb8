#include "tests/lib/withholding.h"

void fixture_withholding_sender(struct fixture *fixture)
{
	struct fault fault = {0};
	ck_ok(policy_apply(&fixture->policy, "withhold", &fault));
	fixture_register(fixture, 2, "cvr:17143611", "Rigspolitiet");
}
