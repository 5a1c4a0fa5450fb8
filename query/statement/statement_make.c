/* The subject's covered events are the leaves of a tree whose root the epoch's map commits to. A window is a range of
 * them, with the leaf on either side of it, whose times show that none of the window is left out:
 *
 *   0 ... │ before │ first ... first + shown - 1 │ after │ ... count - 1
 *
 * Map and range are verified against the epoch's root before anything is handed out: damage of what is filed is the
 * operator's to hear of (E_CORRUPT), not the citizen's to find. What came after the epoch is listed beside, each with
 * its own inclusion proof; that these are all nobody can show yet.
 *
 * Written as text from the first member on: there may be STATEMENT_EVENTS_MAX events. A statement that there is no room
 * for fails early: its first event says about how long it gets. */
#include "query/statement/statement_make.h"

#include "query/answer/audits.h"
#include "query/answer/proof.h"
#include "query/statement/statement_signatures.h"

#include <assert.h>
#include <inttypes.h>

/* One statement while it is made. Invariant: `shown` indexes and blinds are filled in before an event is written;
 * `leaf_count` is at most shown + 2; `text` holds a whole beginning of the statement after each step. */
struct making {
	struct snapshot *snapshot;
	const struct statement_query *query;
	struct epoch_place epoch;
	uint64_t closed_after_s;  /* what is withheld beyond stays closed */
	struct subject_view tree; /* of the subject's covered events */
	struct hash root;
	uint64_t first; /* [first, first + shown) are in the window */
	size_t shown;
	uint64_t *indexes;   /* of those */
	struct hash *blinds; /* and their blinds */
	struct hash *leaves; /* of those, and of their neighbours where there are */
	size_t leaf_count;
	struct text *text;
	size_t later;
	struct fault *fault;
};

static void making_release(struct making *making)
{
	subject_view_release(&making->tree);
	free(making->indexes);
	free(making->blinds);
	free(making->leaves);
}

/* ---- the log and the epoch ---- */

static enum error add_log(struct making *making)
{
	TRY(included_write(making->text, "genesis", making->snapshot, 0));
	text_string(making->text, "checkpoint", snapshot_note(making->snapshot));
	return making->text->error;
}

/* The newest entry below m with a time of its own. */
static enum error find_timed(struct making *making, uint64_t size, uint64_t *out)
{
	for (uint64_t index = size; index > 0; index--) {
		struct bytes encoded;
		struct entry entry;
		uint64_t time_s;
		TRY(snapshot_entry(making->snapshot, index - 1, &encoded));
		TRY(entry_decode(encoded, &entry));
		if (entry_time(&entry, &time_s)) {
			*out = index - 1;
			return E_OK;
		}
	}
	return E_CORRUPT;
}

/* The entries that show the epoch's time: from the newest one below m with a time of its own up to m - 1. */
static enum error add_last(struct making *making, uint64_t size)
{
	struct text *text = making->text;
	uint64_t index = 0;
	TRY(find_timed(making, size, &index));
	text_list(text, "last");
	for (; index < size; index++) {
		text_object(text, NULL);
		text_number(text, "index", index);
		TRY(included_members(text, making->snapshot, index));
		text_object_end(text);
	}
	text_list_end(text);
	return text->error;
}

static enum error add_epoch(struct making *making)
{
	struct text *text = making->text;
	text_object(text, "epoch");
	text_number(text, "index", making->epoch.index);
	TRY(included_members(text, making->snapshot, making->epoch.index));
	TRY(add_last(making, making->epoch.entry.size));
	text_object_end(text);
	return text->error;
}

/* ---- the subject's tree in the map ---- */

static enum error subject_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	struct making *making = context;
	return snapshot_subject_node(making->snapshot, &making->tree, level, index, out);
}

static struct merkle_nodes nodes_of(struct making *making)
{
	return (struct merkle_nodes){subject_node, making};
}

