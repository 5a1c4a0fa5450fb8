/* Kept of a tree is its frontier, so memory goes by subjects and by what no epoch has covered, not by all events.
 *
 *   epoch entry ─► pending events below m ─► trees grow ─► map ─► do both roots hold?
 *                                              │                    no: which event? leaf by leaf, guess by guess
 *                                              └ what a tree was before is kept until they do: guesses begin there
 *
 * A finding may leave the trees half grown, so it is the last thing that is said. Where lost events hide an epoch
 * nothing grows: its events stay pending, and the next one has to cover them. */
#include "ledger/audit/audit_labels.h"

#include "ledger/audit/audit_suspects.h"
#include "ledger/log/epoch_lag.h"
#include "ledger/tree/subject_map.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#define NOBODY UINT32_MAX

/* A label and the frontier of its subject tree: one hash for each bit set in `size`. */
struct filed {
	struct label label;
	uint64_t size;
	struct hash *hashes;
	uint8_t capacity; /* of `hashes` */
	bool touched;     /* since the newest epoch */
};

/* A subject whose tree grows in this epoch, as it was before. */
struct touched {
	uint32_t subject;
	uint64_t size;
	size_t first_hash; /* in `before` */
};

/* An event entry that no epoch has covered yet. */
struct pending {
	uint64_t index;
	uint32_t subject; /* number in `subjects`, or NOBODY */
	struct hash subject_leaf;
	struct hash filing_leaf;
};

/* A row of the label stream that waits for its entry. Before it is made the leaves are the blinds. */
struct waiting {
	struct audit_leaf leaf;
	bool made;
};

/* Items of one size, first in first out, in an array that moves down when there is room before it.
 * Invariant: first + count <= capacity. */
struct queue {
	uint8_t *items;
	size_t item_bytes;
	size_t first;
	size_t count;
	size_t capacity;
};

struct audit_labels {
	struct audit_labels_result result;
	struct audit_labels_finding finding;
	bool found;
	const struct merkle_nodes *ledgers_filing;
	const struct losses *losses; /* NULL: nothing is lost */

	struct epoch_lag lag;
	uint64_t epoch_size; /* m of the newest epoch entry, whether its roots could be compared or not */
	uint64_t next_row;

	struct queue rows;    /* struct waiting, ascending */
	struct queue pending; /* struct pending, ascending */

	struct filed *subjects;
	uint32_t subject_count;
	uint32_t subject_capacity;
	uint32_t *slots; /* subject numbers, found by a keyed hash of the label: the operator chooses labels */
	size_t slot_count;
	uint8_t slot_key[crypto_shorthash_KEYBYTES];
	struct touched *touched;
	size_t touched_count;
	struct queue before; /* struct hash: the touched subjects' frontiers */

	struct subject_map *map;
	struct merkle_frontier filing;
	struct merkle_frontier scratch; /* one subject's, while it grows */
};

/* ---- queue ---- */

static void *queue_item(const struct queue *queue, size_t at)
{
	return queue->items + (queue->first + at) * queue->item_bytes;
}

static void queue_drop(struct queue *queue, size_t count)
{
	assert(count <= queue->count);
	queue->first += count;
	queue->count -= count;
}

/* Moved down only when half is free: each item is moved a bounded number of times. */
static enum error queue_room(struct queue *queue, size_t more)
{
	if (queue->first + queue->count + more <= queue->capacity)
		return E_OK;
	if (queue->count + more <= queue->capacity / 2) {
		memmove(queue->items, queue_item(queue, 0), queue->count * queue->item_bytes);
		queue->first = 0;
		return E_OK;
	}
	size_t capacity = 2 * (queue->count + more) + 64;
	uint8_t *items = malloc(capacity * queue->item_bytes);
	TRY(allocated(items));
	if (queue->count > 0)
		memcpy(items, queue_item(queue, 0), queue->count * queue->item_bytes);
	free(queue->items);
	queue->items = items;
	queue->first = 0;
	queue->capacity = capacity;
	return E_OK;
}

