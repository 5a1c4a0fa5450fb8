/* The saved state of the rules: what is accepted is written again as it was read, and entries can follow. */
#include "ledger/log/log_rules.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vkey vkey = {.name = "log.example.dk/fuzz"};
	struct log_rules rules;
	struct log_finding finding;
	struct reader r = reader_of(bytes_of(data, size));
	if (sodium_init() < 0)
		return 0;
	log_rules_init(&rules, &vkey);
	log_rules_decode(&rules, &r);
	if (reader_done(&r) == E_OK) {
		size_t capacity = log_rules_encoded_max(&rules);
		uint8_t *again = malloc(capacity);
		struct writer w = writer_of(again, capacity);
		log_rules_encode(&rules, &w);
		assert(w.error == E_OK && writer_len(&w) <= size);
		const struct entry epoch = {.kind = ENTRY_EPOCH, .epoch = {.size = rules.state.size}};
		const struct entry batch = {.kind = ENTRY_BATCH, .batch = {.sender = 1}};
		const struct entry loss = {.kind = ENTRY_LOSS, .loss = {.first = 1, .end = 2}};
		(void)!log_rules_entry(&rules, &batch, &finding);
		(void)!log_rules_entry(&rules, &loss, &finding);
		(void)!log_rules_entry(&rules, &epoch, &finding);
		free(again);
	}
	log_rules_free(&rules);
	return 0;
}
