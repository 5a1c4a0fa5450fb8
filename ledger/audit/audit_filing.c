/* The accredited part: the label stream of the directory itself, fed with the entries into audit_labels.c, which
 * recomputes every epoch. That a label is its subject's own is seen to when a record is opened (audit_subjects.c). */
#include "ledger/audit/audit_filing.h"

#include "ledger/base/own.h"
#include "ledger/filed/head.h"
#include "ledger/keys/secrets.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct audit_filing {
	const struct audit_view *view;
	struct audit_labels *core;
	struct merkle_nodes nodes; /* the stored filing tree */
	uint64_t filed;
	uint8_t *rows; /* of the bundle at hand */
	size_t rows_len;
};

enum error audit_filing_open(const struct audit_view *view, struct audit_filing **out)
{
	OWNED(audit_filing_release) struct audit_filing *filing = calloc(1, sizeof *filing);
	TRY(allocated(filing));
	filing->view = view;
	filing->filed = snapshot_filed(view->snapshot);
	filing->nodes = (struct merkle_nodes){filing_node, view->txn};
	filing->rows = malloc(LOG_WIDTH * LABEL_ROW_BYTES);
	TRY(allocated(filing->rows));
	TRY(audit_labels_new(&filing->core));
	audit_labels_compare_with(filing->core, &filing->nodes);
	audit_labels_lost(filing->core, &view->lost);
	*out = OWN_TAKE(filing);
	return E_OK;
}

void audit_filing_close(struct audit_filing *filing)
{
	audit_labels_free(filing->core);
	free(filing->rows);
	free(filing);
}

/* ---- which event it was ---- */

/* Says nothing of the event: another one is named. */
static bool could_not_look(enum error error)
{
	return error != E_NOT_FOUND && !error_judges(error);
}

/* Whether the stored tree of the event's subject is that of the subject's events. */
static bool tree_fits(const struct audit_view *view, uint64_t index)
{
	struct opened opened;
	struct fault fault;
	struct alias alias;
	struct head head;
	struct runs *runs;
	struct hash blind, leaf, root, stored;
	struct merkle_frontier tree;
	size_t count = 0;
	OWNED_MEMORY uint64_t *indexes = NULL;
	OWNED_MEMORY struct event *event = malloc(sizeof *event);
	if (event == NULL || snapshot_open_record(view->snapshot, index, &opened) != E_OK || opened.entry.mass)
		return true;
	if (event_decode(opened.disclosed, opened.restricted, NULL, false, event, &fault) != E_OK)
		return true;
	alias_make(&view->secrets->alias, event_subject(event), &alias);
	enum error error = snapshot_runs(view->snapshot, &runs);
	if (error == E_OK)
		error = head_get(runs, &view->secrets->seal, &alias, &head);
	if (error == E_OK)
		error = snapshot_subject_events(view->snapshot, event_subject(event), &indexes, &count);
	if (error != E_OK)
		return could_not_look(error);
	merkle_frontier_init(&tree);
	for (size_t i = 0; i < count; i++) {
		error = snapshot_subject_leaf(view->snapshot, indexes[i], &blind, &leaf);
		if (error != E_OK)
			return could_not_look(error);
		merkle_frontier_append(&tree, &leaf, NULL, NULL);
	}
	merkle_frontier_root(&tree, &root);
	merkle_frontier_root(&head.frontier, &stored);
	return count == head.frontier.size && hash_equal(&root, &stored);
}

/* The epoch's map is wrong: the first event that it covers and the one before it did not, in whose tree it shows. */
static uint64_t find_event(const struct audit_filing *filing, uint64_t epoch_index)
{
	const struct audit_view *view = filing->view;
	struct audit_labels_result before;
	struct entry entry;
	audit_labels_result(filing->core, &before);
	if (log_read(view->txn, epoch_index, &entry) != E_OK || entry.kind != ENTRY_EPOCH)
		return epoch_index;
	for (uint64_t index = before.epochs > 0 ? before.epoch.size : 0; index < entry.epoch.size; index++) {
		audit_progress(view);
		if (!tree_fits(view, index))
			return index;
	}
	return epoch_index;
}

/* ---- epochs ---- */

/* What the core has found, or that it has no memory to go on with. */
static enum error take_finding(const struct audit_filing *filing)
{
	const struct audit_labels_finding *finding = audit_labels_finding(filing->core);
	struct audit_report *report = filing->view->report;
	TRY(allocated(finding));
	if (finding->epoch != NO_INDEX)
		report->epoch = finding->epoch;
	uint64_t index = finding->event;
	if (index == NO_INDEX)
		index = finding->epoch != NO_INDEX ? find_event(filing, finding->epoch) : report->done;
	return audit_finding(filing->view, index, "%s", finding->text);
}

static enum error add_row(void *context, const struct label_row *place)
{
	struct audit_filing *filing = context;
	if (filing->rows_len + LABEL_ROW_BYTES > (size_t)LOG_WIDTH * LABEL_ROW_BYTES)
		return E_CORRUPT;
	label_row_encode(place, filing->rows + filing->rows_len);
	filing->rows_len += LABEL_ROW_BYTES;
	return E_OK;
}

enum error audit_filing_rows(struct audit_filing *filing, uint64_t from, uint64_t to)
{
	if (to > filing->filed)
		to = filing->filed;
	if (from >= to)
		return E_OK;
	filing->rows_len = 0;
	enum error error = snapshot_visit_filing(filing->view->snapshot, from, to, add_row, filing);
	if (error != E_OK)
		return audit_judge(filing->view, error, from, "the labels from here on cannot be read: %s", audit_why(error));
	error = audit_labels_rows(filing->core, bytes_of(filing->rows, filing->rows_len));
	return error == E_OK ? E_OK : take_finding(filing);
}

enum error audit_filing_leaves(struct audit_filing *filing, const struct audit_leaf *leaves, size_t count)
{
	return audit_labels_leaves(filing->core, leaves, count) == E_OK ? E_OK : take_finding(filing);
}

enum error audit_filing_entry(struct audit_filing *filing, const struct entry *entry, const struct hash *leaf)
{
	return audit_labels_entry(filing->core, entry, leaf) == E_OK ? E_OK : take_finding(filing);
}

enum error audit_filing_end(struct audit_filing *filing, struct audit_labels_result *out)
{
	if (audit_labels_end(filing->core) != E_OK)
		return take_finding(filing);
	audit_labels_result(filing->core, out);
	return E_OK;
}
