/* FHIR and DICOM messages, by the first byte: split, mapped, encoded. What is mapped is within the schema or refused
 * with a reason. */
#include "ingest/framing/framing.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode_all(const struct adapter_events *events, const struct policy *policy)
{
	static uint8_t disclosed[EVENT_BYTES_MAX];
	static uint8_t restricted[EVENT_BYTES_MAX];
	struct fault fault;
	for (size_t i = 0; i < events->count; i++) {
		struct writer d = writer_of(disclosed, sizeof disclosed);
		struct writer r = writer_of(restricted, sizeof restricted);
		if (event_encode(&events->events[i], policy, &d, &r, &fault) != E_OK)
			assert(fault.text[0] != '\0');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy policy;
	static const struct source nothing;
	struct adapter_context context = {"cvr:1", "Org", &policy, &nothing, NULL};
	policy_default(&policy);
	if (size == 0)
		return 0;
	enum adapter_format format = data[0] == '<' ? ADAPTER_DICOM : ADAPTER_FHIR;
	struct bytes input = bytes_of(data, size);
	struct framing framing;
	framing_begin(&framing, format);
	while (input.len > 0) {
		struct framing_piece piece;
		struct adapter_events events;
		struct fault fault;
		framing_next(&framing, input, FRAMING_ENDED, &piece);
		assert(piece.kind != FRAMING_NOTHING && piece.text.len <= input.len);
		input = bytes_of(input.data + piece.text.len, input.len - piece.text.len);
		if (piece.kind != FRAMING_MESSAGE)
			continue;
		if (adapter_map(format, piece.text, &context, &events, &fault) == E_OK)
			encode_all(&events, &policy);
		adapter_events_free(&events);
	}
	return 0;
}