/* There is room. */
static void queue_add(struct queue *queue, const void *items, size_t count)
{
	assert(queue->first + queue->count + count <= queue->capacity);
	memcpy(queue_item(queue, queue->count), items, count * queue->item_bytes);
	queue->count += count;
}

/* ---- findings ---- */

__attribute__((format(printf, 4, 5))) static enum error finding(
	struct audit_labels *audit, uint64_t epoch, uint64_t event, const char *format, ...)
{
	va_list arguments;
	audit->found = true;
	audit->finding.epoch = epoch;
	audit->finding.event = event;
	va_start(arguments, format);
	vsnprintf(audit->finding.text, sizeof audit->finding.text, format, arguments);
	va_end(arguments);
	return E_CORRUPT;
}

const struct audit_labels_finding *audit_labels_finding(const struct audit_labels *audit)
{
	return audit->found ? &audit->finding : NULL;
}

void audit_labels_result(const struct audit_labels *audit, struct audit_labels_result *out)
{
	*out = audit->result;
	out->uncovered = audit->pending.count;
	out->subjects = subject_map_size(audit->map);
}

/* ---- beginning and end ---- */

enum error audit_labels_new(struct audit_labels **out)
{
	OWNED(audit_labels_release) struct audit_labels *audit = calloc(1, sizeof *audit);
	TRY(allocated(audit));
	audit->result.epoch_index = NO_INDEX;
	audit->rows.item_bytes = sizeof(struct waiting);
	audit->pending.item_bytes = sizeof(struct pending);
	audit->before.item_bytes = sizeof(struct hash);
	crypto_shorthash_keygen(audit->slot_key);
	merkle_frontier_init(&audit->filing);
	TRY(subject_map_new(&audit->map));
	*out = OWN_TAKE(audit);
	return E_OK;
}

void audit_labels_free(struct audit_labels *audit)
{
	if (audit == NULL)
		return;
	for (uint32_t i = 0; i < audit->subject_count; i++)
		free(audit->subjects[i].hashes);
	free(audit->subjects);
	free(audit->slots);
	free(audit->touched);
	free(audit->before.items);
	free(audit->rows.items);
	free(audit->pending.items);
	epoch_lag_free(&audit->lag);
	subject_map_free(audit->map);
	free(audit);
}

void audit_labels_compare_with(struct audit_labels *audit, const struct merkle_nodes *filing)
{
	audit->ledgers_filing = filing;
}

void audit_labels_lost(struct audit_labels *audit, const struct losses *losses)
{
	audit->losses = losses;
}

/* ---- subjects ---- */

/* The slot of a label: its own, or the empty one where it belongs. */
static uint32_t *find_slot(const struct audit_labels *audit, const struct label *label)
{
	uint8_t hash[crypto_shorthash_BYTES];
	crypto_shorthash(hash, label->b, sizeof label->b, audit->slot_key);
	size_t at = (size_t)get_u64(hash) & (audit->slot_count - 1);
	while (audit->slots[at] != NOBODY && memcmp(audit->subjects[audit->slots[at]].label.b, label->b, LABEL_BYTES) != 0)
		at = (at + 1) & (audit->slot_count - 1);
	return &audit->slots[at];
}

/* Slots are never more than half full. */
static enum error subjects_grow(struct audit_labels *audit)
{
	if (audit->subject_capacity > NOBODY / 4)
		return E_NO_MEMORY;
	uint32_t capacity = audit->subject_capacity ? 2 * audit->subject_capacity : 64;
	struct filed *subjects = realloc(audit->subjects, capacity * sizeof *subjects);
	TRY(allocated(subjects));
	audit->subjects = subjects;
	struct touched *touched = realloc(audit->touched, capacity * sizeof *touched);
	TRY(allocated(touched));
	audit->touched = touched;
	uint32_t *slots = malloc(2 * (size_t)capacity * sizeof *slots);
	TRY(allocated(slots));
	free(audit->slots);
	audit->slots = slots;
	audit->slot_count = 2 * (size_t)capacity;
	audit->subject_capacity = capacity;
	memset(slots, 0xFF, audit->slot_count * sizeof *slots);
	for (uint32_t i = 0; i < audit->subject_count; i++)
		*find_slot(audit, &subjects[i].label) = i;
	return E_OK;
}

