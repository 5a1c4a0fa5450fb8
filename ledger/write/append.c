/* A tick: ledger_begin ─► ledger_append (many) ─► ledger_commit ─► ledger_receipt (many).
 *
 * Within a tick the store's transaction and the copies in memory (state, log, registry) move together; ledger_abort
 * brings the copies back to the last commit. New keys are synced before the commit that needs them; keys of a
 * tick that did not happen stay queued, because a batch that is prepared already may be sealed under them.
 *
 * A batch is refused, in this order: its sender is unknown; a sequence used before (repeat.c decides); revoked; a hole
 * in the sequence; prepared under an older registration or for another month (E_PERIOD_PASSED: the sequencer has it
 * prepared again, three times at most, and then the sender tries again); too late for what is not filed (E_UNFILED). */
#include "ledger/base/clock.h"
#include "ledger/base/grow.h"
#include "ledger/db/db_put.h"
#include "ledger/filed/filed_put.h"
#include "ledger/keystore/keystore_put.h"
#include "ledger/note/note_sign.h"
#include "ledger/store/log_put.h"
#include "ledger/store/store_put.h"
#include "ledger/text/timestamp.h"
#include "ledger/write/ledger_state.h"
#include "ledger/write/limits.h"

#include <inttypes.h>

/* After a store was restored without its sealed part the log says so before it says anything else. */
static enum error append_due_loss(struct ledger *ledger, struct fault *fault)
{
	const struct lost_range *due = losses_newest(&ledger->state.losses);
	if (due == NULL || due->entry != ledger->state.size)
		return E_OK;
	struct entry entry = {.kind = ENTRY_LOSS, .loss = {due->first, due->end, due->events}};
	return ledger_append_entry(ledger, &entry, fault);
}

/* The clock is asked once for the whole tick. Readers of the tick before are let go, or their pages would be kept. */
enum error ledger_begin(struct ledger *ledger, struct fault *fault)
{
	if (ledger->broken)
		return fault_set(fault, E_STOPPED, "an earlier commit failed; restart the ledger");
	db_abort(&ledger->read);
	TRY(ledger_may_sign(ledger, fault));
	TRY(wall_clock_now(&ledger->clock, &ledger->tick_s, fault));
	TRY(fault_because(fault, db_begin(ledger->store, true, &ledger->tick), "a transaction cannot be started"));
	ledger->ticking = true;
	enum error error = append_due_loss(ledger, fault);
	if (error != E_OK)
		ledger_abort(ledger);
	return error;
}

/* What is in memory is read again rather than undone: there is then one way to come to a state and no second one that
 * could differ. If even that fails, nothing can be trusted and nothing more is taken. */
void ledger_abort(struct ledger *ledger)
{
	if (!ledger->ticking)
		return;
	ledger->ticking = false;
	db_abort(&ledger->tick);
	OWNED_TXN txn = {0};
	registry_revert(ledger->registry);
	enum error error = db_begin(ledger->store, false, &txn) ?: ledger_load_state(ledger, &txn);
	if (error != E_OK)
		ledger->broken = true;
}

/* ---- new keys ---- */

/* They stay queued until they are on the disk, whatever becomes of the tick (head of the file). */
static enum error queue_keys(struct ledger *ledger, struct bytes new_keys)
{
	if (new_keys.len == 0)
		return E_OK;
	size_t needed = ledger->new_keys_len + new_keys.len;
	TRY(GROW(ledger->new_keys, ledger->new_keys_capacity, needed));
	memcpy(ledger->new_keys + ledger->new_keys_len, new_keys.data, new_keys.len);
	ledger->new_keys_len = needed;
	return E_OK;
}

static enum error write_new_keys(struct ledger *ledger)
{
	TRY(keystore_write(ledger->keystore, bytes_of(ledger->new_keys, ledger->new_keys_len)));
	ledger->new_keys_len = 0;
	return E_OK;
}

/* ---- appending ---- */

/* The time that an entry bears which was received at `receive_s`. It is the tick's, however long the entry has waited
 * for it (for room on the disk, say): entries of one tick that bore times far apart would have no epoch between them.
 */
static uint64_t entry_time_s(const struct ledger *ledger, uint64_t receive_s)
{
	uint64_t time_s = ledger_next_s(ledger);
	if (ledger->tick_s > time_s)
		time_s = ledger->tick_s;
	return receive_s > time_s ? receive_s : time_s;
}

/* EPO-9 */
static enum error judge_lag(const struct ledger *ledger, uint64_t time_s, struct fault *fault)
{
	return epoch_lag_allows(&ledger->state.lag, time_s) ? E_OK : fault_set(fault, E_UNFILED, "");
}

