/* Policy files: what is accepted refers to nothing that is not there, and can be judged. */
#include "ledger/witness/witness_policy.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct witness_policy *policy;
	struct fault fault;
	struct quorum quorum;
	uint64_t times[POLICY_WITNESSES_MAX] = {0};
	if (sodium_init() < 0 || witness_policy_parse(bytes_of(data, size), &policy, &fault) != E_OK)
		return 0;
	witness_policy_judge(policy, times, &quorum);
	assert(quorum.reached == policy->none);
	for (uint32_t i = 0; i < policy->witness_count; i++)
		times[i] = i + 1;
	/* With all of them every quorum is reached. */
	witness_policy_judge(policy, times, &quorum);
	assert(quorum.reached && quorum.count == policy->witness_count);
	free(policy);
	return 0;
}