/* The number of a label, which is new or not. */
static enum error subject_number(struct audit_labels *audit, const struct label *label, uint32_t *out)
{
	if (audit->subject_count == audit->subject_capacity)
		TRY(subjects_grow(audit));
	uint32_t *slot = find_slot(audit, label);
	if (*slot == NOBODY) {
		audit->subjects[audit->subject_count] = (struct filed){.label = *label};
		*slot = audit->subject_count++;
	}
	*out = *slot;
	return E_OK;
}

static void frontier_load(struct audit_labels *audit, uint64_t size, const struct hash *hashes)
{
	audit->scratch.size = size;
	audit->scratch.count = (uint32_t)__builtin_popcountll(size);
	if (audit->scratch.count > 0)
		memcpy(audit->scratch.hashes, hashes, audit->scratch.count * sizeof(struct hash));
}

/* Notes what a subject's tree was, when this epoch changes it for the first time. */
static enum error touch(struct audit_labels *audit, uint32_t number)
{
	struct filed *subject = &audit->subjects[number];
	size_t count = (size_t)__builtin_popcountll(subject->size);
	if (subject->touched)
		return E_OK;
	TRY(queue_room(&audit->before, count));
	audit->touched[audit->touched_count++] = (struct touched){number, subject->size, audit->before.count};
	if (count > 0)
		queue_add(&audit->before, subject->hashes, count);
	subject->touched = true;
	return E_OK;
}

/* A frontier is as long as its size has bits set, so most subjects keep two or three hashes and not sixty-three. */
static enum error subject_append(struct audit_labels *audit, uint32_t number, const struct hash *leaf)
{
	struct filed *subject = &audit->subjects[number];
	struct merkle_frontier *scratch = &audit->scratch;
	TRY(touch(audit, number));
	frontier_load(audit, subject->size, subject->hashes);
	merkle_frontier_append(scratch, leaf, NULL, NULL);
	if (scratch->count > subject->capacity) {
		struct hash *hashes = realloc(subject->hashes, scratch->count * sizeof *hashes);
		TRY(allocated(hashes));
		subject->hashes = hashes;
		subject->capacity = (uint8_t)scratch->count;
	}
	memcpy(subject->hashes, scratch->hashes, scratch->count * sizeof(struct hash));
	subject->size = scratch->size;
	return E_OK;
}

/* ---- rows of the label stream ---- */

static enum error add_row(struct audit_labels *audit, const struct waiting *waiting)
{
	uint64_t index = waiting->leaf.index;
	if (index < audit->next_row || index < audit->result.entries)
		return finding(audit, NO_INDEX, index,
			"the label stream has the event at index %" PRIu64 " twice, or out of order", index);
	audit->next_row = index + 1;
	queue_add(&audit->rows, waiting, 1);
	return E_OK;
}

/* Judged in order as they come. Whether an event stands there shows when the entry is taken. */
enum error audit_labels_rows(struct audit_labels *audit, struct bytes rows)
{
	if (audit->found)
		return E_CORRUPT;
	if (rows.len % LABEL_ROW_BYTES != 0)
		return E_TRUNCATED;
	if (rows.len == 0)
		return E_OK;
	TRY(queue_room(&audit->rows, rows.len / LABEL_ROW_BYTES));
	for (const uint8_t *at = rows.data, *end = at + rows.len; at < end; at += LABEL_ROW_BYTES) {
		struct label_row row;
		label_row_decode(at, &row);
		TRY(add_row(audit, &(struct waiting){{row.index, row.label, row.subject_blind, row.filing_blind}, false}));
	}
	return E_OK;
}

