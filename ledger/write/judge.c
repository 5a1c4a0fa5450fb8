/* The log's rule (log_state.h) for the writer: no entry is written that those who read the log would refuse.
 *
 *   open, aborted tick   rows of the store and the entries since the newest epoch ─► state
 *   append               entry and state ─► state, and the entry is written
 *   commit               state ─► rows of the store
 *
 * What somebody asks for is judged before, in words that help whoever asked. So a refusal here is a fault of this
 * program, unless the store does not give back what the entry is judged by: the tick ends, nothing of it is written,
 * and the ledger goes no further. */
#include "ledger/store/log_put.h"
#include "ledger/store/store_put.h"
#include "ledger/write/ledger_state.h"
#include "ledger/write/limits.h"

#include <inttypes.h>

/* ---- what the rule asks of ---- */

/* Within the tick: a sender that was registered in it can send in it. */
static struct sender *find_sender(void *context, uint32_t id, bool change)
{
	const struct ledger *ledger = context;
	return registry_working(ledger->registry, id, change);
}

static enum error add_sender(void *context, const struct sender *sender)
{
	const struct ledger *ledger = context;
	return registry_add(ledger->registry, sender);
}

void ledger_judge_init(struct ledger *ledger)
{
	const struct log_senders senders = {find_sender, add_sender, ledger};
	log_state_free(&ledger->state);
	log_state_init(&ledger->state, &ledger->vkey, &senders);
	ledger->state.bundles = log_bundles_of(&ledger->tick);
	ledger->state.signatures_checked = true; /* prepare.c */
}

/* ---- rows to state ---- */

/* The newest epoch entry in the bundle: 0, there is none. */
static enum error epoch_in_bundle(struct db_txn *txn, uint64_t number, uint64_t *out)
{
	struct bytes bundle;
	TRY(log_bundle(txn, number, &bundle));
	struct reader r = reader_of(bundle);
	*out = 0;
	for (uint64_t index = number * LOG_WIDTH; reader_left(&r) > 0; index++) {
		struct bytes encoded = reader_range16(&r, ENTRY_BYTES_MAX);
		if (encoded.len > 0 && encoded.data[0] == ENTRY_EPOCH)
			*out = index;
	}
	return r.error == E_OK ? E_OK : E_CORRUPT;
}

/* It stands behind what it covers, so no more is read than what waits to be filed. */
static enum error resume_at_epoch(struct log_state *state, struct db_txn *txn, uint64_t size)
{
	uint64_t index = 0;
	struct entry entry;
	for (uint64_t number = (size + LOG_WIDTH - 1) / LOG_WIDTH; number > 0 && index == 0; number--)
		TRY(epoch_in_bundle(txn, number - 1, &index));
	if (index == 0)
		return E_OK;
	TRY(log_read(txn, 0, &entry));
	if (entry.kind != ENTRY_GENESIS)
		return E_CORRUPT;
	uint64_t lag_s = entry.genesis.epoch_lag_seconds;
	TRY(log_read(txn, index, &entry));
	if (entry.kind != ENTRY_EPOCH || entry.epoch.size == 0 || entry.epoch.size > index || index >= size)
		return E_CORRUPT;
	return log_state_resume(state, lag_s, index, &entry.epoch);
}

enum error ledger_judge_load(struct ledger *ledger, struct db_txn *txn, struct merkle_frontier *frontier)
{
	struct store_state row;
	struct log_state *state = &ledger->state;
	ledger_judge_init(ledger);
	TRY(store_state_get(txn, &row));
	TRY(resume_at_epoch(state, txn, row.frontier.size));
	while (state->size < row.frontier.size) {
		struct entry entry;
		TRY(log_read(txn, state->size, &entry));
		TRY(log_state_pass(state, &entry));
	}
	TRY(store_losses_get(txn, &state->losses));
	state->time_s = row.time_s;
	state->events = row.events;
	state->filing_leaves = row.filing_leaves + losses_events(&state->losses);
	*frontier = row.frontier;
	return E_OK;
}

/* ---- state to rows ---- */

uint64_t ledger_filing_leaves(const struct log_state *state)
{
	return state->filing_leaves - losses_events(&state->losses);
}

/* What is derived from the entries since the newest epoch is not stored: it is read from them again. */
void ledger_judge_put(struct db_txn *txn, const struct log_state *state, const struct merkle_frontier *frontier)
{
	const struct store_state row = {state->time_s, state->events, ledger_filing_leaves(state), *frontier};
	store_state_put(txn, &row);
}

uint64_t ledger_epoch_again(const struct losses *losses, uint64_t index, uint64_t size)
{
	return losses_hide_epoch(losses, index, size) ? 0 : index;
}

/* ---- appending ---- */

static enum error say(
	const struct ledger *ledger, enum error error, const struct log_finding *finding, struct fault *fault)
{
	if (error != E_CORRUPT)
		return fault_because(fault, error, "an entry cannot be judged");
	return fault_set(fault, E_STOPPED,
		"nothing of this tick was written, because its entry at index %" PRIu64
		" would break a rule of the log: %s. This is a fault of the program; please report it",
		ledger->state.size, finding->text);
}

/* The entries of a loss are read again. They were committed, so where that fails the store is damaged. */
static bool is_unreadable(const struct ledger *ledger, const struct entry_loss *loss, struct log_finding *finding)
{
	uint64_t events;
	return loss->end <= ledger->checkpoint.size &&
		   losses_count_events(&ledger->state.bundles, loss->first, loss->end, &events, finding) == E_CORRUPT;
}

/* A full disk does not show here but at the commit: rows are in memory until then. */
static enum error append(struct ledger *ledger, struct bytes encoded, struct fault *fault)
{
	return fault_because(fault, log_append(ledger->log, &ledger->tick, encoded), "an entry cannot be written");
}

/* Nearly all entries, so encoded without a cursor and judged without being wrapped. */
enum error ledger_append_event(struct ledger *ledger, const struct entry_event *event, struct fault *fault)
{
	struct log_finding finding;
	uint8_t encoded[ENTRY_EVENT_BYTES];
	TRY(say(ledger, log_state_event(&ledger->state, event, &finding), &finding, fault));
	entry_event_encode(event, encoded);
	return append(ledger, BYTES_ARRAY(encoded), fault);
}

/* Encoded before the rule takes it, because what has been taken cannot be given back. */
enum error ledger_append_entry(struct ledger *ledger, const struct entry *entry, struct fault *fault)
{
	struct log_finding finding;
	uint8_t buffer[ENTRY_BUFFER_BYTES];
	struct bytes encoded;
	struct writer w = writer_of(buffer, sizeof buffer);
	enum error error = entry_encode(entry, &w) ?: writer_done(&w, &encoded);
	TRY(fault_because(fault, error, "an entry cannot be written"));
	error = log_state_take(&ledger->state, entry, &finding);
	if (error == E_CORRUPT && entry->kind == ENTRY_LOSS && is_unreadable(ledger, &entry->loss, &finding))
		return fault_set(fault, error,
			"an entry cannot be judged, because those before it cannot be read again from index %" PRIu64
			" on: the store is damaged; stop the ledger, look after the disk, and run 'indsigt audit'",
			finding.index);
	TRY(say(ledger, error, &finding, fault));
	return append(ledger, encoded, fault);
}
