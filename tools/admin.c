#include "tools/admin.h"

#include "ledger/archive.h"

#include <inttypes.h>

/* ---- on the store itself ---- */

static enum error append_in_tick(struct ledger *ledger, struct entry_sender *entry, struct fault *fault)
{
	TRY(ledger_begin(ledger, fault));
	enum error error = ledger_append_sender(ledger, entry, fault);
	if (error != E_OK) {
		ledger_abort(ledger);
		return error;
	}
	return ledger_commit(ledger, fault);
}

static enum error append_directly(const char *dir, struct entry_sender *entry, struct fault *fault)
{
	struct ledger *ledger = NULL;
	TRY(ledger_open(dir, &ledger, fault));
	enum error error = append_in_tick(ledger, entry, fault);
	ledger_close(ledger);
	return error;
}

static enum error run_epoch(struct ledger *ledger, struct fault *fault)
{
	bool more = false;
	TRY(ledger_epoch_start(ledger, &more, fault));
	while (more) {
		bool finished = false;
		TRY(ledger_epoch_slice(ledger, &finished, fault));
		if (finished) /* over as much as one epoch takes */
			TRY(ledger_epoch_start(ledger, &more, fault));
	}
	return E_OK;
}

static enum error epoch_directly(const char *dir, struct fault *fault)
{
	struct ledger *ledger = NULL;
	TRY(ledger_open(dir, &ledger, fault));
	enum error error = run_epoch(ledger, fault);
	ledger_close(ledger);
	return error;
}

enum error admin_append_sender(const char *dir, struct entry_sender *entry, struct fault *fault)
{
	return append_directly(dir, entry, fault);
}

enum error admin_epoch(const char *dir, struct fault *fault)
{
	return epoch_directly(dir, fault);
}

/* ---- reading ---- */

static void archive_release(struct archive **archive)
{
	if (*archive)
		archive_close(*archive);
}

static void snapshot_release(struct snapshot **snapshot)
{
	if (*snapshot)
		snapshot_end(*snapshot);
}

enum error admin_sender(const char *dir, uint32_t id, struct sender *out, struct fault *fault)
{
	__attribute__((cleanup(archive_release))) struct archive *archive = NULL;
	__attribute__((cleanup(snapshot_release))) struct snapshot *snapshot = NULL;
	TRY(archive_open(dir, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	enum error error = snapshot_sender(snapshot, id, out);
	if (error == E_NOT_FOUND || error == E_UNKNOWN_SENDER)
		return fault_set(
			fault, E_UNKNOWN_SENDER, "sender %" PRIu32 " is not registered; 'indsigt sender list' shows all", id);
	return error == E_OK ? E_OK : fault_set(fault, error, "");
}

static bool keep_largest(void *context, const struct sender *sender)
{
	uint32_t *largest = context;
	*largest = sender->id > *largest ? sender->id : *largest;
	return true;
}

enum error admin_next_sender(const char *dir, uint32_t *out, struct fault *fault)
{
	__attribute__((cleanup(archive_release))) struct archive *archive = NULL;
	__attribute__((cleanup(snapshot_release))) struct snapshot *snapshot = NULL;
	uint32_t largest = 0;
	TRY(archive_open(dir, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	enum error error = snapshot_senders(snapshot, keep_largest, &largest);
	if (error != E_OK)
		return fault_set(fault, error, "");
	if (largest == UINT32_MAX)
		return fault_set(fault, E_TOO_MANY, "sender ids up to 4294967295 are all taken");
	*out = largest + 1;
	return E_OK;
}
