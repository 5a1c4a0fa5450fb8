/* Every page is verified before the next one is asked for; one that does not hold is the end, and nothing of the answer
 * is shown.
 *
 *   directory ─► one snapshot, page after page ─┐
 *   address ─► page, cursor, page ... ──────────┴► verify_page ─► joined
 *
 * From an address each page may be of a later moment, under a checkpoint of its own (`checkpoints` lists them). Indexes
 * only go down from page to page, so no event comes twice in either list. An address whose cursors never end is given
 * up after PAGES_MAX pages. */
#include "tools/show/answer.h"

#include "ingest/net/fetch.h"
#include "ledger/json/json_read.h"
#include "query/answer/accesses.h"
#include "query/answer/coverage.h"
#include "query/answer/verify.h"

#include <time.h>

#define PAGES_MAX 10000u /* ten million events of one person: a ledger that goes on beyond is not in order */

/* The answer while it grows. Invariant: `before` is the lowest index that was seen, so the next page must lie below it;
 * `answer.json` is the first page, which has taken over the lists of all others. */
struct joining {
	const struct answer_query *query;
	const struct vkey *vkey;
	struct answer answer;
	uint64_t before;
	uint64_t now_s;
	struct fault *fault;
};

bool answer_is_url(const char *ledger)
{
	return strncmp(ledger, "http://", 7) == 0 || strncmp(ledger, "https://", 8) == 0;
}

void answer_release(struct answer *answer)
{
	json_decref(answer->json);
	answer->json = NULL;
}

/* Takes over the lists of `page` into the first one. What a page says of itself (coverage, complete_until) is left out
 * but for the checkpoint: the first page reaches up to now, and all others only go back in time from there. */
static int extend(json_t *first, const json_t *page)
{
	json_t *withheld = json_object_get(first, "withheld");
	json_t *events = json_object_get(withheld, "events");
	int failed = json_array_extend(json_object_get(first, "accesses"), json_object_get(page, "accesses"));
	failed |= json_array_extend(events, json_object_get(json_object_get(page, "withheld"), "events"));
	failed |= json_object_set_new(withheld, "count", json_integer((json_int_t)json_array_size(events)));
	json_t *notes = json_object_get(first, "checkpoints");
	const json_t *last = json_array_get(notes, json_array_size(notes) - 1);
	if (!json_equal(last, json_object_get(page, "checkpoint")))
		failed |= json_array_append(notes, json_object_get(page, "checkpoint"));
	return failed;
}

/* Verifies one page and joins it. `checkpoints` lists what the proofs of all pages stand under. The counts are of what
 * was verified here, not of what the page says of itself. */
static enum error join(struct joining *joining, json_t *page)
{
	struct verified verified;
	struct answer *answer = &joining->answer;
	TRY(verify_page(page, bytes_text(joining->query->subject), joining->before, joining->now_s, joining->vkey,
		&verified, joining->fault));
	int failed = 0;
	if (answer->json == NULL) {
		answer->json = json_incref(page);
		json_object_del(page, "cursor");
		failed = json_object_set_new(page, "checkpoints", json_pack("[O]", json_object_get(page, "checkpoint")));
	} else {
		failed = extend(answer->json, page);
	}
	answer->signature = verified.signature;
	answer->open += verified.open;
	answer->withheld += verified.withheld;
	answer->erased += verified.erased;
	if (verified.lowest < joining->before)
		joining->before = verified.lowest;
	return failed ? fault_set(joining->fault, E_NO_MEMORY, "") : E_OK;
}

/* ---- from a directory ---- */

/* The query's ends were read and checked before, as local dates; what is read here is UTC, so a fault is one of the
 * program that calls, and still is told in the words of its options. */
