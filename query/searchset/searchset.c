/*   ORDER_LOG_DOWN: find ─► look ─► entry, until the page is full; the next page begins below the last index
 *   other orders, and counts: find ─► look ─► (key, index) of all ─► sorted ─► those behind the place are opened again
 *
 * All pages are below the size that the log had when the first one was made, so what comes meanwhile moves nothing.
 * What is withheld or erased is said where it is passed: once on all pages of the first kind, on the first page of the
 * other. */
#include "query/searchset/searchset.h"

#include "ledger/base/grow.h"
#include "ledger/json/json_outcome.h"
#include "ledger/text/timestamp.h"
#include "query/answer/numbers.h"
#include "query/answer/proof.h"
#include "query/fhir/audit_event.h"
#include "query/fhir/outcome.h"
#include "query/fhir/terms.h"

#define AT_ONCE 256

struct found {
	int64_t key;
	uint64_t index;
};

struct searchset {
	struct snapshot *snapshot;
	const struct searchset_query *query;
	struct text *text; /* the list of entries is open */
	json_t *outcome;
	struct sender sender; /* the last one that was looked up; its id 0: none yet */
	uint64_t low, size;   /* indexes that may match: low <= index < size */
	uint32_t scanned, entries, matches;
	size_t found_count, found_room;
	struct found *found;
	bool more; /* there is another page, behind `last` */
	struct found last;
	struct fault *fault;
};

static void searchset_release(struct searchset *set)
{
	json_decref(set->outcome);
	free(set->found);
}

enum seen { SEEN_NOTHING, SEEN_WITHHELD, SEEN_ERASED, SEEN_EVENT };

/* ---- one event ---- */

static enum error find_sender(struct searchset *set, uint32_t id)
{
	if (set->sender.id == id)
		return E_OK;
	set->sender.id = 0;
	return snapshot_sender(set->snapshot, id, &set->sender);
}

static bool is_theirs(const struct searchset *set)
{
	return bytes_equal(bytes_text(set->sender.org), set->query->org);
}

static enum error make_event(struct searchset *set, uint64_t index, const struct opened *opened,
	const struct event_header *header, enum seen *seen, json_t **out)
{
	struct event event;
	TRY(event_decode(opened->disclosed, BYTES_EMPTY, NULL, true, &event, set->fault));
	if (!bytes_equal(event_subject(&event), set->query->subject))
		return fault_set(
			set->fault, E_CORRUPT, "index %llu is filed under another subject than its own", (unsigned long long)index);
	if (set->query->org.len > 0 && !bytes_equal(event_org_id(&event), set->query->org) && !is_theirs(set))
		return E_OK;
	event.header = *header;
	*seen = SEEN_EVENT;
	return audit_event_json(
		&(struct audit_event){
			.event = &event, .index = index, .ledger_time_s = opened->entry.time_s, .sender = &set->sender},
		out);
}

/* `*out` a new reference for SEEN_EVENT, else NULL. */
static enum error look(struct searchset *set, uint64_t index, enum seen *seen, struct opened *opened,
	struct event_header *header, json_t **out)
{
	struct bytes entry;
	*seen = SEEN_NOTHING;
	*out = NULL;
	set->scanned++;
	enum error error = proof_open(set->snapshot, index, &entry, opened);
	if (error != E_OK && error != E_ERASED)
		return fault_set(set->fault, error, "index %llu: %s", (unsigned long long)index, error_reason(error));
	struct reader reader = reader_of(opened->header);
	event_header_decode(&reader, header);
	TRY(reader_done(&reader));
	TRY(find_sender(set, opened->entry.sender));
	bool withheld = header->withheld_until_s > set->query->now_s;
	if (!withheld && error == E_OK)
		return make_event(set, index, opened, header, seen, out);
	if (set->query->org.len == 0 || is_theirs(set))
		*seen = withheld ? SEEN_WITHHELD : SEEN_ERASED;
	return E_OK;
}

/* ---- what is said beside ---- */