enum error audit_labels_leaves(struct audit_labels *audit, const struct audit_leaf *leaves, size_t count)
{
	if (audit->found)
		return E_CORRUPT;
	TRY(queue_room(&audit->rows, count));
	for (size_t i = 0; i < count; i++)
		TRY(add_row(audit, &(struct waiting){leaves[i], true}));
	return E_OK;
}

void audit_leaf_make(const struct label_row *row, const struct hash *entry_leaf, struct audit_leaf *out)
{
	out->index = row->index;
	out->label = row->label;
	subject_leaf_hash(&row->subject_blind, row->index, entry_leaf, &out->subject);
	filing_leaf_hash(&row->filing_blind, row->index, &row->label, &out->filing);
}

static const struct waiting *first_row(const struct audit_labels *audit)
{
	return audit->rows.count > 0 ? queue_item(&audit->rows, 0) : NULL;
}

/* ---- entries ---- */

static enum error take_event(struct audit_labels *audit, uint64_t index, const struct hash *entry_leaf)
{
	struct pending event = {.index = index, .subject = NOBODY};
	TRY(queue_room(&audit->pending, 1));
	const struct waiting *row = first_row(audit);
	if (row != NULL && row->leaf.index == index) {
		struct audit_leaf leaf = row->leaf;
		const struct label_row blind = {index, leaf.label, leaf.subject, leaf.filing};
		if (!row->made)
			audit_leaf_make(&blind, entry_leaf, &leaf);
		queue_drop(&audit->rows, 1);
		TRY(subject_number(audit, &leaf.label, &event.subject));
		event.subject_leaf = leaf.subject;
		event.filing_leaf = leaf.filing;
	}
	queue_add(&audit->pending, &event, 1);
	return E_OK;
}

static bool is_lost(const struct audit_labels *audit, uint64_t index)
{
	return audit->losses != NULL && losses_cover(audit->losses, index);
}

static enum error check_lag(struct audit_labels *audit, uint64_t index, const struct entry *entry)
{
	uint64_t late;
	enum error error = epoch_lag_entry(&audit->lag, index, entry, &late);
	if (error != E_CORRUPT)
		return error;
	return finding(audit, NO_INDEX, late,
		"the event at index %" PRIu64 " is filed too late: the log goes on for more than %" PRIu64
		" seconds, to index %" PRIu64 ", before an epoch covers it",
		late, audit->lag.lag_s, index);
}

/* What an epoch entry covers that none before it did. */
struct covered {
	uint64_t epoch; /* index of the entry */
	const struct entry_epoch *entry;
	const struct pending *events;
	size_t count;
	uint64_t first_leaf; /* place of events[0] in the filing tree */
};

/* Where a filing root does not hold: the first leaf of the ledger's own tree that is another, if the caller has it.
 * E_OK: it cannot be told. */
static enum error name_leaf(struct audit_labels *audit, const struct covered *covered)
{
	const struct merkle_nodes *nodes = audit->ledgers_filing;
	const struct pending *events = covered->events;
	struct hash leaf;
	for (size_t i = 0; nodes != NULL && i < covered->count; i++) {
		uint64_t index = events[i].index;
		if (nodes->node(nodes->context, 0, covered->first_leaf + i, &leaf) != E_OK)
			break;
		if (hash_equal(&leaf, &events[i].filing_leaf))
			continue;
		if (i > 0 && hash_equal(&leaf, &events[i - 1].filing_leaf))
			return finding(audit, covered->epoch, events[i - 1].index,
				"the filing tree has the event at index %" PRIu64 " twice", events[i - 1].index);
		if (i + 1 < covered->count && hash_equal(&leaf, &events[i + 1].filing_leaf))
			return finding(audit, covered->epoch, index,
				"the filing tree does not have the event at index %" PRIu64 " in its place", index);
		return finding(audit, covered->epoch, index,
			"the filing tree has the event at index %" PRIu64 " under another label than the label stream", index);
	}
	return E_OK;
}

