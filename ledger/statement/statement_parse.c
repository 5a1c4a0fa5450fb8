/* Reads, and judges nothing but the form: which members there are and which belong together (a range where the map
 * holds something, a neighbour where the window has that end). Room for arrays is claimed by the number of elements
 * that the file has, under its limits. Faults are kept in the form and asked about once, at the end; the loops over
 * events, erasures and signatures end at the first one. */
#include "ledger/statement/statement_state.h"

#include "ledger/base/wrong.h"
#include "ledger/tree/subject_map.h"

#define ROOT_MEMBERS                                                                                  \
	"type subject checkpoint genesis epoch vrf_proof map events later ?window ?range ?before ?after " \
	"?erasures ?signatures ?audit"

void shown_release(struct shown *shown)
{
	free(shown->events);
	free(shown->later);
	free(shown->erasures);
	free(shown->senders);
	free(shown->batches);
	free(shown->paths);
}

/* ---- epoch, map, window ---- */

static void read_epoch(struct form *form, struct shown *out)
{
	const json_t *epoch = form_enter(form, "epoch");
	form_included(form, epoch, "last", &out->anchor.epoch_shown);
	const json_t *last = form_array(form, epoch, "last", STATEMENT_LAST_MAX);
	if (WRONG(last != NULL && json_array_size(last) == 0))
		form_fail(form, "last", "must not be empty");
	for (size_t i = 0; i < json_array_size(last); i++) {
		form_part(form, "epoch.last", i);
		form_included(form, json_array_get(last, i), "", &out->last[out->last_count++]);
	}
}

/* A present subject has at least one event, so a count of 0 would be a second way to say "nothing". */
static void read_map(struct form *form, struct shown *out)
{
	const json_t *map = form_enter(form, "map");
	out->present = form_bool(form, map, "present");
	form_members(form, map, out->present ? "present count proof" : "present proof");
	out->count = out->present ? form_number(form, map, "count") : 0;
	out->map_proof = form_bytes(form, map, "proof", MAP_PROOF_MAX);
	if (WRONG(out->present && out->count == 0))
		form_fail(form, "count", "must not be 0");
}

static void read_window(struct form *form, const json_t *root, struct shown *out)
{
	out->windowed = form_has(root, "window");
	if (!out->windowed)
		return;
	struct statement_window *window = &out->window;
	const json_t *object = form_enter(form, "window");
	form_members(form, object, "?from ?to");
	window->has_from = form_has(object, "from");
	window->has_to = form_has(object, "to");
	window->from_s = window->has_from ? form_time(form, object, "from") : 0;
	window->to_s = window->has_to ? form_time(form, object, "to") : 0;
	if (WRONG(!window->has_from && !window->has_to))
		form_fail(form, NULL, "must have a beginning or an end");
	if (WRONG(window->has_from && window->has_to && window->from_s >= window->to_s))
		form_fail(form, NULL, "must begin before it ends");
}

/* A neighbour shows that the window is cut at the right event. At an end that the window does not have there is nothing
 * to be cut. */
static void read_leaf(struct form *form, const json_t *root, const char *name, bool allowed, struct shown_leaf *out)
{
	form_part(form, "file", FINDING_NO_INDEX);
	out->shown = form_has(root, name);
	if (!out->shown)
		return;
	if (WRONG(!allowed))
		form_fail(form, name, "belongs in a window with that end only");
	const json_t *leaf = form_enter(form, name);
	form_members(form, leaf, "index blind entry");
	out->index = form_number(form, leaf, "index");
	form_fixed(form, leaf, "blind", out->blind.b, HASH_BYTES);
	out->entry = form_bytes(form, leaf, "entry", ENTRY_EVENT_BYTES);
}

static void read_range(struct form *form, const json_t *root, struct shown *out)
{
	form_part(form, "file", FINDING_NO_INDEX);
	if (WRONG(form_has(root, "range") != out->present))
		form_fail(form, "range", "belongs where the map holds something, and only there");
	if (!out->present) {
		if (WRONG(form_has(root, "before") || form_has(root, "after")))
			form_fail(form, "range", "neighbours without a range");
		return;
	}
	const json_t *range = form_enter(form, "range");
	form_members(form, range, "first proof");
	out->first = form_number(form, range, "first");
	out->range_proof = form_hashes(form, range, "proof", MERKLE_RANGE_PROOF_MAX);
	read_leaf(form, root, "before", out->window.has_from, &out->before);
	read_leaf(form, root, "after", out->window.has_to, &out->after);
}

