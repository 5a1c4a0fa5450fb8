/* Entries: what is accepted has one spelling. */
#include "ledger/entry/entry.h"

#include <assert.h>
#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buffer[ENTRY_BYTES_MAX];
	struct entry entry;
	if (sodium_init() < 0 || entry_decode(bytes_of(data, size), &entry) != E_OK)
		return 0;
	struct writer w = writer_of(buffer, sizeof buffer);
	enum error error = entry_encode(&entry, &w);
	assert(error == E_OK && bytes_equal(bytes_of(buffer, writer_len(&w)), bytes_of(data, size)));
	(void)error;
	if (entry.kind == ENTRY_SENDER)
		(void)sender_endorsed("ledger.example/2026", &entry.sender, entry.sender.public_key);
	return 0;
}
