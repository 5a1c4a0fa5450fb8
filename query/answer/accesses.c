/* The window becomes a range of log indexes, and the person's events in it are opened from the newest on.
 *
 *   from, to ─► a binary search over ledger time for each ─► [low, before)
 *   index ─► opened ─┬─ withheld until later ─► "withheld", without who reported it
 *                    ├─ erased ───────────────► "accesses", with who reported it and nothing else
 *                    └─ open ─► another subject than asked for: E_CORRUPT ─► of `org`? ─► "accesses"
 *
 * Withheld is asked before erased: while an event may not be shown, that it was erased is not shown either. A page ends
 * with its limit, with what it opened or with its bytes, so with a filter it may be empty and another one follow. A
 * record that cannot be opened fails the whole page: a list with a hole in it would look like a whole one. */
#include "query/answer/accesses.h"

#include "ledger/event/event_json.h"
#include "ledger/json/json_number.h"
#include "ledger/text/timestamp.h"
#include "query/answer/proof.h"

#include <string.h>

#define NS_PER_S 1000000000

/* One page while it is made. */
struct page {
	struct snapshot *snapshot;
	const struct accesses_query *query;
	json_t *accesses;
	json_t *withheld;
	uint32_t items;
	uint32_t scanned;
	size_t bytes;
	struct fault *fault;
};

enum error accesses_time(const char *text, uint64_t *out)
{
	char full[sizeof "2026-11-23T00:00:00Z"];
	int64_t time_ns = 0;
	if (strlen(text) == strlen("2026-11-23")) {
		memcpy(full, text, strlen(text));
		strcpy(full + strlen(text), "T00:00:00Z");
		text = full;
	}
	TRY(timestamp_parse(bytes_text(text), &time_ns));
	*out = (uint64_t)time_ns / NS_PER_S + ((uint64_t)time_ns % NS_PER_S != 0);
	return E_OK;
}

void accesses_question(const struct accesses_query *query, struct hash *out)
{
	uint8_t fixed[24];
	put_u64(fixed, query->subject.len);
	put_u64(fixed + 8, query->from_s);
	put_u64(fixed + 16, query->to_s);
	const struct bytes parts[] = {BYTES_ARRAY(fixed), query->subject, query->org};
	hash_blake2b(NULL, parts, sizeof parts / sizeof parts[0], out);
}

/* ---- the window, as indexes ---- */

/* The first index whose time is at least `time_s`: ledger time never runs backwards. */
static enum error index_from(struct snapshot *snapshot, uint64_t time_s, uint64_t *out)
{
	struct checkpoint checkpoint;
	struct bytes note;
	snapshot_checkpoint(snapshot, &checkpoint, &note);
	uint64_t low = 0;
	uint64_t high = checkpoint.size;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		uint64_t here = 0;
		TRY(snapshot_time_at(snapshot, middle, &here));
		if (here >= time_s)
			high = middle;
		else
			low = middle + 1;
	}
	*out = low;
	return E_OK;
}

/* ---- one event ---- */

static int set_sender(struct page *page, json_t *object, uint32_t id)
{
	struct sender sender;
	if (snapshot_sender(page->snapshot, id, &sender) != E_OK)
		return -1;
	json_t *json = json_object();
	int failed = json_object_set_new_nocheck(json, "id", json_integer(id));
	failed |= json_object_set_new_nocheck(json, "org", json_string(sender.org));
	failed |= json_object_set_new_nocheck(json, "name", json_string(sender.name));
	return failed | json_object_set_new_nocheck(object, "sender", json);
}

/* The parts that every item has. */
static enum error set_common(struct page *page, json_t *item, uint64_t index, const struct opened *opened, bool open)
{
	json_t *proof = NULL;
	TRY(proof_make(page->snapshot, index, opened, open, &proof));
	int failed = json_object_set_new_nocheck(item, "index", json_integer((json_int_t)index));
	failed |= json_object_set_new_nocheck(item, "ledger_time", json_time(opened->entry.time_s));
	failed |= json_object_set_new_nocheck(item, "proof", proof);
	return failed ? E_NO_MEMORY : E_OK;
}

static enum error add_withheld(
	struct page *page, uint64_t index, const struct opened *opened, const struct event_header *header)
{
	json_auto_t *item = json_object();
	int failed = json_object_set_new_nocheck(item, "until", json_time(header->withheld_until_s));
	failed |= json_object_set_new_nocheck(item, "basis", json_stringn(header->basis, header->basis_len));
	if (failed)
		return E_NO_MEMORY;
	TRY(set_common(page, item, index, opened, false));
	page->items++;
	return json_array_append(page->withheld, item) == 0 ? E_OK : E_NO_MEMORY;
}

static enum error add_erased(struct page *page, uint64_t index, const struct opened *opened)
{
	json_auto_t *item = json_object();
	int failed = json_object_set_new_nocheck(item, "erased", json_true());
	failed |= set_sender(page, item, opened->entry.sender);
	if (failed)
		return E_NO_MEMORY;
	TRY(set_common(page, item, index, opened, false));
	page->items++;
	return json_array_append(page->accesses, item) == 0 ? E_OK : E_NO_MEMORY;
}

