/* What answers are made of, against the newest epoch entry: the place of filing, the filing tree, the map, and with
 * keys the heads and the stored subtrees. Whether the entry's roots are right is audit_filing.c's part.
 *
 * The filing tree and the heads are compared as a whole first; only when that differs, one by one, to name an event.
 * Without keys a finding names the epoch alone. An epoch that covers lost events has roots that nobody can make: the
 * store then stays at the one before, and that one is compared. */
#include "ledger/audit/audit_derived.h"

#include "ledger/filed/head.h"
#include "ledger/filed/map_store.h"
#include "ledger/filed/subtrees.h"
#include "ledger/keys/secrets.h"

#include <sodium.h>
#include <string.h>

/* About the newest epoch; with keys `event` is the first event concerned, or NO_EVENT. */
#define NO_EVENT UINT64_MAX

static enum error finding(const struct audit_view *view, enum error cause, uint64_t event, const char *text)
{
	if (!view->report->found)
		view->report->epoch = view->rules->state.epoch_index;
	return audit_judge(view, cause, event == NO_EVENT ? view->rules->state.epoch_index : event, "%s", text);
}

/* The entry that the store names as its newest epoch. */
static enum error read_epoch(const struct audit_view *view, const struct store_filing *filing, struct entry_epoch *out)
{
	struct entry entry;
	if (filing->epoch_index == 0)
		return E_OK;
	enum error error = log_read(view->txn, filing->epoch_index, &entry);
	if (error != E_OK)
		return finding(view, error, NO_EVENT, "the newest epoch entry cannot be read");
	if (entry.kind != ENTRY_EPOCH || entry.epoch.size != filing->filed)
		return finding(view, E_OK, NO_EVENT, "the entry that the store names as its newest epoch is none, or another");
	*out = entry.epoch;
	return E_OK;
}

/* The row that says where filing stands names the newest epoch entry. The roots of epochs that cover lost events nobody
 * can make again: until the next epoch the store stays at the one that it had before. */
static enum error check_place(const struct audit_view *view, const struct store_filing *filing, struct entry_epoch *out)
{
	if (losses_hide_epoch(&view->lost, view->rules->state.epoch_index, view->rules->state.epoch_size) &&
		filing->epoch_index < view->rules->state.epoch_index)
		return read_epoch(view, filing, out);
	if (filing->epoch_index == view->rules->state.epoch_index && filing->filed < view->rules->state.epoch_size)
		return finding(
			view, E_OK, NO_EVENT, "what the newest epoch covers is not filed: filing it again has not finished");
	if (filing->epoch_index != view->rules->state.epoch_index || filing->filed != view->rules->state.epoch_size)
		return finding(view, E_OK, NO_EVENT, "the store does not name the newest epoch as its own");
	return read_epoch(view, filing, out);
}

static void go_on(void *context)
{
	const struct audit_view *const *view = context;
	audit_progress(*view);
}

/* ---- filing tree ---- */

struct leaves {
	const struct audit_view *view;
	uint64_t position;
	uint64_t event; /* the first one whose leaf is another */
};

static enum error compare_leaf(void *context, const struct label_row *place)
{
	struct leaves *leaves = context;
	struct hash stored, leaf;
	audit_progress(leaves->view);
	filing_leaf_hash(&place->filing_blind, place->index, &place->label, &leaf);
	enum error error = hash_rows_node(leaves->view->txn, STORE_FILING, 0, leaves->position++, &stored);
	if (error == E_OK && hash_equal(&stored, &leaf))
		return E_OK;
	if (!audit_judges(error))
		return error;
	leaves->event = place->index;
	return E_CORRUPT;
}

static enum error check_filing(
	const struct audit_view *view, const struct store_filing *filing, const struct entry_epoch *epoch)
{
	struct hash root;
	struct leaves leaves = {view, 0, NO_EVENT};
	enum error error = hash_rows_check(view->txn, STORE_FILING, &filing->leaves, go_on, &view);
	merkle_frontier_root(&filing->leaves, &root);
	if (error == E_OK && hash_equal(&root, &epoch->filing_root))
		return E_OK;
	if (view->secrets != NULL && (error == E_OK || error_judges(error))) {
		enum error visited = snapshot_visit_filing(view->snapshot, 0, filing->filed, compare_leaf, &leaves);
		if (visited != E_OK && !error_judges(visited))
			error = visited;
	}
	return finding(view, error, leaves.event, "the stored filing tree is not the one that the epoch commits to");
}

/* ---- subject map ---- */

/* Every subject's head is what the map holds under its label. All heads together are compared with the whole map by a
 * keyed checksum that does not depend on their order; they are looked up one by one only when that differs. */
struct heads {
	const struct audit_view *view;
	struct runs *runs;
	uint64_t event;       /* the last one of a tree that is another; the lowest of them */
	struct audit_sum sum; /* by label and value */
};

static enum error sum_head(void *context, const struct alias *alias, const struct head *head)
{
	struct heads *heads = context;
	struct hash value;
	(void)alias;
	audit_progress(heads->view);
	head_value(head, &value);
	audit_sum_add(&heads->sum, BYTES_ARRAY(head->label.b), hash_bytes(&value));
	return E_OK;
}

