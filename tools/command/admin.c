/* There is one writer. If a daemon is it, it is asked; if none is, this process is, for as long as the command takes.
 *
 *   control.sock ─┬─ answers ─────────────► that is the outcome, good or bad
 *                 └─ no daemon runs ──────► the store itself, under its lock
 *
 * Only "no daemon" (E_NOT_FOUND) leads to the store: after any other error the daemon may have done it, and it would be
 * done twice. On the store, what is received and not filed is filed first where time has stood still for long, and an
 * entry that is refused for what is not filed (E_UNFILED) is tried once more after filing. */
#include "tools/command/admin.h"

#include "ingest/net/asking.h"
#include "ingest/wire/control_client.h"
#include "ledger/json/json_base64.h"
#include "ledger/read/archive.h"
#include "tools/command/owners.h"

#include <inttypes.h>

#define STANDSTILL_S 60 /* as ingestd does it */

OWN(ledger, ledger_close);

/* ---- on the store itself ---- */

/* The asker is told that there may be nothing to sign: who only wants to know whether something is to be filed is not
 * held up by witnesses that are away. Whatever does sign asks them then. */
static enum error open_ledger(const struct admin *admin, struct ledger **out, struct fault *fault)
{
	struct door_asker asker = asking_means(admin->without_witnesses);
	asker.opens_unwitnessed = true; /* there may be nothing to file, so nothing to sign */
	return ledger_open(admin->dir, &asker, out, fault);
}

/* One epoch has a limit, so that filing after a long standstill does not hold more in memory than any other; so there
 * may have to be several. */
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

/* What the ledger has mended or lost is told also where the epoch failed after that: the damage is there in any case,
 * and its operator has to look after the disk. */
static enum error run_epoch_and_say(struct ledger *ledger, struct fault *fault)
{
	struct ledger_damage damage;
	enum error error = run_epoch(ledger, fault);
	if (!ledger_take_damage(ledger, &damage))
		return error;
	if (damage.filing)
		fputs("indsigt: what is filed was missing or damaged, and all of it was made again\n", stderr);
	if (damage.packs > 0)
		fprintf(stderr,
			"indsigt: the store was damaged: what %" PRIu64
			" batches are about could not be read, and was made again from their events\n",
			damage.packs);
	if (damage.lost > 0)
		fprintf(stderr,
			"indsigt: the store is damaged: the records of %" PRIu64 " events do not open; the log says that %" PRIu64
			" events are lost, and all others are filed\n",
			damage.unreadable, damage.lost);
	return error;
}

/* A tick that is not committed leaves nothing, so whoever meets an error here may try again. */
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

/* What is not filed comes first when the log's time is about to go on by much: an entry that comes too late for it
 * would break the log's promise (EPO-9). What cannot be filed is no reason to register nobody. */
static enum error file_first(struct ledger *ledger, struct fault *fault)
{
	uint64_t now_s;
	TRY(ledger_now(ledger, &now_s, fault));
	if (ledger_unfiled(ledger) == 0 || now_s <= ledger_time_s(ledger) + STANDSTILL_S)
		return E_OK;
	enum error error = run_epoch_and_say(ledger, fault);
	if (error == E_OK || error == E_FULL || error == E_IO || error == E_STOPPED || error == E_CLOCK)
		return error;
	fprintf(stderr, "indsigt: %s\n", fault->text);
	return E_OK;
}

static enum error append_directly(const struct admin *admin, struct entry_sender *entry, struct fault *fault)
{
	OWNED(ledger_release) struct ledger *ledger = NULL;
	TRY(open_ledger(admin, &ledger, fault));
	enum error error = file_first(ledger, fault) ?: append_in_tick(ledger, entry, fault);
	if (error != E_UNFILED)
		return error;
	TRY(run_epoch_and_say(ledger, fault));
	return append_in_tick(ledger, entry, fault);
}

static enum error epoch_directly(const struct admin *admin, bool declare_lost, struct fault *fault)
{
	OWNED(ledger_release) struct ledger *ledger = NULL;
	TRY(open_ledger(admin, &ledger, fault));
	ledger_declare_lost(ledger, declare_lost);
	return run_epoch_and_say(ledger, fault);
}