/* ---- events ---- */

/* Three states with three sets of members: none can be passed off as another by leaving something out. */
static void read_state(struct form *form, const json_t *object, const char *common, struct shown_event *out)
{
	static const char *const members[] = {[STATEMENT_OPEN] = " disclosed c_r",
		[STATEMENT_WITHHELD] = " c_d withheld",
		[STATEMENT_ERASED] = " c_d erased"};
	char names[96];
	out->state = form_has(object, "erased")     ? STATEMENT_ERASED
				 : form_has(object, "withheld") ? STATEMENT_WITHHELD
												: STATEMENT_OPEN;
	size_t len = strlen(common);
	memcpy(names, common, len);
	strcpy(names + len, members[out->state]);
	form_members(form, object, names);
	if (out->state == STATEMENT_OPEN) {
		out->disclosed = form_bytes(form, object, "disclosed", EVENT_BYTES_MAX);
		form_fixed(form, object, "c_r", out->c_r.b, HASH_BYTES);
		return;
	}
	form_fixed(form, object, "c_d", out->c_d.b, HASH_BYTES);
	if (out->state == STATEMENT_ERASED)
		out->erased_by = form_number(form, object, "erased");
	else if (WRONG(!form_bool(form, object, "withheld")))
		form_fail(form, "withheld", "must be true");
}

static void read_event(struct form *form, const json_t *object, bool covered, struct shown_event *out)
{
	read_state(form, object, covered ? "index entry header blind" : "index entry header inclusion", out);
	out->index = form_number(form, object, "index");
	out->entry = form_bytes(form, object, "entry", ENTRY_EVENT_BYTES);
	out->header = form_bytes(form, object, "header", HEADER_BYTES_MAX);
	if (covered)
		form_fixed(form, object, "blind", out->blind.b, HASH_BYTES);
	else
		out->inclusion = form_hashes(form, object, "inclusion", PROOF_HASHES_MAX);
}

static struct shown_event *read_events(
	struct form *form, const json_t *root, const char *name, size_t max, bool covered, size_t *count)
{
	form_part(form, "file", FINDING_NO_INDEX);
	const json_t *list = form_array(form, root, name, max);
	struct shown_event *events = form_room(form, json_array_size(list), sizeof *events);
	for (size_t i = 0; events != NULL && i < json_array_size(list) && form->error == E_OK; i++) {
		form_part(form, name, i);
		read_event(form, json_array_get(list, i), covered, &events[i]);
	}
	*count = json_array_size(list);
	return events;
}

/* Ascending, so that a search by halves finds them and none is there twice. */
static void read_erasures(struct form *form, const json_t *root, struct shown *out)
{
	form_part(form, "file", FINDING_NO_INDEX);
	if (!form_has(root, "erasures"))
		return;
	const json_t *list = form_array(form, root, "erasures", STATEMENT_ERASURES_MAX);
	out->erasures = form_room(form, json_array_size(list), sizeof *out->erasures);
	for (size_t i = 0; i < json_array_size(list) && form->error == E_OK; i++) {
		struct shown_erasure *erasure = &out->erasures[out->erasure_count++];
		const json_t *object = json_array_get(list, i);
		form_part(form, "erasures", i);
		form_included(form, object, "?opening", &erasure->at);
		erasure->has_opening = form_has(object, "opening");
		if (erasure->has_opening)
			form_fixed(form, object, "opening", erasure->opening.b, sizeof erasure->opening.b);
		if (WRONG(i > 0 && erasure->at.index <= out->erasures[i - 1].at.index))
			form_fail(form, "index", "must ascend");
	}
}

/* ---- signatures ---- */

static void read_senders(struct form *form, const json_t *signatures, struct shown *out)
{
	const json_t *list = form_array(form, signatures, "senders", STATEMENT_SENDERS_MAX);
	out->senders = form_room(form, json_array_size(list), sizeof *out->senders);
	for (size_t i = 0; i < json_array_size(list) && form->error == E_OK; i++) {
		struct shown_sender *sender = &out->senders[out->sender_count++];
		form_part(form, "signatures.senders", i);
		form_included(form, json_array_get(list, i), "", &sender->at);
		if (WRONG(i > 0 && sender->at.index <= out->senders[i - 1].at.index))
			form_fail(form, "index", "must ascend");
	}
}

