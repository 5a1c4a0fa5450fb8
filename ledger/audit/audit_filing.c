/* The accredited part: the label stream of the directory itself, fed with the entries into audit_labels.c, which
 * recomputes every epoch. That a label is its subject's own is computed once for each subject (50 us). */
#include "ledger/audit/audit_labels.h"
#include "ledger/audit/audit_state.h"
#include "ledger/base/own.h"
#include "ledger/filed/head.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SEEN_FIRST 4096u /* power of two */

struct audit_filing {
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

static enum error filing_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	return hash_rows_node(context, STORE_FILING, level, index, out);
}

enum error audit_filing_open(struct audit *audit)
{
	struct audit_filing *filing = calloc(1, sizeof *filing);
	if (filing == NULL)
		return E_NO_MEMORY;
	audit->filing = filing;
	filing->filed = snapshot_filed(audit->snapshot);
	filing->nodes = (struct merkle_nodes){filing_node, audit->txn};
	filing->seen_places = SEEN_FIRST;
	filing->seen = calloc(filing->seen_places, sizeof *filing->seen);
	filing->rows = malloc(LOG_WIDTH * LABEL_ROW_BYTES);
	crypto_shorthash_keygen(filing->seen_key);
	if (filing->seen == NULL || filing->rows == NULL)
		return E_NO_MEMORY;
	TRY(audit_labels_new(&filing->core));
	audit_labels_compare_with(filing->core, &filing->nodes);
	audit_labels_lost(filing->core, &audit->lost);
	return E_OK;
}

void audit_filing_close(struct audit *audit)
{
	struct audit_filing *filing = audit->filing;
	if (filing == NULL)
		return;
	audit_labels_free(filing->core);
	free(filing->seen);
	free(filing->rows);
	free(filing);
	audit->filing = NULL;
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

enum error audit_filing_subject(struct audit *audit, uint64_t index, const struct alias *alias, struct bytes subject)
{
	uint8_t hashed[crypto_shorthash_BYTES];
	struct audit_filing *filing = audit->filing;
	const struct secrets *secrets = archive_secrets(audit->archive);
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
	enum error error = label_make(&secrets->vrf, audit->vkey->name, subject, &label);
	if (error == E_OK)
		error = head_get(audit->txn, &secrets->seal, alias, &head);
	if (error != E_OK || memcmp(head.label.b, label.b, sizeof label.b) != 0)
		return audit_finding_filed(audit, error, index, "the event's subject is not filed under its own label");
	return E_OK;
}

/* ---- which event it was ---- */

/* Whether the stored tree of the event's subject is that of the subject's events. */
static bool tree_fits(struct audit *audit, uint64_t index)
{
	struct opened opened;
	struct fault fault;
	struct alias alias;
	struct head head;
	struct hash blind, leaf, root, stored;
	struct merkle_frontier tree;
	size_t count = 0;
	const struct secrets *secrets = archive_secrets(audit->archive);
	OWNED_MEMORY uint64_t *indexes = NULL;
	OWNED_MEMORY struct event *event = malloc(sizeof *event);
	if (event == NULL || snapshot_open_record(audit->snapshot, index, &opened) != E_OK || opened.entry.mass)
		return true;
	if (event_decode(opened.disclosed, opened.restricted, NULL, false, event, &fault) != E_OK)
		return true;
	alias_make(&secrets->alias, event_subject(event), &alias);
	if (head_get(audit->txn, &secrets->seal, &alias, &head) != E_OK ||
		snapshot_subject_events(audit->snapshot, event_subject(event), &indexes, &count) != E_OK)
		return false;
	merkle_frontier_init(&tree);
	for (size_t i = 0; i < count; i++) {
		if (snapshot_subject_leaf(audit->snapshot, indexes[i], &blind, &leaf) != E_OK)
			return false;
		merkle_frontier_append(&tree, &leaf, NULL, NULL);
	}
	merkle_frontier_root(&tree, &root);
	merkle_frontier_root(&head.frontier, &stored);
	return count == head.frontier.size && hash_equal(&root, &stored);
}

/* The epoch's map is wrong: the first event that it covers and the one before it did not, in whose tree it shows. */
static uint64_t find_event(struct audit *audit, uint64_t epoch_index)
{
	struct audit_labels_result before;
	struct bytes encoded;
	struct entry entry;
	audit_labels_result(audit->filing->core, &before);
	if (snapshot_entry(audit->snapshot, epoch_index, &encoded) != E_OK || entry_decode(encoded, &entry) != E_OK ||
		entry.kind != ENTRY_EPOCH)
		return epoch_index;
	for (uint64_t index = before.epochs > 0 ? before.epoch.size : 0; index < entry.epoch.size; index++) {
		audit_progress(audit);
		if (!tree_fits(audit, index))
			return index;
	}
	return epoch_index;
}

/* ---- epochs ---- */

static enum error take_finding(struct audit *audit)
{
	const struct audit_labels_finding *finding = audit_labels_finding(audit->filing->core);
	if (finding == NULL)
		return E_NO_MEMORY;
	if (finding->epoch != NO_INDEX)
		audit->result.epoch = finding->epoch;
	uint64_t index = finding->event;
	if (index == NO_INDEX)
		index = finding->epoch != NO_INDEX ? find_event(audit, finding->epoch) : audit->frontier.size;
	return audit_finding(audit, index, "%s", finding->text);
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

enum error audit_filing_rows(struct audit *audit, uint64_t from, uint64_t to)
{
	struct audit_filing *filing = audit->filing;
	if (to > filing->filed)
		to = filing->filed;
	if (from >= to)
		return E_OK;
	filing->rows_len = 0;
	enum error error = snapshot_visit_filing(audit->snapshot, from, to, add_row, filing);
	if (error != E_OK)
		return audit_judge(audit, error, from, "the labels from here on cannot be read: %s", audit_why(error));
	return audit_labels_rows(filing->core, bytes_of(filing->rows, filing->rows_len)) == E_OK ? E_OK
																							 : take_finding(audit);
}

enum error audit_filing_entry(struct audit *audit, const struct entry *entry, const struct hash *leaf)
{
	return audit_labels_entry(audit->filing->core, entry, leaf) == E_OK ? E_OK : take_finding(audit);
}

enum error audit_filing_end(struct audit *audit)
{
	struct audit_labels_result result;
	if (audit_labels_end(audit->filing->core) != E_OK)
		return take_finding(audit);
	audit_labels_result(audit->filing->core, &result);
	audit->result.epochs = result.epochs;
	audit->result.subjects = result.subjects;
	audit->result.unverifiable = result.unverifiable;
	audit->result.epoch_index = result.epoch_index != NO_INDEX ? result.epoch_index : 0;
	audit->result.newest_epoch = result.epoch;
	return E_OK;
}