static enum error index_at(struct making *making, uint64_t position, uint64_t *out)
{
	return snapshot_subject_index(making->snapshot, &making->tree, position, out);
}

/* Only what the ledger itself has is judged. */
static enum error corrupt(struct making *making, enum error error)
{
	if (error == E_OK || !error_judges(error))
		return error;
	return fault_set(making->fault, E_CORRUPT, "what is filed is not what the epoch commits to; run 'indsigt audit'");
}

/* Nothing is handed out that its own reader would refuse. */
static enum error check_map(
	struct making *making, const struct label *label, bool present, const struct map_proof *proof)
{
	struct hash value;
	const struct merkle_nodes nodes = nodes_of(making);
	struct bytes steps = bytes_of(proof->bytes, proof->len);
	if (present != (making->tree.count > 0))
		return E_CORRUPT;
	if (!present)
		return map_verify_absent(&making->epoch.entry.map_root, label->b, steps);
	TRY(merkle_root(&nodes, making->tree.count, &making->root));
	subject_value(making->tree.count, &making->root, &value);
	return map_verify_present(&making->epoch.entry.map_root, label->b, &value, steps);
}

static enum error add_map(struct making *making)
{
	struct label label;
	struct map_proof proof;
	uint8_t vrf_proof[VRF_PROOF_BYTES];
	bool present;
	struct text *text = making->text;
	TRY(snapshot_prove_label(making->snapshot, making->query->subject, vrf_proof));
	label_of_proof(vrf_proof, &label);
	TRY(snapshot_prove_map(making->snapshot, &label, &present, &proof));
	TRY(snapshot_subject_view(making->snapshot, making->query->subject, &making->tree));
	TRY(corrupt(making, check_map(making, &label, present, &proof)));
	text_base64(text, "vrf_proof", BYTES_ARRAY(vrf_proof));
	text_object(text, "map");
	text_flag(text, "present", present);
	if (present)
		text_number(text, "count", making->tree.count);
	text_base64(text, "proof", bytes_of(proof.bytes, proof.len));
	text_object_end(text);
	return text->error;
}

/* ---- the window ---- */

static enum error event_time(struct making *making, uint64_t index, uint64_t *out)
{
	struct bytes encoded;
	struct entry entry;
	TRY(snapshot_entry(making->snapshot, index, &encoded));
	TRY(entry_decode(encoded, &entry));
	return entry_time(&entry, out) ? E_OK : E_CORRUPT;
}

/* How many of the subject's events are before a time: ledger time never runs backwards. Over the subject's own events,
 * of which there are few, and not over the log. */
static enum error count_before(struct making *making, uint64_t time_s, uint64_t *out)
{
	uint64_t low = 0, high = making->tree.count;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		uint64_t index, here;
		TRY(index_at(making, middle, &index));
		TRY(event_time(making, index, &here));
		if (here < time_s)
			low = middle + 1;
		else
			high = middle;
	}
	*out = low;
	return E_OK;
}

static void add_window(struct making *making)
{
	const struct statement_query *query = making->query;
	if (query->from_s == 0 && query->to_s == UINT64_MAX)
		return;
	text_object(making->text, "window");
	if (query->from_s > 0)
		text_time(making->text, "from", query->from_s);
	if (query->to_s < UINT64_MAX)
		text_time(making->text, "to", query->to_s);
	text_object_end(making->text);
}

