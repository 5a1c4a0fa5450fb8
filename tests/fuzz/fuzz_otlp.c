/* OTLP's protobuf and JSON, of spans or logs, by the first byte: unpacked, cut into records, mapped. What comes of
 * protobuf is JSON that can be read, and what is cut out of a request is one of a single record. */
#include "ingest/message/adapter.h"
#include "ingest/otlp/otlp_parts.h"
#include "tools/otlpbody/otlp_protobuf.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void map(struct bytes text)
{
	static const struct source nothing;
	struct policy policy;
	struct adapter_context context = {"cvr:1", "Org", &policy, &nothing, NULL};
	struct adapter_events events;
	struct fault fault;
	policy_default(&policy);
	if (adapter_map(ADAPTER_OTLP, text, &context, &events, &fault) != E_OK)
		assert(fault.text[0] != '\0');
	adapter_events_free(&events);
}

static void cut(struct bytes text)
{
	struct otlp_parts parts, again;
	struct bytes part;
	struct fault fault;
	if (otlp_parts_begin(text, &parts, &fault) != E_OK) {
		assert(fault.text[0] != '\0');
		return;
	}
	size_t records = 0, bytes = 0, bound = otlp_parts_bytes(&parts);
	for (; otlp_parts_next(&parts, &part, &fault); records++, bytes += part.len) {
		assert(fault.error == E_OK && otlp_parts_begin(part, &again, &fault) == E_OK && again.count == 1);
		otlp_parts_end(&again);
		map(part);
	}
	assert(records == parts.count && bytes <= bound);
	otlp_parts_end(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = NULL;
	struct fault fault;
	if (size == 0)
		return 0;
	struct bytes body = bytes_of(data + 1, size - 1);
	if (data[0] != 'S' && data[0] != 'L') {
		map(bytes_of(data, size));
		cut(bytes_of(data, size));
		return 0;
	}
	if (otlp_protobuf_read(body, data[0] == 'S', &json, &fault) == E_OK) {
		char *text = json_dumps(json, JSON_COMPACT);
		assert(text != NULL);
		cut(bytes_text(text));
		free(text);
	}
	json_decref(json);
	return 0;
}