static enum error rebuild(const struct admin *admin, bool declare_lost, struct fault *fault)
{
	OWNED(ledger_release) struct ledger *ledger = NULL;
	TRY(open_ledger(admin, &ledger, fault));
	if (!declare_lost)
		TRY(ledger_may_refile(ledger, fault));
	ledger_declare_lost(ledger, declare_lost);
	TRY(ledger_forget_filing(ledger, fault));
	return run_epoch_and_say(ledger, fault);
}

enum error admin_rebuild(const struct admin *admin, bool declare_lost, struct fault *fault)
{
	enum error error = rebuild(admin, declare_lost, fault);
	owners_keep(admin->dir);
	return error;
}

/* ---- through the daemon ---- */

/* The daemon answers when the entry is on the disk. Where there is no room on it that takes as long as it takes, and a
 * person should not have to guess whether this command hangs. */
static void say_waiting(void)
{
	fputs("indsigt: the ledger has not answered for 10 seconds; it may be waiting for room on its disk (/healthz and "
		  "its log "
		  "say so).\nindsigt: still waiting; the ledger will do what it was asked, also if this command is ended\n",
		stderr);
}

/* Takes the request over. E_NOT_FOUND when no daemon runs. The reply holds nothing that is wanted here but whether it
 * is one; what the daemon refuses comes as the error and its fault, in its words. */
static enum error ask(const char *dir, json_t *request, void (*waiting)(void), struct fault *fault)
{
	json_t *reply = NULL;
	TRY(fault_set(fault, allocated(request), ""));
	enum error error = control_call(dir, request, waiting, &reply, fault);
	json_decref(reply);
	json_decref(request);
	return error;
}

/* The entry goes over as bytes, as it will stand in the log, and not as JSON: the signature is over these bytes, and a
 * daemon of another version must not read them otherwise. */
static enum error ask_to_append(const char *dir, const struct entry_sender *sender, struct fault *fault)
{
	uint8_t buffer[SENDER_ENTRY_BYTES_MAX];
	struct entry entry = {.kind = ENTRY_SENDER, .sender = *sender};
	struct bytes encoded;
	struct writer w = writer_of(buffer, sizeof buffer);
	enum error error = entry_encode(&entry, &w) ?: writer_done(&w, &encoded);
	TRY(fault_set(fault, error, "the registration cannot be encoded: %s", error_text(error)));
	return ask(dir, json_pack("{s:s,s:o}", "do", "sender", "entry", json_base64(encoded)), say_waiting, fault);
}

enum error admin_append_sender(const struct admin *admin, struct entry_sender *entry, struct fault *fault)
{
	enum error error = ask_to_append(admin->dir, entry, fault);
	if (error == E_NOT_FOUND)
		error = append_directly(admin, entry, fault);
	owners_keep(admin->dir); /* a sender's key may be among it */
	return error;
}

enum error admin_epoch(const struct admin *admin, bool declare_lost, struct fault *fault)
{
	enum error error =
		ask(admin->dir, json_pack("{s:s,s:b}", "do", "epoch", "declare-lost", declare_lost), NULL, fault);
	if (error != E_NOT_FOUND)
		return error;
	error = epoch_directly(admin, declare_lost, fault);
	owners_keep(admin->dir);
	return error;
}

/* ---- reading ---- */

/* A snapshot, so it may be older than what a daemon appends at this moment; the append itself judges again, and refuses
 * what no longer fits. */
enum error admin_sender(const char *dir, uint32_t id, struct sender *out, struct fault *fault)
{
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	TRY(archive_open(dir, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	enum error error = snapshot_sender(snapshot, id, out);
	if (error == E_NOT_FOUND || error == E_UNKNOWN_SENDER)
		return fault_set(
			fault, E_UNKNOWN_SENDER, "sender %" PRIu32 " is not registered; 'indsigt sender list' shows all", id);
	return fault_set(fault, error, "");
}

/* Senders come ascending. Stops at the first gap: ids are given to people, who write them down, so the smallest is
 * better than the newest plus one. */
static bool pass_taken(void *context, const struct sender *sender)
{
	uint32_t *next = context;
	*next += sender->id == *next;
	return sender->id <= *next;
}

enum error admin_next_sender(const char *dir, uint32_t *out, struct fault *fault)
{
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	uint32_t next = 1;
	TRY(archive_open(dir, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	TRY(fault_set(fault, snapshot_senders(snapshot, pass_taken, &next), ""));
	if (next == 0)
		return fault_set(fault, E_EXISTS, "sender ids up to 4294967295 are all taken");
	*out = next;
	return E_OK;
}
