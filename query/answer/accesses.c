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

#include "ledger/text/timestamp.h"
#include "query/answer/event_text.h"
#include "query/answer/proof.h"
#include "query/http/cursor.h"

#define NS_PER_S 1000000000

/* One page while it is made. Invariant: the list of accesses is open in `text`, and in `withheld` the other one, which
 * comes behind it. */
struct page {
	struct snapshot *snapshot;
	const struct accesses_query *query;
	struct text *text;
	struct text withheld;
	uint32_t withheld_count;
	uint32_t items;
	uint32_t scanned;
	size_t bytes;
	struct sender sender; /* the last one that was looked up; its id 0: none yet */
	struct bytes entry;   /* of the event at hand */
	struct fault *fault;
};

static void page_release(struct page *page)
{
	text_release(&page->withheld);
}

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
	uint8_t fixed[26];
	put_u64(fixed, query->subject.len);
	put_u64(fixed + 8, query->from_s);
	put_u64(fixed + 16, query->to_s);
	fixed[24] = query->org_alone;
	fixed[25] = query->whole;
	const struct bytes parts[] = {BYTES_ARRAY(fixed), query->subject, query->org};
	hash_blake2b(NULL, parts, sizeof parts / sizeof parts[0], out);
}

/* ---- the window, as indexes ---- */

