/* The disclosed part of an event, alone and with a restricted part behind it: what is accepted has one encoding. The
 * first byte says how the rest is divided. */
#include "ledger/event/event.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(
	const struct event *event, const struct policy *policy, struct bytes disclosed, struct bytes restricted)
{
	static uint8_t first[EVENT_BYTES_MAX];
	static uint8_t second[EVENT_BYTES_MAX];
	struct writer d = writer_of(first, sizeof first);
	struct writer r = writer_of(second, sizeof second);
	enum error error = event_encode(event, policy, &d, &r, NULL);
	assert(error == E_OK);
	(void)error;
	assert(bytes_equal(bytes_of(first, writer_len(&d)), disclosed));
	assert(bytes_equal(bytes_of(second, writer_len(&r)), restricted));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event event;
	struct policy policy;
	struct fault fault;
	policy_default(&policy);
	if (size == 0)
		return 0;
	size_t behind = data[0] < size - 1 ? data[0] : 0;
	struct bytes disclosed = bytes_of(data + 1, size - 1 - behind);
	struct bytes restricted = bytes_of(data + size - behind, behind);
	if (event_decode(disclosed, restricted, &policy, false, &event, &fault) == E_OK)
		again(&event, &policy, disclosed, restricted);
	else
		assert(memchr(fault.text, '\0', sizeof fault.text) != NULL && fault.text[0] != '\0');
	(void)!event_decode(disclosed, BYTES_EMPTY, NULL, true, &event, NULL);
	return 0;
}
