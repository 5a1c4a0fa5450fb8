/* The body of a batch frame: head, secret, events. */
#include "ledger/event/batch.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buffer[BATCH_BYTES_MAX];
	struct reader in = reader_of(bytes_of(data, size));
	struct writer out = writer_of(buffer, sizeof buffer);
	struct batch_head head;
	struct batch_event event;
	batch_head_decode(&in, &head);
	batch_head_encode(&head, &out);
	writer_bytes(&out, reader_bytes(&in, 32));
	for (uint32_t i = 0; i < head.count && in.error == E_OK; i++) {
		batch_event_decode(&in, &event);
		batch_event_encode(&event, &out);
	}
	if (reader_done(&in) == E_OK && out.error == E_OK)
		assert(bytes_equal(bytes_of(buffer, writer_len(&out)), bytes_of(data, size)));
	return 0;
}