static enum error find_window(struct making *making)
{
	const struct statement_query *query = making->query;
	uint64_t end = making->tree.count;
	making->first = 0;
	if (query->from_s > 0)
		TRY(count_before(making, query->from_s, &making->first));
	if (query->to_s < UINT64_MAX)
		TRY(count_before(making, query->to_s, &end));
	uint64_t shown = end > making->first ? end - making->first : 0;
	if (shown > STATEMENT_EVENTS_MAX)
		return fault_set(making->fault, E_TOO_LONG,
			"the statement would have %" PRIu64 " events and may have %u: ask for a window of time", shown,
			STATEMENT_EVENTS_MAX);
	making->shown = (size_t)shown;
	making->indexes = malloc((making->shown + 1) * sizeof *making->indexes);
	making->leaves = malloc((making->shown + 2) * sizeof *making->leaves);
	making->blinds = malloc((making->shown + 1) * sizeof *making->blinds);
	if (making->indexes == NULL || making->leaves == NULL || making->blinds == NULL)
		return E_NO_MEMORY;
	for (size_t i = 0; i < making->shown; i++)
		TRY(index_at(making, making->first + i, &making->indexes[i]));
	return E_OK;
}

static enum error add_leaf(struct making *making, uint64_t position, struct hash *blind)
{
	struct hash *leaf = &making->leaves[making->leaf_count++];
	return snapshot_subject_leaf_at(making->snapshot, &making->tree, position, blind, leaf);
}

static enum error add_neighbour(struct making *making, const char *name, uint64_t position)
{
	uint64_t index;
	struct hash blind;
	struct bytes entry;
	struct text *text = making->text;
	TRY(index_at(making, position, &index));
	TRY(add_leaf(making, position, &blind));
	TRY(snapshot_entry(making->snapshot, index, &entry));
	text_object(text, name);
	text_number(text, "index", index);
	text_base64(text, "blind", hash_bytes(&blind));
	text_base64(text, "entry", entry);
	text_object_end(text);
	return text->error;
}

/* The events of the window and their neighbours, as a range of the subject's tree. */
static enum error add_range(struct making *making)
{
	const uint64_t count = making->tree.count;
	if (count == 0)
		return E_OK;
	uint64_t begin = making->first;
	uint64_t end = making->first + making->shown;
	if (begin > 0)
		TRY(add_neighbour(making, "before", --begin));
	for (size_t i = 0; i < making->shown; i++)
		TRY(add_leaf(making, making->first + i, &making->blinds[i]));
	if (end < count)
		TRY(add_neighbour(making, "after", end++));
	assert(making->leaf_count == end - begin);
	struct merkle_range_proof proof;
	const struct merkle_nodes nodes = nodes_of(making);
	TRY(merkle_prove_range(&nodes, begin, end - begin, count, &proof));
	/* What is stored of the tree gave the right root; so must what is shown of it. */
	TRY(corrupt(making,
		merkle_verify_range(making->leaves, begin, end - begin, count, proof.hashes, proof.count, &making->root)));
	text_object(making->text, "range");
	text_number(making->text, "first", begin);
	text_hashes(making->text, "proof", proof.hashes, proof.count);
	text_object_end(making->text);
	return making->text->error;
}

/* ---- events ---- */

static void add_content(struct text *text, const struct opened *opened, bool withheld)
{
	text_base64(text, "header", opened->header);
	if (withheld) {
		text_flag(text, "withheld", true);
		text_base64(text, "c_d", hash_bytes(&opened->c_d));
		return;
	}
	text_base64(text, "disclosed", opened->disclosed);
	text_base64(text, "c_r", hash_bytes(&opened->c_r));
}

/* What covered and later events have in common; the object is left open. */
static enum error add_event(struct making *making, uint64_t index)
{
	struct opened opened;
	struct event_header header;
	struct bytes entry;
	enum error error = proof_open(making->snapshot, index, &entry, &opened);
	if (error != E_OK && error != E_ERASED)
		return fault_set(making->fault, error, "index %" PRIu64 ": %s", index, error_reason(error));
	struct reader reader = reader_of(opened.header);
	event_header_decode(&reader, &header);
	TRY(reader_done(&reader));
	bool withheld = header.withheld_until_s > making->closed_after_s;
	if (error == E_ERASED && !withheld)
		return fault_set(
			making->fault, E_ERASED, "index %" PRIu64 " was erased and no entry of the log says so", index);
	text_object(making->text, NULL);
	text_number(making->text, "index", index);
	text_base64(making->text, "entry", entry);
	add_content(making->text, &opened, withheld);
	return making->text->error;
}

