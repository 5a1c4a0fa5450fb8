/* From a log index to the event: finds the sealed record, opens it and checks it against the log. spec/store.md */
#pragma once

#include "ledger/entry/entry.h"
#include "ledger/keystore/keystore.h"

/* Where the opened part is kept; all zero at the start. Wiped when it is let go. */
struct record_buffer {
	uint8_t *data;
	size_t capacity;
};

void record_buffer_free(struct record_buffer *buffer);

/* A sealed record, opened: parts are borrowed from the store's map and from the buffer. */
struct opened {
	struct entry_event entry;
	struct bytes header; /* encoded */
	struct bytes disclosed;
	struct bytes restricted;
	struct hash c_d;
	struct hash c_r;   /* with it the disclosed part gives c_d: whoever may not see that must not see this */
	struct key secret; /* with it the restricted part gives c_r; likewise */
};

/* Opens and checks the record against the commitment in its entry. E_UNSEALED, E_ERASED, E_NOT_FOUND. For mass events
 * too. With an erased key `out` still holds entry, header and c_d. */
enum error record_find(struct db_txn *txn, struct key_snapshot *keys, const struct seal_keys *seal, uint64_t index,
	struct record_buffer *buffer, struct opened *out) MUST_USE;
/* The same, for the event or mass entry that stands at `index`. */
enum error record_find_of(struct db_txn *txn, struct key_snapshot *keys, const struct seal_keys *seal, uint64_t index,
	const struct entry_event *entry, struct record_buffer *buffer, struct opened *out) MUST_USE;