static json_t *said_of(uint64_t index, uint64_t ledger_time_s)
{
	char time[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(ledger_time_s, time);
	return json_pack("[o, o]", terms_extension("index", "valueString", json_sprintf("%llu", (unsigned long long)index)),
		terms_extension("ledger_time", "valueInstant", json_string(time)));
}

static enum error say_withheld(struct searchset *set, const struct event_header *header, json_t *said)
{
	char time[TIMESTAMP_TEXT_MAX], text[TIMESTAMP_TEXT_MAX + WITHHELD_BASIS_BYTES_MAX + 64];
	timestamp_format_s(header->withheld_until_s, time);
	snprintf(text, sizeof text, "an event is withheld until %s: %.*s", time, header->basis_len, header->basis);
	if (said == NULL ||
		json_array_append_new(said, terms_extension("withheld_until", "valueInstant", json_string(time))) != 0) {
		json_decref(said);
		return E_NO_MEMORY;
	}
	return outcome_add_with(set->outcome, "information", "suppressed", text, said);
}

static enum error say_erased(struct searchset *set, json_t *said)
{
	char text[NAME_BYTES_MAX + 64];
	snprintf(text, sizeof text, "an event was erased that was reported by %s", set->sender.name);
	return outcome_add_with(set->outcome, "information", "deleted", text, said);
}

static enum error say(struct searchset *set, uint64_t index, enum seen seen, const struct opened *opened,
	const struct event_header *header)
{
	if (seen == SEEN_WITHHELD)
		return say_withheld(set, header, said_of(index, opened->entry.time_s));
	return seen == SEEN_ERASED ? say_erased(set, said_of(index, opened->entry.time_s)) : E_OK;
}

/* To what time this is all there is, and what was not understood. */
static enum error say_complete(struct searchset *set)
{
	char time[TIMESTAMP_TEXT_MAX], text[TIMESTAMP_TEXT_MAX + 128];
	timestamp_format_s(snapshot_time_s(set->snapshot), time);
	snprintf(text, sizeof text,
		"made from what was reported until %s; what is withheld or erased is said beside this, whatever was asked for",
		time);
	json_t *said = json_pack("[o]", terms_extension("complete_until", "valueInstant", json_string(time)));
	TRY(outcome_add_with(set->outcome, "information", "informational", text, said));
	if (!set->query->search->ignored)
		return E_OK;
	return outcome_add(set->outcome, "warning", "not-supported",
		"a parameter or modifier that is not known here was ignored, as was asked for; the link 'self' has what was "
		"understood");
}

/* ---- entries ---- */

static enum error add_entry(struct searchset *set, uint64_t index, const json_t *event)
{
	char address[512];
	struct text *text = set->text;
	int len = snprintf(address, sizeof address, "%s/AuditEvent/%llu", set->query->base, (unsigned long long)index);
	if (len < 0 || (size_t)len >= sizeof address)
		return E_TOO_LONG;
	text_object(text, NULL);
	text_string(text, "fullUrl", bytes_text(address));
	text_json(text, "resource", event);
	text_object(text, "search");
	text_string(text, "mode", BYTES_LITERAL("match"));
	text_object_end(text);
	text_object_end(text);
	set->entries++;
	return text->error;
}

/* Each of the person's events in the window, newest first, until `take` says that it is enough. */
static enum error walk(struct searchset *set, uint64_t before, bool says,
	enum error (*take)(struct searchset *, uint64_t, json_t *, bool *))
{
	uint64_t indexes[AT_ONCE];
	bool enough = false;
	for (size_t count = AT_ONCE; count == AT_ONCE;) {
		TRY(snapshot_find(set->snapshot, set->query->subject, before, indexes, AT_ONCE, &count));
		for (size_t i = 0; i < count && indexes[i] >= set->low; i++) {
			json_auto_t *event = NULL;
			struct opened opened;
			struct event_header header;
			enum seen seen;
			TRY(take(set, indexes[i], NULL, &enough));
			if (enough)
				return E_OK;
			TRY(look(set, indexes[i], &seen, &opened, &header, &event));
			if (says)
				TRY(say(set, indexes[i], seen, &opened, &header));
			set->last = (struct found){.index = indexes[i]};
			if (event != NULL && search_matches(set->query->search, event))
				TRY(take(set, indexes[i], event, &enough));
		}
		if (count == 0 || indexes[count - 1] < set->low)
			return E_OK;
		before = indexes[count - 1];
	}
	return E_OK;
}

/* Called before an event is looked at, with none, and again with one that matches. */
static enum error take_entry(struct searchset *set, uint64_t index, json_t *event, bool *enough)
{
	if (event != NULL) {
		set->matches++;
		return add_entry(set, index, event);
	}
	set->more = *enough = set->entries >= set->query->search->page || set->scanned >= SEARCHSET_SCAN_MAX ||
						  text_written(set->text) >= SEARCHSET_BYTES_MAX;
	return E_OK;
}

static enum error take_key(struct searchset *set, uint64_t index, json_t *event, bool *enough)
{
	enum search_order order = set->query->search->order;
	struct found found = {.key = 0, .index = index};
	*enough = false;
	if (event == NULL && set->scanned >= SEARCHSET_SCAN_MAX)
		return fault_set(set->fault, E_TOO_LONG,
			"more than %u events would have to be looked at to sort or count them; ask for less with _lastUpdated, or "
			"without _sort and _summary",
			SEARCHSET_SCAN_MAX);
	if (event == NULL)
		return E_OK;
	const char *recorded = json_string_value(json_object_get(event, "recorded"));
	if (order == ORDER_DATE_UP || order == ORDER_DATE_DOWN)
		TRY(timestamp_parse(bytes_text(recorded), &found.key));
	TRY(GROW(set->found, set->found_room, set->found_count + 1));
	set->found[set->found_count++] = found;
	set->matches++;
	return E_OK;
}

static int compare(const void *a, const void *b)
{
	const struct found *left = a, *right = b;
	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return (left->index > right->index) - (left->index < right->index);
}

static bool goes_up(const struct searchset *set)
{
	enum search_order order = set->query->search->order;
	return order == ORDER_DATE_UP || order == ORDER_LOG_UP;
}

static bool is_behind(const struct searchset *set, const struct found *found)
{
	const struct continuation *from = set->query->from;
	if (from == NULL)
		return true;
	int order = compare(found, &(struct found){.key = from->key, .index = from->before});
	return goes_up(set) ? order > 0 : order < 0;
}

static enum error add_sorted(struct searchset *set)
{
	qsort(set->found, set->found_count, sizeof *set->found, compare);
	for (size_t i = 0; i < set->found_count; i++) {
		json_auto_t *event = NULL;
		struct opened opened;
		struct event_header header;
		enum seen seen;
		const struct found *found = &set->found[goes_up(set) ? i : set->found_count - 1 - i];
		if (!is_behind(set, found))
			continue;
		if (set->entries >= set->query->search->page || text_written(set->text) >= SEARCHSET_BYTES_MAX) {
			set->more = true;
			return E_OK;
		}
		TRY(look(set, found->index, &seen, &opened, &header, &event));
		if (event != NULL)
			TRY(add_entry(set, found->index, event));
		set->last = *found;
	}
	return E_OK;
}

static enum error fill(struct searchset *set)
{
	const struct continuation *from = set->query->from;
	const struct search *search = set->query->search;
	if (search->order == ORDER_LOG_DOWN && !search->counted)
		return walk(set, from != NULL && from->before < set->size ? from->before : set->size, true, take_entry);
	TRY(walk(set, set->size, from == NULL, take_key));
	return search->counted || set->found_count == 0 ? E_OK : add_sorted(set);
}

/* ---- the bundle ---- */

static void add_outcome(struct searchset *set)
{
	text_object(set->text, NULL);
	text_json(set->text, "resource", set->outcome);
	text_object(set->text, "search");
	text_string(set->text, "mode", BYTES_LITERAL("outcome"));
	text_object_end(set->text);
	text_object_end(set->text);
}

static enum error add_link(struct searchset *set, const char *relation, const char *query)
{
	OWNED_MEMORY char *url = NULL;
	int len = asprintf(&url, "%s/AuditEvent%s%s", set->query->base, *query != '\0' ? "?" : "", query);
	if (len < 0) {
		url = NULL;
		return E_NO_MEMORY;
	}
	text_object(set->text, NULL);
	text_string(set->text, "relation", bytes_text(relation));
	text_string(set->text, "url", bytes_text(url));
	text_object_end(set->text);
	return set->text->error;
}

static enum error add_page_link(struct searchset *set, const char *relation, const struct continuation *place)
{
	OWNED_MEMORY char *sealed = NULL, *query = NULL;
	TRY(continuation_seal(set->query->key, place, &sealed));
	if (asprintf(&query, "_page=%s", sealed) < 0) {
		query = NULL;
		return E_NO_MEMORY;
	}
	return add_link(set, relation, query);
}

static enum error add_links(struct searchset *set)
{
	const struct search *search = set->query->search;
	struct continuation next = {.before = set->last.index, .size = set->size, .key = set->last.key};
	text_list(set->text, "link");
	if (set->query->from != NULL)
		TRY(add_page_link(set, "self", set->query->from));
	else
		TRY(add_link(set, "self", search->asked));
	if (set->more) {
		memcpy(next.subject, set->query->subject.data, set->query->subject.len);
		memcpy(next.asked, search->asked, search->asked_len + 1);
		TRY(add_page_link(set, "next", &next));
	}
	text_list_end(set->text);
	return E_OK;
}

/* Below the size of the first page, and within the times that are asked for. */
static enum error find_window(struct searchset *set)
{
	uint64_t from_s, to_s, high;
	set->size = snapshot_checkpoint(set->snapshot)->size;
	search_window(set->query->search, &from_s, &to_s);
	if (from_s > 0)
		TRY(numbers_index_at(set->snapshot, from_s, &set->low));
	if (set->query->from != NULL && set->query->from->size < set->size)
		set->size = set->query->from->size;
	if (to_s == UINT64_MAX)
		return E_OK;
	TRY(numbers_index_at(set->snapshot, to_s, &high));
	set->size = high < set->size ? high : set->size;
	return E_OK;
}

enum error searchset_write(
	struct snapshot *snapshot, const struct searchset_query *query, struct text *out, struct fault *fault)
{
	OWNED(searchset_release)
	struct searchset set = {
		.snapshot = snapshot, .query = query, .text = out, .outcome = json_outcome(), .fault = fault};
	TRY(allocated(set.outcome));
	TRY(find_window(&set));
	TRY(say_complete(&set));
	text_object(out, NULL);
	text_string(out, "resourceType", BYTES_LITERAL("Bundle"));
	text_string(out, "type", BYTES_LITERAL("searchset"));
	text_list(out, "entry");
	TRY(fill(&set));
	add_outcome(&set);
	text_list_end(out);
	/* How many match is known where all of them were looked at. */
	bool all = query->search->counted || query->search->order != ORDER_LOG_DOWN || (query->from == NULL && !set.more);
	if (all)
		text_number(out, "total", set.matches);
	TRY(add_links(&set));
	text_object_end(out);
	return text_done(out);
}

enum error searchset_event(struct snapshot *snapshot, const struct searchset_query *query, uint64_t index,
	struct text *out, struct fault *fault)
{
	json_auto_t *event = NULL;
	struct opened opened;
	struct event_header header;
	enum seen seen;
	uint64_t found;
	size_t count;
	char time[TIMESTAMP_TEXT_MAX];
	struct searchset set = {.snapshot = snapshot, .query = query, .text = out, .fault = fault};
	if (index >= snapshot_checkpoint(snapshot)->size)
		return E_NOT_FOUND;
	TRY(snapshot_find(snapshot, query->subject, index + 1, &found, 1, &count));
	if (count == 0 || found != index)
		return E_NOT_FOUND;
	TRY(look(&set, index, &seen, &opened, &header, &event));
	if (seen == SEEN_NOTHING)
		return E_NOT_FOUND;
	timestamp_format_s(header.withheld_until_s, time);
	if (seen == SEEN_WITHHELD)
		return fault_set(
			fault, E_FORBIDDEN, "the event is withheld until %s: %.*s", time, header.basis_len, header.basis);
	if (seen == SEEN_ERASED)
		return fault_set(fault, E_ERASED, "the event was erased");
	text_json(out, NULL, event);
	return text_done(out);
}
