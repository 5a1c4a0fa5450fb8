/* CADF events in whatever stands around them: mapped within the schema, or refused with a reason. */
#include "ingest/message/adapter.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t disclosed[EVENT_BYTES_MAX], restricted[EVENT_BYTES_MAX];
	struct source source = {.words = "namespace=account/user=1.2.3"};
	struct policy policy;
	struct adapter_context context = {"cvr:1", "Org", &policy, &source, NULL};
	struct adapter_events events;
	struct fault fault;
	policy_default(&policy);
	if (adapter_map(ADAPTER_CADF, bytes_of(data, size), &context, &events, &fault) != E_OK)
		assert(fault.text[0] != '\0');
	else
		for (size_t i = 0; i < events.count; i++) {
			struct writer d = writer_of(disclosed, sizeof disclosed), r = writer_of(restricted, sizeof restricted);
			if (event_encode(&events.events[i], &policy, &d, &r, &fault) != E_OK)
				assert(fault.text[0] != '\0');
		}
	adapter_events_free(&events);
	return 0;
}
