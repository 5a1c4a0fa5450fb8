/* The tables themselves: LMDB does not check its pages, so a row may be counted and not met by a walk, or met and not
 * found by a search. Damage that a reader would meet later is found now. Evidence has no other place in the audit: it
 * is what a sender signed against itself, and is read here. */
#include "ledger/audit/audit_tables.h"

#include "ledger/filed/runs.h"

/* Head and commitments of a batch other than the one in the log, signed for the same sequence. */
static enum error check_evidence(struct bytes key, struct bytes value)
{
	struct batch_head head;
	struct reader r = reader_of(value);
	batch_head_decode(&r, &head);
	reader_bytes(&r, (size_t)head.count * HASH_BYTES);
	TRY(reader_done(&r));
	return key.len == 12 && get_u32(key.data) == head.sender && get_u64(key.data + 4) == head.first_sequence
			   ? E_OK
			   : E_CORRUPT;
}

static enum error walk_rows(
	const struct audit_view *view, enum store_table table, struct db_walk *walk, bool was_searched, uint64_t *out)
{
	uint64_t count = 0;
	enum error error = db_walk_first(view->txn, table, walk);
	for (; error == E_OK; error = db_walk_next(walk)) {
		if (!was_searched)
			TRY(db_walk_check(walk));
		if (table == STORE_EVIDENCE)
			TRY(check_evidence(walk->key, walk->value));
		if (++count % LOG_WIDTH == 0)
			audit_progress(view);
	}
	*out = count;
	return error == E_NOT_FOUND ? E_OK : error;
}

/* `was_searched`: each row has been looked up already, as many as are counted. */
static enum error check_rows(const struct audit_view *view, enum store_table table, const char *name, bool was_searched)
{
	OWNED_WALK walk = {0};
	uint64_t counted = 0;
	uint64_t walked = 0;
	enum error error = db_count(view->txn, table, &counted) ?: walk_rows(view, table, &walk, was_searched, &walked);
	if (error == E_OK && walked == counted)
		return E_OK;
	return audit_judge(view, error, view->checkpoint.size - 1, "not every row of %s is found and holds: %s", name,
		audit_why(error == E_OK ? E_CORRUPT : error));
}

/* Reading a row compares the check of its block, and that rows ascend. */
static enum error check_runs(const struct audit_view *view, enum run_table table, const char *name)
{
	struct runs *runs;
	struct runs_walk walk = {.count = 0};
	uint64_t count = 0;
	enum error error = snapshot_runs(view->snapshot, &runs) ?: runs_walk_begin(runs, table, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk))
		if (++count % LOG_WIDTH == 0)
			audit_progress(view);
	runs_walk_end(&walk);
	if (error == E_NOT_FOUND)
		return E_OK;
	return audit_judge(
		view, error, view->checkpoint.size - 1, "not every row of %s is found and holds: %s", name, audit_why(error));
}

enum error audit_rows(const struct audit_view *view)
{
	bool with_records = view->secrets != NULL; /* audit_records.c searches for them */
	TRY(check_rows(view, STORE_META, "the state", false));
	TRY(check_rows(view, STORE_BUNDLE, "bundles", true));
	TRY(check_rows(view, STORE_TILE, "tiles", true));
	TRY(check_rows(view, STORE_RECORD, "records", with_records));
	TRY(check_rows(view, STORE_ALIAS, "alias packs", with_records));
	TRY(check_rows(view, STORE_BATCH, "batches", true));
	TRY(check_rows(view, STORE_SENDER, "senders", true));
	TRY(check_rows(view, STORE_CHANGE, "sender entries", true));
	TRY(check_rows(view, STORE_EVIDENCE, "evidence", false));
	TRY(check_rows(view, STORE_FILING, "the filing tree", false));
	TRY(check_runs(view, RUN_SUBJECT, "postings"));
	TRY(check_runs(view, RUN_LABEL, "the subject map's labels"));
	return check_runs(view, RUN_MAP, "the subject map");
}
