/* What the ledger keeps about a sender, as it stands in the store: damage is refused, and a policy that is read says
 * the same when it is written again. */
#include "ledger/entry/sender.h"
#include "ledger/store/registry.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buffer[2 * PURPOSE_BYTES_MAX];
	struct sender sender;
	struct policy back;
	struct bytes encoded;
	if (sender_decode(bytes_of(data, size), &sender) != E_OK)
		return 0;
	struct writer w = writer_of(buffer, sizeof buffer);
	policy_encode(&sender.policy, &w);
	enum error error = writer_done(&w, &encoded);
	assert(error == E_OK);
	struct reader r = reader_of(encoded);
	policy_decode(&r, &back);
	error = reader_done(&r);
	assert(error == E_OK && back.restricted == sender.policy.restricted && back.flags == sender.policy.flags);
	(void)error;
	return 0;
}