/* A log index as the name of a member: decimal, without leading zeros. */
static bool index_of(const char *name, uint64_t *out)
{
	uint64_t value = 0;
	size_t len = strlen(name);
	if (WRONG(len == 0) || WRONG(len > 18) || WRONG(name[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (WRONG(name[i] < '0' || name[i] > '9'))
			return false;
		value = value * 10 + (uint64_t)(name[i] - '0');
	}
	*out = value;
	return true;
}

/* At most as many as events: room for them was claimed by that number. */
static void read_paths(struct form *form, const json_t *batch, size_t number, struct shown *out)
{
	const json_t *paths = form_object(form, batch, "paths");
	const char *name;
	json_t *list;
	if (WRONG(json_object_size(paths) == 0))
		form_fail(form, "paths", "must not be empty");
	json_object_foreach((json_t *)(uintptr_t)paths, name, list)
	{
		if (form->error != E_OK)
			return;
		if (WRONG(out->path_count == out->event_count)) {
			form_fail(form, "paths", "there are more paths than events");
			return;
		}
		struct shown_path *path = &out->paths[out->path_count++];
		path->batch = number;
		path->hashes = form_hash_list(form, list, "paths", PROOF_HASHES_MAX);
		if (!index_of(name, &path->index))
			form_fail(form, "paths", "a name must be a log index");
	}
}

static void read_batches(struct form *form, const json_t *signatures, struct shown *out)
{
	form_part(form, "signatures", FINDING_NO_INDEX);
	const json_t *list = form_array(form, signatures, "batches", STATEMENT_EVENTS_MAX);
	out->batches = form_room(form, json_array_size(list), sizeof *out->batches);
	out->paths = form_room(form, out->event_count, sizeof *out->paths);
	for (size_t i = 0; i < json_array_size(list) && form->error == E_OK; i++) {
		struct shown_batch *batch = &out->batches[out->batch_count++];
		const json_t *object = json_array_get(list, i);
		form_part(form, "signatures.batches", i);
		form_included(form, object, "paths", &batch->at);
		read_paths(form, object, i, out);
		if (WRONG(i > 0 && batch->at.index <= out->batches[i - 1].at.index))
			form_fail(form, "index", "must ascend");
	}
}

static void read_signatures(struct form *form, const json_t *root, struct shown *out)
{
	out->signatures = form_has(root, "signatures");
	if (!out->signatures)
		return;
	const json_t *signatures = form_enter(form, "signatures");
	form_members(form, signatures, "senders batches");
	read_senders(form, signatures, out);
	read_batches(form, signatures, out);
}

static void read_audit(struct form *form, const json_t *root, struct shown *out)
{
	out->audited = form_has(root, "audit");
	if (!out->audited)
		return;
	const json_t *audit = form_enter(form, "audit");
	form_members(form, audit, "note epoch");
	out->audit_note = form_text(form, audit, "note", NOTE_BYTES_MAX);
	const json_t *epoch = form_object(form, audit, "epoch");
	form_part(form, "audit.epoch", FINDING_NO_INDEX);
	form_included(form, epoch, "", &out->audit_epoch);
}

enum error statement_read(struct form *form, struct shown *out)
{
	const json_t *root = form->document;
	form_members(form, root, ROOT_MEMBERS);
	form_constant(form, root, "type", "indsigt-statement/v3");
	out->subject = form_text(form, root, "subject", SUBJECT_BYTES_MAX);
	form_fixed(form, root, "vrf_proof", out->vrf_proof, sizeof out->vrf_proof);
	form_anchor(form, &out->anchor);
	read_epoch(form, out);
	read_map(form, out);
	read_window(form, root, out);
	read_range(form, root, out);
	out->events = read_events(form, root, "events", STATEMENT_EVENTS_MAX, true, &out->event_count);
	out->later = read_events(form, root, "later", STATEMENT_LATER_MAX, false, &out->later_count);
	if (WRONG(!out->present && out->event_count > 0))
		form_fail(form, "events", "there are events though the map holds nothing");
	read_erasures(form, root, out);
	read_signatures(form, root, out);
	read_audit(form, root, out);
	return form_done(form);
}