static enum error sum_label(void *context, const struct label *label, const struct hash *value)
{
	struct heads *heads = context;
	audit_progress(heads->view);
	audit_sum_add(&heads->sum, BYTES_ARRAY(label->b), hash_bytes(value));
	return E_OK;
}

/* The same key for both sums; whoever wrote the store does not know it and can make no two sets that agree. */
static enum error sums_agree(struct heads *heads, bool *out)
{
	const struct audit_view *view = heads->view;
	audit_sum_begin(&heads->sum);
	struct heads map = *heads;
	*out = false;
	TRY(head_visit(heads->runs, &view->secrets->seal, sum_head, heads));
	TRY(map_store_visit(heads->runs, sum_label, &map));
	*out = audit_sum_equal(&heads->sum, &map.sum);
	return E_OK;
}

static enum error check_head(void *context, const struct alias *alias, const struct head *head)
{
	struct heads *heads = context;
	struct hash wanted, value;
	struct map_proof proof;
	bool present;
	(void)alias;
	audit_progress(heads->view);
	head_value(head, &wanted);
	enum error error = map_store_prove(heads->runs, &head->label, &present, &value, &proof);
	if (!audit_judges(error))
		return error;
	if ((error != E_OK || !present || !hash_equal(&value, &wanted)) && head->newest < heads->event)
		heads->event = head->newest;
	return E_OK;
}

static enum error check_map(const struct audit_view *view, struct runs *runs, const struct entry_epoch *epoch)
{
	struct heads heads = {.view = view, .runs = runs, .event = NO_EVENT};
	enum error of_map = map_store_check(runs, &epoch->map_root, go_on, &view);
	enum error of_heads = E_OK;
	bool agree = true;
	if (view->secrets != NULL)
		of_heads = sums_agree(&heads, &agree);
	if (!agree && (of_heads == E_OK || error_judges(of_heads)))
		of_heads = head_visit(runs, &view->secrets->seal, check_head, &heads);
	if (of_map != E_OK)
		return finding(view, of_map, heads.event, "the stored subject map is not the one that the epoch commits to");
	if (of_heads != E_OK || heads.event != NO_EVENT)
		return finding(view, of_heads, heads.event, "a subject's tree is not what the subject map commits to");
	return E_OK;
}

/* ---- subtrees ---- */

/* Every full chunk of postings has the root of its leaves, and there are no more. */
struct subtrees {
	const struct audit_view *view;
	struct runs *runs;
	uint64_t full;
	uint64_t event; /* the first one of the lowest that is another */
};

/* From the log's leaves, which its own part has compared with the entries. */
static enum error chunk_root(const struct audit_view *view, const uint64_t indexes[SUBTREE_LEAVES], struct hash *out)
{
	struct hash leaves[SUBTREE_LEAVES], blind;
	for (size_t i = 0; i < SUBTREE_LEAVES; i++)
		TRY(snapshot_subject_leaf(view->snapshot, indexes[i], &blind, &leaves[i]));
	merkle_root_of_leaves(leaves, SUBTREE_LEAVES, out);
	return E_OK;
}

static enum error compare_subtree(
	void *context, const struct alias *alias, uint32_t number, const uint64_t indexes[SUBTREE_LEAVES])
{
	struct subtrees *subtrees = context;
	struct hash root, stored;
	audit_progress(subtrees->view);
	subtrees->full++;
	const struct audit_view *view = subtrees->view;
	enum error error =
		subtree_get(subtrees->runs, &view->secrets->seal, alias, number, &stored) ?: chunk_root(view, indexes, &root);
	if (!audit_judges(error))
		return error;
	if ((error != E_OK || !hash_equal(&root, &stored)) && indexes[0] < subtrees->event)
		subtrees->event = indexes[0];
	return E_OK;
}

/* What statements rest on beside what the map commits to (STO-50). That chunks follow one another is looked at where
 * they are compared with the events. */
static enum error check_subtrees(const struct audit_view *view, struct runs *runs)
{
	uint64_t there = 0;
	struct subtrees subtrees = {.view = view, .runs = runs, .event = NO_EVENT};
	if (view->secrets == NULL)
		return E_OK;
	enum error error = posting_visit_full(runs, &view->secrets->seal, compare_subtree, &subtrees)
						   ?: subtrees_count(runs, &view->secrets->seal, &there);
	if (error == E_OK && subtrees.event == NO_EVENT && there == subtrees.full)
		return E_OK;
	return finding(view, error, subtrees.event, "the stored parts of a subject's tree are not those of its events");
}

enum error audit_derived(const struct audit_view *view, enum derived_part part)
{
	struct store_filing filing;
	struct entry_epoch epoch;
	struct runs *runs;
	enum error error = store_filing_get(view->txn, &filing);
	if (error != E_OK)
		return audit_judge(view, error, view->rules->state.epoch_index, "where the filing stands cannot be read: %s",
			audit_why(error));
	TRY(check_place(view, &filing, &epoch));
	if (filing.epoch_index == 0)
		return E_OK;
	if (part == DERIVED_FILING)
		return check_filing(view, &filing, &epoch);
	error = snapshot_runs(view->snapshot, &runs);
	if (error != E_OK)
		return finding(view, error, NO_EVENT, "what is filed is not there, or damaged");
	return part == DERIVED_MAP ? check_map(view, runs, &epoch) : check_subtrees(view, runs);
}