/* Whether the organisation that is asked for reported it, in whosever name. */
static bool is_reporter(const struct page *page, uint32_t id)
{
	struct sender sender;
	return snapshot_sender(page->snapshot, id, &sender) == E_OK &&
		   bytes_equal(bytes_text(sender.org), page->query->org);
}

static enum error add_open(
	struct page *page, uint64_t index, const struct opened *opened, const struct event_header *header)
{
	struct event event;
	TRY(event_decode(opened->disclosed, BYTES_EMPTY, NULL, true, &event, page->fault));
	if (!bytes_equal(event_subject(&event), page->query->subject))
		return fault_set(page->fault, E_CORRUPT, "index %llu is filed under another subject than its own",
			(unsigned long long)index);
	if (page->query->org.len > 0 && !bytes_equal(event_org_id(&event), page->query->org) &&
		!is_reporter(page, opened->entry.sender))
		return E_OK;
	event.header = *header;
	json_auto_t *item = event_to_json(&event);
	if (set_sender(page, item, opened->entry.sender) != 0)
		return E_NO_MEMORY;
	TRY(set_common(page, item, index, opened, true));
	page->items++;
	page->bytes += opened->disclosed.len;
	return json_array_append(page->accesses, item) == 0 ? E_OK : E_NO_MEMORY;
}

static enum error add_event(struct page *page, uint64_t index)
{
	struct opened opened;
	enum error error = snapshot_open_record(page->snapshot, index, &opened);
	if (error != E_OK && error != E_ERASED)
		return fault_set(page->fault, error, "index %llu: %s", (unsigned long long)index, error_reason(error));
	struct event_header header;
	struct reader reader = reader_of(opened.header);
	event_header_decode(&reader, &header);
	TRY(reader_done(&reader));
	page->scanned++;
	if (header.withheld_until_s > page->query->now_s)
		return add_withheld(page, index, &opened, &header);
	if (error == E_ERASED)
		return add_erased(page, index, &opened);
	return add_open(page, index, &opened, &header);
}

/* ---- the page ---- */

static bool page_full(const struct page *page)
{
	return page->items >= page->query->limit || page->scanned >= ACCESSES_SCAN_MAX || page->bytes >= ACCESSES_BYTES_MAX;
}

/* Fills in the page with the newest events of [low, before); `next` as in accesses_page. */
static enum error page_fill(struct page *page, uint64_t low, uint64_t before, uint64_t *next)
{
	uint64_t indexes[QUERY_PAGE_MAX + 1];
	/* One more than the page holds: whether there is another page is then known without asking again. */
	size_t max = page->query->org.len > 0 ? QUERY_PAGE_MAX + 1 : page->query->limit + 1;
	size_t count = max;
	while (count == max) {
		TRY(snapshot_find(page->snapshot, page->query->subject, before, indexes, max, &count));
		for (size_t i = 0; i < count; i++) {
			if (indexes[i] < low) {
				*next = 0;
				return E_OK;
			}
			if (page_full(page)) {
				*next = before;
				return E_OK;
			}
			TRY(add_event(page, indexes[i]));
			before = indexes[i];
		}
	}
	*next = 0;
	return E_OK;
}

static enum error page_json(struct page *page, json_t *coverage, json_t **out)
{
	const struct accesses_query *query = page->query;
	struct checkpoint checkpoint;
	struct bytes note;
	snapshot_checkpoint(page->snapshot, &checkpoint, &note);
	*out = json_pack("{s:s%, s:O, s:{s:I, s:O}, s:o, s:O, s:s, s:s%}", "subject", (const char *)query->subject.data,
		query->subject.len, "accesses", page->accesses, "withheld", "count",
		(json_int_t)json_array_size(page->withheld), "events", page->withheld, "complete_until",
		json_time(snapshot_time_s(page->snapshot)), "coverage", coverage, "origin", checkpoint.origin, "checkpoint",
		(const char *)note.data, note.len);
	return *out != NULL ? E_OK : E_NO_MEMORY;
}

enum error accesses_page(struct snapshot *snapshot, const struct accesses_query *query, json_t *coverage, json_t **out,
	uint64_t *next, struct fault *fault)
{
	if (query->limit < 1 || query->limit > QUERY_PAGE_MAX)
		return fault_set(fault, E_BAD_VALUE, "limit must be 1 to %u", QUERY_PAGE_MAX);
	json_auto_t *accesses = json_array();
	json_auto_t *withheld = json_array();
	struct page page = {
		.snapshot = snapshot, .query = query, .accesses = accesses, .withheld = withheld, .fault = fault};
	uint64_t low = 0;
	uint64_t before = query->before;
	if (query->from_s > 0)
		TRY(index_from(snapshot, query->from_s, &low));
	if (query->to_s < UINT64_MAX) {
		uint64_t high = 0;
		TRY(index_from(snapshot, query->to_s, &high));
		before = before < high ? before : high;
	}
	uint64_t place = 0;
	TRY(page_fill(&page, low, before, &place));
	TRY(page_json(&page, coverage, out));
	*next = place;
	return E_OK;
}