/* The first index whose time is at least `time_s`: ledger time never runs backwards. */
static enum error index_from(struct snapshot *snapshot, uint64_t time_s, uint64_t *out)
{
	uint64_t low = 0;
	uint64_t high = snapshot_checkpoint(snapshot)->size;
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

/* The last one is kept: few senders report about one person, and mostly the same again. */
static enum error find_sender(struct page *page, uint32_t id)
{
	if (page->sender.id == id)
		return E_OK;
	page->sender.id = 0;
	return snapshot_sender(page->snapshot, id, &page->sender);
}

static enum error add_sender(struct page *page, uint32_t id)
{
	struct text *text = page->text;
	TRY(find_sender(page, id));
	text_object(text, "sender");
	text_number(text, "id", id);
	text_string(text, "org", bytes_text(page->sender.org));
	text_string(text, "name", bytes_text(page->sender.name));
	text_object_end(text);
	return text->error;
}

/* The end of every item: the parts that all have. */
static enum error end_item(
	struct page *page, struct text *text, uint64_t index, const struct opened *opened, enum shown shown)
{
	text_number(text, "index", index);
	text_time(text, "ledger_time", opened->entry.time_s);
	TRY(proof_write(text, page->snapshot, index, page->entry, opened, shown));
	text_object_end(text);
	page->items++;
	return text->error;
}

static enum error add_withheld(
	struct page *page, uint64_t index, const struct opened *opened, const struct event_header *header)
{
	struct text *text = &page->withheld;
	text_object(text, NULL);
	text_time(text, "until", header->withheld_until_s);
	text_string(text, "basis", bytes_of(header->basis, header->basis_len));
	page->withheld_count++;
	return end_item(page, text, index, opened, SHOWN_NOTHING);
}

static enum error add_erased(struct page *page, uint64_t index, const struct opened *opened)
{
	text_object(page->text, NULL);
	text_flag(page->text, "erased", true);
	TRY(add_sender(page, opened->entry.sender));
	return end_item(page, page->text, index, opened, SHOWN_NOTHING);
}

/* Whether the organisation that is asked for reported it, in whosever name. */
static enum error is_reporter(struct page *page, uint32_t id, bool *out)
{
	TRY(find_sender(page, id));
	*out = bytes_equal(bytes_text(page->sender.org), page->query->org);
	return E_OK;
}

static enum error add_open(
	struct page *page, uint64_t index, const struct opened *opened, const struct event_header *header)
{
	struct event event;
	bool whole = page->query->whole;
	TRY(event_decode(opened->disclosed, whole ? opened->restricted : BYTES_EMPTY, NULL, true, &event, page->fault));
	if (!bytes_equal(event_subject(&event), page->query->subject))
		return fault_set(page->fault, E_CORRUPT, "index %llu is filed under another subject than its own",
			(unsigned long long)index);
	bool wanted = page->query->org.len == 0 || bytes_equal(event_org_id(&event), page->query->org);
	if (!wanted)
		TRY(is_reporter(page, opened->entry.sender, &wanted));
	if (!wanted)
		return E_OK;
	event.header = *header;
	text_object(page->text, NULL);
	event_write(page->text, &event);
	TRY(add_sender(page, opened->entry.sender));
	page->bytes += opened->disclosed.len + (whole ? opened->restricted.len : 0);
	return end_item(page, page->text, index, opened, whole ? SHOWN_WHOLE : SHOWN_DISCLOSED);
}

static enum error add_event(struct page *page, uint64_t index)
{
	struct opened opened;
	enum error error = proof_open(page->snapshot, index, &page->entry, &opened);
	if (error != E_OK && error != E_ERASED)
		return fault_set(page->fault, error, "index %llu: %s", (unsigned long long)index, error_reason(error));
	struct event_header header;
	struct reader reader = reader_of(opened.header);
	event_header_decode(&reader, &header);
	TRY(reader_done(&reader));
	page->scanned++;
	bool withheld = header.withheld_until_s > page->query->now_s && !(page->query->whole && error == E_OK);
	bool own = true;
	if ((withheld || error == E_ERASED) && page->query->org_alone)
		TRY(is_reporter(page, opened.entry.sender, &own));
	if (!own)
		return E_OK;
	if (withheld)
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

static void add_withheld_list(struct page *page)
{
	text_object(page->text, "withheld");
	text_number(page->text, "count", page->withheld_count);
	text_list_end(&page->withheld);
	text_made(page->text, "events", bytes_of(page->withheld.data, page->withheld.len));
	text_object_end(page->text);
	if (page->withheld.error != E_OK)
		page->text->error = page->withheld.error;
}

/* Sealed in the snapshot that the page is of. */
static void add_cursor(struct page *page, uint64_t next)
{
	char cursor[CURSOR_TEXT_BYTES + 1];
	struct hash question;
	if (next == 0 || page->query->cursor_key == NULL)
		return;
	accesses_question(page->query, &question);
	cursor_seal(page->query->cursor_key, &question, next, cursor);
	text_string(page->text, "cursor", bytes_text(cursor));
}

static enum error page_write(
	struct page *page, uint64_t low, uint64_t before, const struct coverage_query *coverage, uint64_t *next)
{
	struct text *text = page->text;
	text_object(text, NULL);
	text_string(text, "subject", page->query->subject);
	text_list(text, "accesses");
	text_list(&page->withheld, NULL);
	TRY(page_fill(page, low, before, next));
	text_list_end(text);
	add_withheld_list(page);
	text_time(text, "complete_until", snapshot_time_s(page->snapshot));
	TRY(coverage_write(text, "coverage", page->snapshot, coverage));
	text_string(text, "origin", bytes_text(snapshot_origin(page->snapshot)));
	text_string(text, "checkpoint", snapshot_note(page->snapshot));
	add_cursor(page, *next);
	text_object_end(text);
	return text_done(text);
}

enum error accesses_page(struct snapshot *snapshot, const struct accesses_query *query,
	const struct coverage_query *coverage, struct text *out, uint64_t *next, struct fault *fault)
{
	if (query->limit < 1 || query->limit > QUERY_PAGE_MAX)
		return fault_set(fault, E_BAD_VALUE, "limit must be 1 to %u", QUERY_PAGE_MAX);
	OWNED(page_release)
	struct page page = {
		.snapshot = snapshot, .query = query, .text = out, .withheld = {.room = out->room}, .fault = fault};
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
	TRY(page_write(&page, low, before, coverage, &place));
	*next = place;
	return E_OK;
}