/* By the first event it is known about how long all of them are: whether there is room for them is said at once. */
static enum error add_events(struct making *making)
{
	struct text *text = making->text;
	text_list(text, "events");
	size_t begin = text_written(text);
	for (size_t i = 0; i < making->shown; i++) {
		if (i == 1)
			text_grow(text, (text_written(text) - begin) * making->shown / 64 * 66);
		TRY(add_event(making, making->indexes[i]));
		text_base64(text, "blind", hash_bytes(&making->blinds[i]));
		text_object_end(text);
	}
	text_list_end(text);
	return text->error;
}

static enum error add_later(struct making *making, uint64_t index)
{
	uint64_t time_s;
	struct merkle_proof proof;
	TRY(event_time(making, index, &time_s));
	if (time_s < making->query->from_s || time_s >= making->query->to_s)
		return E_OK;
	making->later++;
	TRY(add_event(making, index));
	TRY(snapshot_prove_inclusion(making->snapshot, index, &proof));
	text_hashes(making->text, "inclusion", proof.hashes, proof.count);
	text_object_end(making->text);
	return making->text->error;
}

/* What came after the epoch: not yet covered. */
static enum error add_all_later(struct making *making)
{
	uint64_t indexes[STATEMENT_LATER_MAX];
	size_t count = 0;
	TRY(snapshot_find(making->snapshot, making->query->subject, UINT64_MAX, indexes, STATEMENT_LATER_MAX, &count));
	text_list(making->text, "later");
	for (size_t i = count; i > 0; i--)
		if (indexes[i - 1] >= making->epoch.entry.size)
			TRY(add_later(making, indexes[i - 1]));
	text_list_end(making->text);
	return making->text->error;
}

/* ---- the whole ---- */

static enum error add_optional(struct making *making)
{
	TRY(audits_write(making->text, "audit", making->snapshot, making->epoch.index));
	if (making->query->signatures)
		TRY(statement_signatures_write(making->text, "signatures", making->snapshot, making->indexes, making->shown));
	return E_OK;
}

static enum error make(struct making *making)
{
	struct text *text = making->text;
	text_object(text, NULL);
	text_string(text, "type", BYTES_LITERAL("indsigt-statement/v3"));
	text_string(text, "subject", making->query->subject);
	TRY(add_log(making));
	TRY(add_epoch(making));
	TRY(add_map(making));
	TRY(find_window(making));
	add_window(making);
	TRY(add_range(making));
	TRY(add_events(making));
	TRY(add_all_later(making));
	TRY(add_optional(making));
	text_object_end(text);
	return text_done(text);
}

enum error statement_make(struct snapshot *snapshot, const struct statement_query *query, struct text *out,
	size_t *later, struct fault *fault)
{
	struct fault why = {.text = ""};
	OWNED(making_release)
	struct making making = {.snapshot = snapshot, .query = query, .text = out, .fault = &why};
	/* Where it cannot, the statement stands under the log's signature alone. */
	cosigned_rest(snapshot, query->cosigned, query->now_s, true);
	enum error error = snapshot_epoch(snapshot, &making.epoch);
	if (error == E_NOT_FOUND)
		return fault_set(
			fault, error, "there is no epoch yet that a statement could rest on; one comes within seconds");
	TRY(error);
	uint64_t epoch_s = making.epoch.entry.time_s;
	making.closed_after_s = query->now_s > epoch_s ? query->now_s : epoch_s;
	error = make(&making);
	if (error == E_TOO_LONG && why.text[0] == '\0')
		error = fault_set(&why, error, "the statement would be too long a text: ask for a window of time");
	TRY(fault_set(fault, error, "%s", why.text[0] != '\0' ? why.text : error_reason(error)));
	*later = making.later;
	return E_OK;
}
