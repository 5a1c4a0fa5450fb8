/* Events in JSON: whatever is read is either refused on encoding, or comes back through CBOR and JSON the same. */
#include "ledger/event/event_json.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct event *event)
{
	static uint8_t first[EVENT_BYTES_MAX];
	static uint8_t second[EVENT_BYTES_MAX];
	static struct event back;
	struct policy policy;
	struct writer d = writer_of(first, sizeof first);
	struct writer r = writer_of(second, sizeof second);
	policy_default(&policy);
	policy.flags = POLICY_WITHHOLD;
	if (event_encode(event, &policy, &d, &r, NULL) != E_OK)
		return;
	enum error error =
		event_decode(bytes_of(first, writer_len(&d)), bytes_of(second, writer_len(&r)), &policy, false, &back, NULL);
	assert(error == E_OK);
	(void)error;
	back.header = event->header;
	json_t *one = event_to_json(event);
	json_t *two = event_to_json(&back);
	assert(one != NULL && json_equal(one, two));
	json_decref(one);
	json_decref(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event event;
	char subject[SUBJECT_BYTES_MAX + 1];
	json_t *document = NULL;
	struct fault fault;
	if (event_parse_json(bytes_of(data, size), "standard", subject, &document, &event, &fault) != E_OK)
		return 0;
	round_trip(&event);
	json_decref(document);
	return 0;
}
