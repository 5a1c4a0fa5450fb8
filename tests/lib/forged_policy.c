#include "tests/lib/forged_policy.h"

#include "ledger/witness/witness_policy.h"
#include "tests/lib/forge.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

void two_of_three_text(char text[FORGED_POLICY_MAX])
{
	char key[VKEY_TEXT_MAX + 1];
	text[0] = '\0';
	for (unsigned i = 1; i <= 3; i++) {
		struct vkey vkey;
		uint8_t secret_key[64];
		forge_witness(i, &vkey, secret_key);
		vkey_format(&vkey, key);
		sprintf(text + strlen(text), "witness w%u %s\n", i, key);
	}
	strcat(text, "group two 2 w1 w2 w3\nquorum two\n");
}

struct witness_policy *two_of_three(void)
{
	char text[FORGED_POLICY_MAX];
	struct witness_policy *policy;
	struct fault fault = {.text = ""};
	two_of_three_text(text);
	enum error error = witness_policy_parse(bytes_text(text), &policy, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	return policy;
}
