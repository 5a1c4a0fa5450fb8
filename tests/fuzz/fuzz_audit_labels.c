/* A log and a label stream of anybody's making: what holds adds up, and nothing goes on after a finding. */
#include "ledger/audit/audit_labels.h"

#include <assert.h>
#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fed {
	uint64_t entries, events, epochs, rows;
};

/* 'r' and a row, or 'e' and an entry with its length before it. */
static enum error feed_one(struct audit_labels *audit, struct reader *r, struct fed *fed)
{
	struct entry entry;
	struct hash leaf;
	if (reader_u8(r) == 'r') {
		struct bytes row = reader_bytes(r, LABEL_ROW_BYTES);
		TRY(r->error);
		TRY(audit_labels_rows(audit, row));
		fed->rows++;
		return E_OK;
	}
	struct bytes encoded = reader_range16(r, ENTRY_BYTES_MAX);
	TRY(r->error);
	TRY(entry_decode(encoded, &entry));
	merkle_leaf_hash(encoded, &leaf);
	TRY(audit_labels_entry(audit, &entry, &leaf));
	fed->entries++;
	fed->events += entry.kind == ENTRY_EVENT;
	fed->epochs += entry.kind == ENTRY_EPOCH;
	return E_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct audit_labels *audit;
	struct audit_labels_result result;
	struct fed fed = {0};
	struct reader r = reader_of(bytes_of(data, size));
	if (sodium_init() < 0 || audit_labels_new(&audit) != E_OK)
		return 0;
	enum error error = E_OK;
	while (error == E_OK && reader_left(&r) > 0)
		error = feed_one(audit, &r, &fed);
	if (error == E_OK)
		error = audit_labels_end(audit);
	audit_labels_result(audit, &result);
	assert(result.entries == fed.entries);
	if (audit_labels_finding(audit) != NULL) {
		assert(audit_labels_rows(audit, BYTES_EMPTY) == E_CORRUPT && audit_labels_end(audit) == E_CORRUPT);
	} else {
		assert(result.events + result.uncovered == fed.events && result.epochs == fed.epochs);
		assert(error != E_OK || (result.events <= fed.rows && fed.rows <= fed.events));
		assert(result.subjects <= result.events && (result.epoch_index == NO_INDEX) == (fed.epochs == 0));
	}
	audit_labels_free(audit);
	return 0;
}
