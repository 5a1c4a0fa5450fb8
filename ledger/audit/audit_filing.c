/* The accredited part: the label stream of the directory itself, fed with the entries into audit_labels.c, which
 * recomputes every epoch. That a label is its subject's own is computed once for each subject (50 us). */
#include "ledger/audit/audit_filing.h"

#include "ledger/base/own.h"
#include "ledger/filed/head.h"
#include "ledger/keys/secrets.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SEEN_FIRST 4096u /* power of two */

struct audit_filing {
	const struct audit_view *view;
	struct audit_labels *core;
	struct merkle_nodes nodes; /* the stored filing tree */
	uint64_t filed;
	uint8_t *rows; /* of the bundle at hand */
	size_t rows_len;
	/* Subjects whose label was checked: keyed hashes of their aliases, 0 for a free place. */
	uint8_t seen_key[crypto_shorthash_KEYBYTES];
	uint64_t *seen;
	size_t seen_count;
	size_t seen_places;
};

enum error audit_filing_open(const struct audit_view *view, struct audit_filing **out)
{
	OWNED(audit_filing_release) struct audit_filing *filing = calloc(1, sizeof *filing);
	if (filing == NULL)
		return E_NO_MEMORY;
	filing->view = view;
	filing->filed = snapshot_filed(view->snapshot);
	filing->nodes = (struct merkle_nodes){filing_node, view->txn};
	filing->seen_places = SEEN_FIRST;
	filing->seen = calloc(filing->seen_places, sizeof *filing->seen);
	filing->rows = malloc(LOG_WIDTH * LABEL_ROW_BYTES);
	crypto_shorthash_keygen(filing->seen_key);
	if (filing->seen == NULL || filing->rows == NULL)
		return E_NO_MEMORY;
	TRY(audit_labels_new(&filing->core));
	audit_labels_compare_with(filing->core, &filing->nodes);
	audit_labels_lost(filing->core, &view->lost);
	*out = OWN_TAKE(filing);
	return E_OK;
}

void audit_filing_close(struct audit_filing *filing)
{
	audit_labels_free(filing->core);
	free(filing->seen);
	free(filing->rows);
	free(filing);
}

/* ---- labels ---- */

/* Its place in the set, or the free one where it belongs. */
static uint64_t *seen_place(struct audit_filing *filing, uint64_t mark)
{
	size_t at = mark & (filing->seen_places - 1);
	while (filing->seen[at] != 0 && filing->seen[at] != mark)
		at = (at + 1) & (filing->seen_places - 1);
	return &filing->seen[at];
}

/* At most half full, so that a search always comes to a free place. */
static enum error seen_grow(struct audit_filing *filing)
{
	uint64_t *old = filing->seen;
	size_t places = filing->seen_places;
	if (2 * (filing->seen_count + 1) < places)
		return E_OK;
	uint64_t *larger = calloc(2 * places, sizeof *larger);
	if (larger == NULL)
		return E_NO_MEMORY;
	filing->seen = larger;
	filing->seen_places = 2 * places;
	for (size_t i = 0; i < places; i++)
		if (old[i] != 0)
			*seen_place(filing, old[i]) = old[i];
	free(old);
	return E_OK;
}

/* Once for each subject: the keyed hash keeps 8 bytes of each and no alias. Two subjects that share one would leave the
 * second unchecked, and nobody can choose that without the key. */
enum error audit_filing_subject(
	struct audit_filing *filing, uint64_t index, const struct alias *alias, struct bytes subject)
{
	uint8_t hashed[crypto_shorthash_BYTES];
	const struct audit_view *view = filing->view;
	struct label label;
	struct head head;
	if (index >= filing->filed)
		return E_OK;
	TRY(seen_grow(filing));
	crypto_shorthash(hashed, alias->b, sizeof alias->b, filing->seen_key);
	uint64_t mark = get_u64(hashed) | 1;
	uint64_t *place = seen_place(filing, mark);
	if (*place == mark)
		return E_OK;
	*place = mark;
	filing->seen_count++;
	enum error error = label_make(&view->secrets->vrf, view->vkey->name, subject, &label);
	if (error == E_OK)
		error = head_get(view->txn, &view->secrets->seal, alias, &head);
	if (error != E_OK || memcmp(head.label.b, label.b, sizeof label.b) != 0)
		return audit_finding_filed(view, error, index, "the event's subject is not filed under its own label");
	return E_OK;
}

/* ---- which event it was ---- */

/* Whether the stored tree of the event's subject is that of the subject's events. */
static bool tree_fits(const struct audit_view *view, uint64_t index)
{
	struct opened opened;
	struct fault fault;
	struct alias alias;
	struct head head;
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
	if (head_get(view->txn, &view->secrets->seal, &alias, &head) != E_OK ||
		snapshot_subject_events(view->snapshot, event_subject(event), &indexes, &count) != E_OK)
		return false;
	merkle_frontier_init(&tree);
	for (size_t i = 0; i < count; i++) {
		if (snapshot_subject_leaf(view->snapshot, indexes[i], &blind, &leaf) != E_OK)
			return false;
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
	if (finding == NULL)
		return E_NO_MEMORY;
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
