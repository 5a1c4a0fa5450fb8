/* bundle ─► entry ─► is its hash the tile's? ─► decode ─► the log's rules ─► rows beside it ─► into the tree
 *                                                                                              └► nodes = tiles?
 *
 * What another thread has seen to hold (audit_ahead.h) is passed over, and everything else is looked at here, in this
 * order; so what is found first does not depend on who has looked before. Rows of batches and of senders' entries are
 * looked up as the entry comes by, with keys records and packs too; at the end the counts say that there are no others.
 */
#include "ledger/audit/audit_log.h"

#include <inttypes.h>

/* The sender's key is one that the glance was made with: audit_log_bundle has compared it. */
static bool vouches(void *context, uint64_t index, const struct sender *sender)
{
	const struct audit_log *log = context;
	(void)sender;
	return log->glance != NULL && log->glance->batches[index % LOG_WIDTH];
}

void audit_log_begin(
	struct audit_log *log, const struct audit_view *view, struct audit_records *records, struct audit_filing *filing)
{
	log->view = view;
	log->records = records;
	log->filing = filing;
	merkle_frontier_init(&log->frontier);
	log->tree.view = view;
	log->rules.state.bundles = log_bundles_of(view->txn);
	log->rules.state.vouchers = (struct log_vouchers){vouches, log};
}

/* ---- entries ---- */

/* The row that names this entry as one of the sender's. */
static enum error check_change_row(struct audit_log *log, uint64_t index, uint32_t sender)
{
	struct bytes row;
	enum error error = db_get(log->view->txn, STORE_CHANGE, DB_KEY_PAIR(sender, index), &row);
	if (error != E_OK || row.len != 0)
		return audit_judge(log->view, error, index, "the store has no row for this entry of sender %" PRIu32, sender);
	return E_OK;
}

/* The row that answers a repeated batch. */
static enum error check_batch_row(struct audit_log *log, uint64_t index)
{
	const struct log_run *run = &log->rules.state.run;
	const struct store_batch batch = {run->first_sequence, run->first_index, run->count};
	uint8_t wanted[STORE_BATCH_BYTES];
	struct bytes row;
	store_batch_encode(&batch, wanted);
	enum error error = db_get(log->view->txn, STORE_BATCH, DB_KEY_PAIR(run->sender, run->first_sequence), &row);
	if (error == E_OK && bytes_equal(row, BYTES_ARRAY(wanted)))
		return E_OK;
	return audit_judge(log->view, error, index, "the store's row for the batch is missing or another");
}

static struct audit_run run_of(const struct audit_log *log)
{
	const struct log_run *run = &log->rules.state.run;
	const struct sender *sender = log_rules_sender(&log->rules, run->sender);
	return (struct audit_run){.mass = run->mass,
		.first_index = run->first_index,
		.count = run->count,
		.position = log->rules.state.filing_leaves - log->missing.events_before_run,
		.policy = &sender->policy,
		.mandate = &sender->mandate,
		.org = sender->org};
}

static enum error check_record(struct audit_log *log, uint64_t index, const struct entry_event *event)
{
	struct label label;
	const struct audit_run run = run_of(log);
	if (log->records == NULL)
		return E_OK;
	if (log->glance == NULL || !log->glance->sealed)
		return audit_records_event(log->records, &run, index, event, &label);
	audit_records_opened_by_other(log->records);
	return run.mass ? E_OK : audit_records_pack(log->records, &run);
}

/* The sealed record, or none for what is lost: nobody declares lost what is there. */
static enum error check_event_rows(struct audit_log *log, uint64_t index, const struct entry_event *event)
{
	const struct log_run *run = &log->rules.state.run;
	struct bytes row;
	if (run->count == 1)
		log->missing.events_before_run = log->missing.events;
	if (!losses_cover(&log->view->lost, index))
		return check_record(log, index, event);
	log->missing.records++;
	log->missing.events += !event->mass;
	enum error error = db_get(log->view->txn, STORE_RECORD, DB_KEY(index), &row);
	if (error == E_NOT_FOUND)
		return E_OK;
	return audit_judge(log->view, error, index, "the log says that the event is lost, and the store has its record");
}

static enum error check_pack(struct audit_log *log)
{
	const struct audit_run run = run_of(log);
	if (losses_count(&log->view->lost, run.first_index, run.first_index + run.count) < run.count)
		return log->records != NULL ? audit_records_batch(log->records, &run) : E_OK;
	log->missing.packs += !run.mass;
	return E_OK;
}