static enum error window(const struct answer_query *query, struct accesses_query *out, struct fault *fault)
{
	if (query->from && accesses_time(query->from, &out->from_s) != E_OK)
		return fault_set(fault, E_USAGE, "--from must be a date or an RFC 3339 time with a zone");
	if (query->to && accesses_time(query->to, &out->to_s) != E_OK)
		return fault_set(fault, E_USAGE, "--to must be a date or an RFC 3339 time with a zone");
	if (out->from_s >= out->to_s)
		return fault_set(fault, E_USAGE, "--from must be earlier than --to");
	return E_OK;
}

/* One snapshot for all pages, so that they fit each other whatever is appended meanwhile; it pins pages of the store
 * for as long, which is why a directory is asked for the largest pages there are. */
static enum error pages_of_directory(struct joining *joining)
{
	const struct answer_query *query = joining->query;
	struct accesses_query page_query = {
		.subject = bytes_text(query->subject),
		.to_s = UINT64_MAX,
		.org = query->org ? bytes_text(query->org) : BYTES_EMPTY,
		.limit = QUERY_PAGE_MAX,
		.before = ACCESSES_FROM_START,
		.now_s = joining->now_s,
	};
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(cosigned_release) struct cosigned *cosigned = NULL;
	TRY(window(query, &page_query, joining->fault));
	TRY(archive_open(query->ledger, true, &archive, joining->fault));
	TRY(snapshot_begin(archive, &snapshot, joining->fault));
	if (joining->vkey == NULL)
		joining->vkey = archive_vkey(archive);
	cosigned = cosigned_look(archive, NULL);
	struct coverage_query coverage = {.form = COVERAGE_WHOLE,
		.cosigned = cosigned,
		.now_s = joining->now_s,
		.silent_after_s = COVERAGE_SILENT_S_DEFAULT};
	while (page_query.before > 0) {
		OWNED(text_release) struct text text = {.room = NULL};
		json_auto_t *page = NULL;
		TRY(accesses_page(snapshot, &page_query, &coverage, &text, &page_query.before, joining->fault));
		TRY(json_read(bytes_of(text.data, text.len), 0, NULL, &page));
		TRY(join(joining, page));
		coverage.form = COVERAGE_NAMED;
	}
	return E_OK;
}

/* ---- from an address ---- */

/* A cursor that comes again would mean an answer without an end, which is not looked for: PAGES_MAX ends it, and says
 * so. */
static enum error pages_of_url(struct joining *joining)
{
	const struct answer_query *query = joining->query;
	OWNED(fetch_release) struct fetch *fetch = NULL;
	json_auto_t *cursor = NULL;
	TRY(fetch_open(query->ledger, query->token, &fetch, joining->fault));
	TRY(fetch_about(fetch, query->subject, query->reference));
	for (unsigned page_count = 0; page_count < PAGES_MAX; page_count++) {
		const struct web_param params[] = {
			{"limit", "1000"},
			{"from", query->from},
			{"to", query->to},
			{"org", query->org},
			{"cursor", json_string_value(cursor)},
			{"coverage", cursor == NULL ? "whole" : NULL},
		};
		json_auto_t *page = NULL;
		TRY(fetch_json(fetch, "/v1/accesses", params, sizeof params / sizeof params[0], &page, joining->fault));
		json_decref(cursor);
		cursor = json_incref(json_object_get(page, "cursor"));
		TRY(join(joining, page));
		if (!json_is_string(cursor))
			return E_OK;
	}
	return fault_set(joining->fault, E_TOO_LONG, "the answer has more than %u pages", PAGES_MAX);
}

enum error answer_ask(const struct answer_query *query, struct answer *out, struct fault *fault)
{
	struct joining joining = {.query = query,
		.vkey = query->vkey,
		.before = ACCESSES_FROM_START,
		.now_s = (uint64_t)time(NULL),
		.fault = fault};
	enum error error = answer_is_url(query->ledger) ? pages_of_url(&joining) : pages_of_directory(&joining);
	if (error != E_OK) {
		answer_release(&joining.answer);
		return error;
	}
	*out = joining.answer;
	return E_OK;
}
