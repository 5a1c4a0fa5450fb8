#include "tests/lib/forged_example.h"

struct forge *forge;
const struct forge_options anne = {.subject = ANNE, .signatures = true, .audit = true};

void example(void)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = ANNE, .withheld_until_s = FORGE_START_S + 1000},
		{.subject = ANNE, .retention_years = 1}, {.subject = BENT}, {.subject = ANNE}, {.subject = ANNE}};
	forge = forge_new();
	forge->now_s += 10;
	forge_batch(forge, 1, drafts, 6);
	forge->now_s += 10;
	forge_erase_period(forge, forge->now_s, 1);
	forge_epoch(forge);
	forge->now_s += 10;
	forge_one(forge, ANNE);
}

json_t *honest(void)
{
	return forge_statement(forge, &anne);
}

void refuse(json_t *json, enum finding_code wanted)
{
	refuse_json(forge, json, NULL, wanted);
}
