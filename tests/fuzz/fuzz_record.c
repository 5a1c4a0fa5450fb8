/* Sealed records as they stand in the store: damaged ones are refused, never read past their end. */
#include "ledger/keys/seal.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buffer[RECORD_BYTES_MAX];
	struct seal_keys keys = {{{1}}, {{2}}};
	struct key record_key = {{3}};
	struct record_place place = {.sender = 1};
	struct record_outside outside;
	struct record record;
	if (sodium_init() < 0 || record_look(bytes_of(data, size), &place.commitment, &keys, &outside) != E_OK ||
		outside.sealed.len > sizeof buffer)
		return 0;
	place.period = outside.period;
	place.key_id = outside.key_id;
	(void)!record_open(&outside, &place, &record_key, buffer, &record);
	return 0;
}
