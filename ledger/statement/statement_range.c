/* That nothing is left out:
 *
 *   tree of the subject   [ . . . . b | e e e e e | a . . . . ]      b, a: a neighbour before and one after
 *                         0           window            count
 *
 * What is shown stands next to each other in the subject's tree. At each end of the window either the tree ends there,
 * or a neighbour is shown whose time is outside. Ledger time does not fall along a log (an audit sees to that), so what
 * lies beyond a neighbour is outside too. The count stands in the map beside the root, so a shorter tree is not the
 * map's. Without a window it is the whole tree. An absent subject has no tree: the map's own proof says so. */
#include "ledger/base/wrong.h"
#include "ledger/statement/statement_state.h"
#include "ledger/tree/subject_map.h"
#include "ledger/tree/subject_tree.h"

/* ---- the window and its neighbours ---- */

static size_t leaf_count(const struct shown *shown)
{
	return shown->event_count + shown->before.shown + shown->after.shown;
}

/* The leaves are shown at [first, first + leaves) of the tree of `count`; without a window that is all of it. */
static enum error check_extent(const struct shown *shown)
{
	size_t leaves = leaf_count(shown);
	if (!shown->windowed && WRONG(leaves != shown->count))
		return finding_set(shown->finding, FINDING_COUNT, FINDING_NO_INDEX);
	if (WRONG(shown->first > shown->count || leaves > shown->count - shown->first))
		return finding_set(shown->finding, FINDING_RANGE, FINDING_NO_INDEX);
	return E_OK;
}

static enum error check_neighbour(const struct shown *shown, struct shown_leaf *leaf)
{
	struct entry entry;
	const struct included place = {leaf->index, leaf->entry, {NULL, 0}};
	if (WRONG(leaf->index >= shown->anchor.epoch.size))
		return finding_set(shown->finding, FINDING_EVENT_UNCOVERED, leaf->index);
	if (WRONG(!included_is(&place, ENTRY_EVENT, &entry)))
		return finding_set(shown->finding, FINDING_EVENT_ENTRY, leaf->index);
	leaf->time_s = entry.event.time_s;
	if (WRONG(leaf->time_s > shown->anchor.epoch.time_s))
		return finding_set(shown->finding, FINDING_EVENT_TIME, leaf->index);
	return E_OK;
}

/* What is shown begins the tree, or an event before the window is the first of it. */
static enum error check_before(struct shown *shown)
{
	struct shown_leaf *before = &shown->before;
	if (!before->shown)
		return WRONG(shown->first != 0) ? finding_set(shown->finding, FINDING_WINDOW_BEFORE, FINDING_NO_INDEX) : E_OK;
	TRY(check_neighbour(shown, before));
	if (WRONG(before->time_s >= shown->window.from_s))
		return finding_set(shown->finding, FINDING_WINDOW_BEFORE, before->index);
	if (shown->event_count > 0 && WRONG(shown->events[0].index <= before->index))
		return finding_set(shown->finding, FINDING_EVENT_ORDER, before->index);
	return E_OK;
}

/* What is shown ends the tree, or an event after the window is the last of it. */
static enum error check_after(struct shown *shown)
{
	struct shown_leaf *after = &shown->after;
	const struct shown_event *last = shown->event_count > 0 ? &shown->events[shown->event_count - 1] : NULL;
	if (!after->shown)
		return WRONG(shown->first + leaf_count(shown) != shown->count)
				   ? finding_set(shown->finding, FINDING_WINDOW_AFTER, FINDING_NO_INDEX)
				   : E_OK;
	TRY(check_neighbour(shown, after));
	if (WRONG(after->time_s < shown->window.to_s))
		return finding_set(shown->finding, FINDING_WINDOW_AFTER, after->index);
	if ((last != NULL && WRONG(last->index >= after->index)) ||
		(shown->before.shown && WRONG(shown->before.index >= after->index)))
		return finding_set(shown->finding, FINDING_EVENT_ORDER, after->index);
	return E_OK;
}

static enum error check_window(struct shown *shown, const struct statement *result)
{
	const struct statement_window *window = &shown->window;
	for (size_t i = 0; i < result->event_count; i++) {
		uint64_t time_s = result->events[i].entry.time_s;
		if ((window->has_from && WRONG(time_s < window->from_s)) || (window->has_to && WRONG(time_s >= window->to_s)))
			return finding_set(shown->finding, FINDING_WINDOW_OUTSIDE, result->events[i].index);
	}
	TRY(check_before(shown));
	return check_after(shown);
}

/* ---- the subject tree ---- */

static void leaf_of(uint64_t index, const struct hash *blind, struct bytes entry, struct hash *out)
{
	struct hash entry_leaf;
	merkle_leaf_hash(entry, &entry_leaf);
	subject_leaf_hash(blind, index, &entry_leaf, out);
}

static enum error check_presence(const struct shown *shown)
{
	size_t count = 0;
	struct hash root = {{0}}, value;
	OWNED_MEMORY struct hash *leaves = calloc(shown->event_count + 2, sizeof *leaves);
	TRY(allocated(leaves));
	if (shown->before.shown)
		leaf_of(shown->before.index, &shown->before.blind, shown->before.entry, &leaves[count++]);
	for (size_t i = 0; i < shown->event_count; i++) {
		const struct shown_event *event = &shown->events[i];
		leaf_of(event->index, &event->blind, event->entry, &leaves[count++]);
	}
	if (shown->after.shown)
		leaf_of(shown->after.index, &shown->after.blind, shown->after.entry, &leaves[count++]);
	if (WRONG(merkle_root_of_range(leaves, shown->first, count, shown->count, shown->range_proof.at,
				  shown->range_proof.count, &root) != E_OK))
		return finding_set(shown->finding, FINDING_SUBJECT_TREE, FINDING_NO_INDEX);
	subject_value(shown->count, &root, &value);
	if (WRONG(map_verify_present(&shown->anchor.epoch.map_root, shown->label.b, &value, shown->map_proof) != E_OK))
		return finding_set(shown->finding, FINDING_PRESENCE, FINDING_NO_INDEX);
	return E_OK;
}

static enum error check_absence(const struct shown *shown)
{
	struct hash empty;
	const struct hash *root = &shown->anchor.epoch.map_root;
	map_empty_root(&empty);
	if (shown->map_proof.len == 0 && WRONG(!hash_equal(root, &empty)))
		return finding_set(shown->finding, FINDING_ABSENCE_EMPTY, FINDING_NO_INDEX);
	if (shown->map_proof.len >= MAP_KEY_BYTES &&
		WRONG(memcmp(shown->map_proof.data, shown->label.b, MAP_KEY_BYTES) == 0))
		return finding_set(shown->finding, FINDING_ABSENCE_SELF, FINDING_NO_INDEX);
	if (WRONG(map_verify_absent(root, shown->label.b, shown->map_proof) != E_OK))
		return finding_set(shown->finding, FINDING_ABSENCE, FINDING_NO_INDEX);
	return E_OK;
}

enum error statement_check_range(struct shown *shown, const struct statement *result)
{
	if (!shown->present)
		return check_absence(shown);
	TRY(check_extent(shown));
	TRY(check_window(shown, result));
	return check_presence(shown);
}