/* Only what is to be appended must have been prepared under the newest registration, and for the right month. */
static enum error judge_place(
	struct ledger *ledger, const struct prepared *prepared, const struct sender *sender, struct fault *fault)
{
	if (sender->status == SENDER_REVOKED)
		return fault_set(fault, E_REVOKED_SENDER, "");
	if (prepared->head.first_sequence > sender->next_sequence)
		return fault_set(fault, E_SEQUENCE_HOLE, "the batch starts at sequence %" PRIu64 ", expected is %" PRIu64,
			prepared->head.first_sequence, sender->next_sequence);
	if (sender->version != prepared->sender_version ||
		timestamp_month(entry_time_s(ledger, prepared->receive_s)) != prepared->period_month)
		return fault_set(fault, E_PERIOD_PASSED, "");
	return judge_lag(ledger, entry_time_s(ledger, prepared->receive_s), fault);
}

/* Records go to the end of their table: indexes ascend, so a page is never split. */
static enum error append_events(
	struct ledger *ledger, const struct prepared *prepared, uint64_t time_s, struct fault *fault)
{
	const struct batch_head *head = &prepared->head;
	struct reader records = reader_of(prepared->records);
	for (uint32_t i = 0; i < head->count; i++) {
		struct bytes record = reader_range16(&records, RECORD_BYTES_MAX);
		const struct entry_event event = {
			head->kind == BATCH_MASS, head->sender, head->first_sequence + i, time_s, prepared->commitments[i]};
		TRY(records.error);
		db_append(&ledger->tick, STORE_RECORD, DB_KEY(ledger->state.size), record);
		TRY(ledger_append_event(ledger, &event, fault));
	}
	return reader_done(&records);
}

/* The entry ends the run, as the log's rule wants it; the packs and the row for repeats stand in the same commit, so
 * none of them can be there without the others. */
static enum error append_batch(
	struct ledger *ledger, const struct prepared *prepared, struct appended *out, struct fault *fault)
{
	const struct batch_head *head = &prepared->head;
	const struct entry entry = entry_of_batch(head);
	uint64_t first_index = ledger->state.size;
	uint64_t position = ledger_filing_leaves(&ledger->state);
	TRY(append_events(ledger, prepared, entry_time_s(ledger, prepared->receive_s), fault));
	TRY(ledger_append_entry(ledger, &entry, fault));
	if (prepared->aliases.len > 0)
		aliases_put(&ledger->tick, first_index, position, prepared->aliases);
	store_batch_put(&ledger->tick, head->sender, head->first_sequence, first_index, head->count);
	*out = (struct appended){head->sender, head->first_sequence, head->count, first_index, false};
	return ledger->tick.error;
}

enum error ledger_keep_keys(struct ledger *ledger, const struct prepared *prepared)
{
	return queue_keys(ledger, prepared->new_keys);
}

uint64_t ledger_next_index(const struct ledger *ledger)
{
	return ledger->state.size;
}

/* The keys are queued before anything is judged: a batch that is refused may have made keys under which the next is
 * sealed. */
enum error ledger_append(
	struct ledger *ledger, const struct prepared *prepared, struct appended *out, struct fault *fault)
{
	enum error error = queue_keys(ledger, prepared->new_keys);
	TRY(fault_set(fault, error, ""));
	const struct sender *sender = registry_working(ledger->registry, prepared->head.sender, false);
	if (sender == NULL)
		return fault_set(fault, E_UNKNOWN_SENDER, "");
	if (prepared->head.first_sequence < sender->next_sequence)
		return ledger_answer_repeated(ledger, prepared, out, fault);
	TRY(judge_place(ledger, prepared, sender, fault));
	struct fault why = {.text = ""};
	error = append_batch(ledger, prepared, out, &why);
	/* E_CORRUPT is said of what is compared only: here the tick cannot go on. */
	if (error != E_OK)
		return fault_set(fault, error == E_CORRUPT ? E_IO : error, "the batch cannot be stored: %s",
			why.text[0] != '\0' ? why.text : error_reason(error));
	return E_OK;
}

/* ---- sender entries ---- */

/* Zeros stand for none. No key gives them by chance. */
static bool is_signed(const uint8_t signature[64])
{
	static const uint8_t zeros[64];
	return memcmp(signature, zeros, sizeof zeros) != 0;
}

/* An entry without signatures is valid, and shown as unendorsed. One with a signature that does not hold is a mistake
 * that would stay for ever. `old`: NULL for a registration. */
static enum error judge_signatures(
	const char *origin, const struct entry_sender *entry, const struct sender *old, struct fault *fault)
{
	const uint8_t *key = entry->action == SENDER_REVOKE ? old->public_key : entry->public_key;
	if (is_signed(entry->signature) && !sender_signed(origin, entry, entry->signature, key))
		return fault_set(fault, E_BAD_SIGNATURE, "the signature of the sender's key does not verify");
	if (is_signed(entry->old_signature) &&
		(old == NULL || !sender_signed(origin, entry, entry->old_signature, old->public_key)))
		return fault_set(fault, E_BAD_SIGNATURE, "the signature of the sender's previous key does not verify");
	return E_OK;
}

/* Judged by the sender's own rule first, in words for the operator; the log's rule comes after it and should find
 * nothing more. */