static enum error file_events(struct audit_labels *audit, const struct covered *covered)
{
	for (size_t i = 0; i < covered->count; i++) {
		const struct pending *event = &covered->events[i];
		if (event->subject == NOBODY)
			return finding(audit, covered->epoch, event->index,
				"the event at index %" PRIu64 " is filed under nobody: the label stream does not have it",
				event->index);
		TRY(subject_append(audit, event->subject, &event->subject_leaf));
		merkle_frontier_append(&audit->filing, &event->filing_leaf, NULL, NULL);
	}
	return E_OK;
}

/* The new values of the subjects whose trees have grown. */
static enum error update_map(struct audit_labels *audit)
{
	for (size_t i = 0; i < audit->touched_count; i++) {
		struct filed *subject = &audit->subjects[audit->touched[i].subject];
		struct hash root, value;
		frontier_load(audit, subject->size, subject->hashes);
		merkle_frontier_root(&audit->scratch, &root);
		subject_value(subject->size, &root, &value);
		TRY(subject_map_set(audit->map, subject->label.b, &value));
		subject->touched = false;
	}
	return E_OK;
}

/* By subject, then by index. */
static int compare_events(const void *a, const void *b)
{
	const struct pending *left = *(const struct pending *const *)a, *right = *(const struct pending *const *)b;
	if (left->subject != right->subject)
		return left->subject < right->subject ? -1 : 1;
	return left->index < right->index ? -1 : left->index > right->index;
}

static int compare_touched(const void *a, const void *b)
{
	const struct touched *left = a, *right = b;
	return left->subject < right->subject ? -1 : left->subject > right->subject;
}

/* One subject's events, in order. */
static enum error suspect_subject(struct audit_labels *audit, const struct covered *covered,
	const struct touched *touched, const struct pending *const *events, size_t count)
{
	static const char *const texts[] = {
		[SUSPECT_LEFT_OUT] = "the subject tree does not have the event at index %" PRIu64,
		[SUSPECT_ALL_OUT] = "the subject tree ends before the event at index %" PRIu64,
		[SUSPECT_TWICE] = "the subject tree has the event at index %" PRIu64 " twice",
		[SUSPECT_SWAPPED] = "the subject tree has the event at index %" PRIu64 " after a later one"};
	struct hash leaves[SUSPECTS_MAX], value;
	struct map_proof proof;
	size_t at;
	if (count > SUSPECTS_MAX)
		return E_OK;
	for (size_t i = 0; i < count; i++)
		leaves[i] = events[i]->subject_leaf;
	const struct filed *subject = &audit->subjects[touched->subject];
	frontier_load(audit, touched->size, touched->size > 0 ? queue_item(&audit->before, touched->first_hash) : NULL);
	subject_map_prove(audit->map, subject->label.b, &value, &proof);
	struct suspect_tree tree = {subject->label, &audit->scratch, leaves, count, bytes_of(proof.bytes, proof.len)};
	enum suspicion suspicion = suspect_find(&covered->entry->map_root, &tree, &at);
	if (suspicion == SUSPECT_NONE)
		return E_OK;
	return finding(audit, covered->epoch, events[at]->index, texts[suspicion], events[at]->index);
}

/* Where a map root does not hold: whether one fault in one subject's tree explains it. E_OK: none does. */
static enum error name_subject(struct audit_labels *audit, const struct covered *covered)
{
	if (covered->count == 0)
		return E_OK;
	OWNED_MEMORY const struct pending **events = malloc(covered->count * sizeof *events);
	TRY(allocated(events));
	for (size_t i = 0; i < covered->count; i++)
		events[i] = &covered->events[i];
	qsort(events, covered->count, sizeof *events, compare_events);
	qsort(audit->touched, audit->touched_count, sizeof *audit->touched, compare_touched);
	for (size_t i = 0, from = 0, to; i < audit->touched_count; i++, from = to) {
		for (to = from; to < covered->count && events[to]->subject == audit->touched[i].subject; to++)
			;
		TRY(suspect_subject(audit, covered, &audit->touched[i], events + from, to - from));
	}
	return E_OK;
}