/* What the store must have beside an entry that holds. */
static enum error check_rows(struct audit_log *log, uint64_t index, const struct entry *entry)
{
	switch (entry->kind) {
	case ENTRY_SENDER:
		return check_change_row(log, index, entry->sender.sender);
	case ENTRY_EVENT:
	case ENTRY_MASS:
		return check_event_rows(log, index, &entry->event);
	case ENTRY_BATCH:
		TRY(check_batch_row(log, index));
		return check_pack(log);
	default:
		return E_OK;
	}
}

static enum error take_entry(struct audit_log *log, uint64_t index, const struct entry *entry)
{
	struct log_finding finding;
	enum error error = log_rules_entry(&log->rules, entry, &finding);
	if (error == E_CORRUPT)
		return audit_finding(log->view, finding.index, "%s", finding.text);
	TRY(error);
	return check_rows(log, index, entry);
}

/* ---- bundles ---- */

/* Its own hash where nobody has compared it. The tree goes first, because a hash that does not fit names the entry. */
static enum error find_leaf(struct audit_log *log, uint64_t index, struct bytes encoded, struct hash *out)
{
	const struct hash *stored = NULL;
	if (log->glance == NULL || !log->glance->tree) {
		merkle_leaf_hash(encoded, out);
		return audit_tree_compare(&log->tree, 0, index, out);
	}
	if (log->filing == NULL)
		return E_OK;
	TRY(audit_tree_hash(&log->tree, 0, index, &stored));
	*out = *stored;
	return E_OK;
}

static enum error check_entry(struct audit_log *log, uint64_t index, struct bytes encoded)
{
	struct entry entry;
	struct hash leaf;
	TRY(find_leaf(log, index, encoded, &leaf));
	enum error error = entry_decode(encoded, &entry);
	if (error != E_OK)
		return audit_finding(log->view, index, "the entry cannot be read: %s", audit_why(error));
	TRY(take_entry(log, index, &entry));
	if (log->filing != NULL)
		TRY(audit_filing_entry(log->filing, &entry, &leaf));
	if (log->glance == NULL || !log->glance->tree)
		merkle_frontier_append(&log->frontier, &leaf, audit_tree_node, &log->tree);
	log->view->report->done++;
	return log->tree.error;
}

static enum error check_entries(struct audit_log *log, struct bytes bundle, uint64_t index, uint64_t end)
{
	struct reader r = reader_of(bundle);
	for (; index < end; index++) {
		struct bytes encoded = reader_range16(&r, ENTRY_BYTES_MAX);
		if (r.error != E_OK)
			return audit_finding(log->view, index, "the entry is cut off");
		TRY(check_entry(log, index, encoded));
	}
	if (reader_done(&r) != E_OK)
		return audit_finding(log->view, index - 1, "there are bytes after the entry that belong to none");
	return E_OK;
}

/* The labels of the events from `index` on, before these come. */
static enum error feed_filing(struct audit_log *log, uint64_t index, uint64_t end)
{
	if (log->filing == NULL)
		return E_OK;
	if (log->glance != NULL && log->glance->sealed)
		return audit_filing_leaves(log->filing, log->glance->leaves, log->glance->leaf_count);
	return audit_filing_rows(log->filing, index, end);
}

enum error audit_log_bundle(struct audit_log *log, uint64_t number, const struct audit_glance *glance)
{
	struct bytes bundle;
	uint64_t index = number * LOG_WIDTH;
	uint64_t left = log->view->checkpoint.size - index;
	uint64_t end = index + (left < LOG_WIDTH ? left : LOG_WIDTH);
	log->glance = glance;
	enum error error = log_bundle(log->view->txn, number, &bundle);
	if (error != E_OK)
		return audit_judge(log->view, error, index, "the entries from here on cannot be read: %s", audit_why(error));
	TRY(feed_filing(log, index, end));
	TRY(check_entries(log, bundle, index, end));
	if (glance != NULL && glance->sealed)
		audit_records_add(log->records, &glance->counted);
	if (glance != NULL && glance->tree)
		merkle_frontier_append_node(&log->frontier, AUDIT_BUNDLE_LEVEL, &glance->root, audit_tree_node, &log->tree);
	log->glance = NULL;
	return log->tree.error;
}