enum error ledger_append_sender(struct ledger *ledger, struct entry_sender *sender_entry, struct fault *fault)
{
	const struct sender *old = registry_working(ledger->registry, sender_entry->sender, false);
	struct sender sender = old != NULL ? *old : (struct sender){.id = 0};
	uint64_t index = ledger->state.size;
	bool endorsed;
	sender_entry->time_s = entry_time_s(ledger, ledger->tick_s);
	TRY(sender_take(&sender, ledger->vkey.name, sender_entry, index, &endorsed, fault));
	TRY(judge_signatures(ledger->vkey.name, sender_entry, old, fault));
	TRY(judge_lag(ledger, sender_entry->time_s, fault));

	const struct entry entry = {.kind = ENTRY_SENDER, .sender = *sender_entry};
	TRY(ledger_append_entry(ledger, &entry, fault));
	store_change_put(&ledger->tick, sender_entry->sender, index);
	return E_OK;
}

/* ---- committing ---- */

/* Keys first and synced, then the rows, the signature last, over what was just written. A crash in between leaves keys
 * that nobody needs and no entry without its key. */
static enum error write_tick(struct ledger *ledger, struct checkpoint *checkpoint, struct writer *note)
{
	struct bytes signed_note;
	TRY(write_new_keys(ledger));
	TRY(log_flush(ledger->log, &ledger->tick));
	TRY(registry_write(ledger->registry, &ledger->tick));
	const struct merkle_frontier *frontier = log_frontier(ledger->log);
	ledger_judge_put(&ledger->tick, &ledger->state, frontier);
	store_keys_put(&ledger->tick, keystore_position(ledger->keystore));
	key_files_note(&ledger->tick, ledger->secrets);
	strcpy(checkpoint->origin, ledger->vkey.name);
	checkpoint->size = frontier->size;
	merkle_frontier_root(frontier, &checkpoint->root);
	TRY(checkpoint_sign(checkpoint, &ledger->vkey, ledger->secrets->log_secret, note));
	TRY(writer_done(note, &signed_note));
	store_checkpoint_put(&ledger->tick, signed_note);
	return ledger->tick.error;
}

/* Nothing is published before the disk has it. A full disk is borne, for it may have room again; whatever else fails is
 * not, since it is not known what the disk has. */
enum error ledger_commit(struct ledger *ledger, struct fault *fault)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct checkpoint checkpoint = {0};
	struct writer note = writer_of(buffer, sizeof buffer);
	enum error error = write_tick(ledger, &checkpoint, &note);
	if (error == E_OK) {
		ledger->ticking = false;
		error = db_commit(&ledger->tick);
		ledger->ticking = error != E_OK; /* for ledger_abort to bring the memory back */
	}
	if (error != E_OK) {
		ledger_abort(ledger);
		ledger->broken |= error != E_FULL;
		return fault_set(fault, error, "the tick cannot be committed: %s", error_reason(error));
	}
	registry_publish(ledger->registry);
	wall_clock_follow(&ledger->clock, ledger_next_s(ledger));
	ledger->checkpoint = checkpoint;
	ledger->note_len = writer_len(&note);
	memcpy(ledger->note, buffer, ledger->note_len);
	if (clock_ms() - ledger->guard_time_ms < GUARD_INTERVAL_MS)
		return E_OK;
	return ledger_keep_guard(ledger, fault);
}

/* Without ticks nobody else would bring the guard up to date. */
enum error ledger_idle(struct ledger *ledger, struct fault *fault)
{
	if (ledger->broken || clock_ms() - ledger->guard_time_ms < GUARD_INTERVAL_MS)
		return E_OK;
	return ledger_keep_guard(ledger, fault);
}

/* Five intervals: one or two that fail are no news. */
bool ledger_guard_lags(const struct ledger *ledger)
{
	return ledger->guard_late_ms != 0 && clock_ms() - ledger->guard_late_ms > GUARD_LAGS_MS;
}

/* From a snapshot of the commit, kept over all receipts of a tick; nodes of the tick itself are still in memory. */
enum error ledger_receipt(struct ledger *ledger, const struct appended *appended, uint64_t old_size, struct writer *out)
{
	if (ledger->read.handle == NULL)
		TRY(db_begin(ledger->store, false, &ledger->read));
	struct log_recent recent = {ledger->log, &ledger->read};
	struct merkle_nodes nodes = {log_recent_node, &recent};
	struct receipt receipt = {.first_sequence = appended->first_sequence,
		.count = appended->count,
		.first_index = appended->first_index,
		.old_size = old_size,
		.checkpoint = bytes_of(ledger->note, ledger->note_len)};
	uint64_t size = ledger->checkpoint.size;
	TRY(merkle_prove_inclusion(&nodes, appended->first_index + appended->count, size, &receipt.inclusion));
	TRY(merkle_prove_consistency(&nodes, old_size, size, &receipt.consistency));
	return receipt_encode(&receipt, out);
}