static enum error compare_epoch(struct audit_labels *audit, const struct covered *covered)
{
	struct hash filing_root, map_root;
	TRY(file_events(audit, covered));
	merkle_frontier_root(&audit->filing, &filing_root);
	bool filing_holds = hash_equal(&filing_root, &covered->entry->filing_root);
	if (!filing_holds)
		TRY(name_leaf(audit, covered));
	TRY(update_map(audit));
	subject_map_root(audit->map, &map_root);
	bool map_holds = hash_equal(&map_root, &covered->entry->map_root);
	if (!map_holds)
		TRY(name_subject(audit, covered));
	if (!filing_holds || !map_holds)
		return finding(audit, covered->epoch, NO_INDEX, "the %s root is not that of the event entries below %" PRIu64,
			filing_holds ? "map" : "filing", covered->entry->size);
	audit->touched_count = 0;
	queue_drop(&audit->before, audit->before.count);
	return E_OK;
}

static enum error take_epoch(struct audit_labels *audit, uint64_t index, const struct entry_epoch *epoch)
{
	struct covered covered = {.epoch = index, .entry = epoch, .first_leaf = audit->filing.size};
	if (epoch->size > index || epoch->size < audit->epoch_size)
		return finding(audit, index, NO_INDEX, "the epoch covers entries after itself, or fewer than the one before");
	audit->result.epochs++;
	if (audit->losses != NULL && losses_hide_epoch(audit->losses, index, epoch->size)) {
		audit->result.unverifiable++;
		audit->epoch_size = epoch->size;
		return E_OK;
	}
	if (audit->pending.count > 0)
		covered.events = queue_item(&audit->pending, 0);
	while (covered.count < audit->pending.count && covered.events[covered.count].index < epoch->size)
		covered.count++;
	TRY(compare_epoch(audit, &covered));
	queue_drop(&audit->pending, covered.count);
	audit->result.events += covered.count;
	audit->epoch_size = epoch->size;
	audit->result.epoch_index = index;
	audit->result.epoch = *epoch;
	return E_OK;
}

static enum error take_entry(
	struct audit_labels *audit, uint64_t index, const struct entry *entry, const struct hash *leaf)
{
	if ((index == 0) != (entry->kind == ENTRY_GENESIS))
		return finding(audit, NO_INDEX, NO_INDEX, "the log does not begin with its genesis entry");
	TRY(check_lag(audit, index, entry));
	if (entry->kind == ENTRY_EVENT && !is_lost(audit, index))
		TRY(take_event(audit, index, leaf));
	if (first_row(audit) != NULL && first_row(audit)->leaf.index <= index)
		return finding(
			audit, NO_INDEX, index, "the label stream has index %" PRIu64 ", and no event entry stands there", index);
	return entry->kind == ENTRY_EPOCH ? take_epoch(audit, index, &entry->epoch) : E_OK;
}

enum error audit_labels_entry(struct audit_labels *audit, const struct entry *entry, const struct hash *leaf)
{
	if (audit->found)
		return E_CORRUPT;
	TRY(take_entry(audit, audit->result.entries, entry, leaf));
	audit->result.entries++;
	return E_OK;
}

enum error audit_labels_end(struct audit_labels *audit)
{
	if (audit->found)
		return E_CORRUPT;
	if (first_row(audit) == NULL)
		return E_OK;
	uint64_t index = first_row(audit)->leaf.index;
	return finding(audit, NO_INDEX, index, "the label stream has index %" PRIu64 ", and the log ends before it", index);
}
