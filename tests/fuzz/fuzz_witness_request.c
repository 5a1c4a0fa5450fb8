/* Requests to a witness: what is accepted is written back the same. */
#include "ledger/witness/witness_request.h"

#include <assert.h>
#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buffer[WITNESS_BODY_BYTES_MAX];
	struct witness_request request;
	struct bytes input = bytes_of(data, size);
	if (sodium_init() < 0 || witness_request_parse(input, &request) != E_OK)
		return 0;
	struct writer w = writer_of(buffer, sizeof buffer);
	enum error error = witness_request_write(&request, &w);
	assert(error == E_OK && bytes_equal(input, bytes_of(buffer, writer_len(&w))));
	(void)error;
	return 0;
}
