/* Compared as bytes, the way the log has it, but for the time, which the ledger gives. */
#include "tools/sender/in_log.h"

#include "ledger/base/own.h"
#include "ledger/read/archive.h"
#include "tools/show/table.h"

#include <inttypes.h>

static enum error encode(const struct entry_sender *entry, uint8_t buffer[SENDER_ENTRY_BYTES_MAX], struct bytes *out)
{
	struct entry whole = {.kind = ENTRY_SENDER, .sender = *entry};
	struct writer w = writer_of(buffer, SENDER_ENTRY_BYTES_MAX);
	whole.sender.time_s = 0;
	TRY(entry_encode(&whole, &w));
	return writer_done(&w, out);
}

static enum error is_entry(struct snapshot *snapshot, uint64_t index, struct bytes wanted, bool *out)
{
	uint8_t buffer[SENDER_ENTRY_BYTES_MAX];
	struct bytes encoded;
	struct entry entry;
	TRY(snapshot_entry(snapshot, index, &encoded));
	if (entry_decode(encoded, &entry) != E_OK || entry.kind != ENTRY_SENDER)
		return E_CORRUPT;
	TRY(encode(&entry.sender, buffer, &encoded));
	*out = bytes_equal(encoded, wanted);
	return E_OK;
}

/* The newest of its entries first. E_NOT_FOUND: it is none of them. */
static enum error find(struct snapshot *snapshot, const struct sender *sender, struct bytes wanted, uint64_t *out)
{
	size_t max = (size_t)sender->changes + 1, count = 0;
	OWNED_MEMORY uint64_t *indexes = calloc(max, sizeof *indexes);
	TRY(allocated(indexes));
	TRY(snapshot_sender_entries(snapshot, sender->id, indexes, max, &count));
	while (count-- > 0) {
		bool same;
		TRY(is_entry(snapshot, indexes[count], wanted, &same));
		if (!same)
			continue;
		*out = indexes[count];
		return E_OK;
	}
	return E_NOT_FOUND;
}

enum error in_log_look(const char *dir, const struct entry_sender *entry, bool *there, struct fault *fault)
{
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	uint8_t buffer[SENDER_ENTRY_BYTES_MAX];
	struct bytes wanted;
	struct sender sender;
	uint64_t index = 0;
	*there = false;
	TRY(fault_set(fault, encode(entry, buffer, &wanted), ""));
	TRY(archive_open(dir, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	enum error error = snapshot_sender(snapshot, entry->sender, &sender);
	if (error == E_OK)
		error = find(snapshot, &sender, wanted, &index);
	if (error == E_NOT_FOUND)
		return E_OK;
	TRY(fault_set(fault, error, ""));
	if (sender.version != index)
		return fault_set(fault, E_EXISTS,
			"the endorsement is in the log already, entry %" PRIu64 ", and sender %" PRIu32
			" was changed since, by entry %" PRIu64 "; 'indsigt sender show' shows how it stands",
			index, sender.id, sender.version);
	table_line(stderr, "indsigt: the endorsement is in the log already, entry %" PRIu64 "; nothing was changed", index);
	*there = true;
	return E_OK;
}