/* ---- what follows from the entries ---- */

/* As rows, so that no member can be left out. */
static bool same_sender(const struct sender *a, const struct sender *b)
{
	uint8_t rows[2][SENDER_ROW_BYTES_MAX];
	struct writer first = writer_of(rows[0], sizeof rows[0]), second = writer_of(rows[1], sizeof rows[1]);
	sender_encode(a, &first);
	sender_encode(b, &second);
	return writer_len(&first) == writer_len(&second) && memcmp(rows[0], rows[1], writer_len(&first)) == 0;
}

static enum error check_senders(struct audit_log *log)
{
	for (size_t i = 0; i < log->rules.sender_count; i++) {
		const struct sender *wanted = log->rules.senders[i];
		struct sender stored;
		enum error error = snapshot_sender(log->view->snapshot, wanted->id, &stored);
		if (error != E_OK || !same_sender(wanted, &stored))
			return audit_judge(log->view, error, wanted->version,
				"the store's row for sender %" PRIu32 " is missing or says something else than the log", wanted->id);
	}
	return E_OK;
}

/* Every row that should be there was looked up; if the number fits too there is none that should not. */
static enum error check_count(struct audit_log *log, enum store_table table, const char *name, uint64_t wanted)
{
	uint64_t count = 0;
	enum error error = db_count(log->view->txn, table, &count);
	if (error == E_OK && count == wanted)
		return E_OK;
	return audit_judge(log->view, error, log->view->checkpoint.size - 1,
		"the store has %" PRIu64 " rows of %s and should have %" PRIu64, count, name, wanted);
}

/* The ledger goes on from it without asking the entries again, so it must be what they give. */
static enum error check_state(struct audit_log *log)
{
	struct store_state state;
	uint64_t last = log->view->checkpoint.size - 1;
	enum error error = store_state_get(log->view->txn, &state);
	if (error != E_OK || state.time_s != log->rules.state.time_s || state.events != log->rules.state.events ||
		state.filing_leaves != log->rules.state.filing_leaves - log->missing.events ||
		state.frontier.size != log->frontier.size ||
		memcmp(state.frontier.hashes, log->frontier.hashes, log->frontier.count * sizeof(struct hash)) != 0)
		return audit_judge(log->view, error, last, "the store's own state is not that of its entries");
	return E_OK;
}

/* The log says what is lost, but for a loss whose entry is the next to be appended. */
static enum error check_losses(struct audit_log *log)
{
	struct losses said = log->rules.state.losses;
	const struct losses *lost = &log->view->lost;
	struct log_finding finding;
	uint64_t size = log->view->checkpoint.size;
	const struct lost_range *due = losses_newest(lost);
	if (due != NULL && due->entry == size) {
		struct entry_loss entry = {due->first, due->end, due->events};
		enum error error = losses_take(&said, &entry, size, &log->rules.state.bundles, &finding);
		if (error != E_OK)
			return audit_judge(log->view, error, finding.index, "%s", finding.text);
	}
	if (!losses_equal(&said, lost))
		return audit_finding(
			log->view, size - 1, "the store has other events as lost than the loss entries of the log say");
	return E_OK;
}

enum error audit_log_end(struct audit_log *log)
{
	uint64_t size = log->view->checkpoint.size;
	uint64_t tiles = 0;
	for (uint32_t row = 0; row < LOG_ROWS_MAX; row++)
		tiles += audit_tree_rows(log->view, row);
	struct log_finding finding;
	if (log_rules_end(&log->rules, &finding) != E_OK)
		return audit_finding(log->view, finding.index, "%s", finding.text);
	TRY(check_losses(log));
	TRY(check_senders(log));
	TRY(check_count(log, STORE_BUNDLE, "bundles", (size + LOG_WIDTH - 1) / LOG_WIDTH));
	TRY(check_count(log, STORE_TILE, "tiles", tiles));
	TRY(check_count(log, STORE_RECORD, "records", log->rules.state.events - log->missing.records));
	TRY(check_count(log, STORE_ALIAS, "alias packs", log->rules.event_batches - log->missing.packs));
	TRY(check_count(log, STORE_BATCH, "batches", log->rules.batches));
	TRY(check_count(log, STORE_SENDER, "senders", log->rules.sender_count));
	TRY(check_count(log, STORE_CHANGE, "sender entries", log->rules.sender_entries));
	return check_state(log);
}
