/* What the page shows is compared with what its proofs show; the page itself is believed in nothing.
 *
 *   subject ─► checkpoint ─► each item: proof ─► index, time, sender's id ─┬─ open: made again from the bytes
 *           └► coverage, where it is whole: hash and counts again            ├─ withheld: date and basis of the header
 *                                                                          └─ erased
 *
 * An open event's JSON is made again from its committed bytes and must be equal member by member: then no text can be
 * in it that nobody committed to. A sender's name and organisation are not in the log's event and not proven here. The
 * hash of coverage is what an answer is held to that has it in short, so a list that comes with it must be its own. */
#include "query/answer/verify.h"

#include "ledger/base/wrong.h"
#include "ledger/event/event_json.h"
#include "ledger/text/base64.h"
#include "ledger/text/timestamp.h"
#include "query/answer/coverage.h"
#include "query/answer/proof.h"

struct check {
	struct bytes subject;
	uint64_t now_s;
	struct verified result;
	struct fault *fault;
};

/* Without a vkey the text of the note is read as it stands. */
static enum error check_checkpoint(
	const json_t *page, const struct vkey *vkey, struct verified *out, struct fault *fault)
{
	const json_t *note = json_object_get(page, "checkpoint");
	struct bytes bytes = bytes_of(json_string_value(note), json_string_length(note));
	if (!json_is_string(note))
		return fault_set(fault, E_BAD_VALUE, "the answer has no checkpoint");
	out->signature = vkey != NULL;
	if (vkey && !note_claims(bytes, vkey))
		return fault_set(fault, E_WRONG_ORIGIN, "the answer's checkpoint is of another log than the one of --vkey");
	if (vkey) {
		enum error error = checkpoint_verify(bytes, vkey, &out->checkpoint);
		return WRONG(error != E_OK) ? fault_set(fault, error, "the answer's checkpoint is not signed by this vkey")
									: E_OK;
	}
	const uint8_t *end = memmem(bytes.data, bytes.len, "\n\n", 2);
	if (end == NULL || checkpoint_parse(bytes_of(bytes.data, (size_t)(end - bytes.data) + 1), &out->checkpoint) != E_OK)
		return fault_set(fault, E_BAD_CHECKPOINT, "the answer's checkpoint is malformed");
	return E_OK;
}

/* ---- coverage ---- */

static bool count_is(const json_t *counts, const char *name, uint64_t count)
{
	const json_t *value = json_object_get(counts, name);
	return json_is_integer(value) && (uint64_t)json_integer_value(value) == count;
}

static bool hash_is(const json_t *value, struct bytes rows)
{
	struct hash hash;
	char text[BASE64_BYTES(HASH_BYTES) + 1];
	coverage_hash(rows, &hash);
	*base64_encode(hash_bytes(&hash), text) = '\0';
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* Senders ascend by their ids; `*next` is the lowest that the next one may have. */
static bool add_row(const json_t *sender, uint8_t *row, json_int_t *next, struct coverage_counts *counts)
{
	const json_t *id = json_object_get(sender, "id");
	const json_t *entry = json_object_get(sender, "entry");
	const json_t *silent = json_object_get(sender, "silent");
	const json_t *compromised = json_object_get(sender, "compromised");
	const char *status = json_string_value(json_object_get(sender, "status"));
	if (!json_is_integer(id) || WRONG(json_integer_value(id) < *next) || json_integer_value(id) > UINT32_MAX ||
		!json_is_integer(entry) || status == NULL || WRONG(!json_is_boolean(silent)) ||
		WRONG(!json_is_boolean(compromised)))
		return false;
	*next = json_integer_value(id) + 1;
	counts->senders++;
	counts->active += strcmp(status, "active") == 0;
	counts->compromised += json_is_true(compromised);
	counts->silent += json_is_true(silent);
	coverage_row((uint32_t)json_integer_value(id), (uint64_t)json_integer_value(entry), json_is_true(silent), row);
	return true;
}

/* Where senders are listed, they are those that the hash is over, and as many. */
static enum error check_coverage(const json_t *coverage, struct fault *fault)
{
	const json_t *senders = json_object_get(coverage, "senders");
	const json_t *shown = json_object_get(coverage, "counts");
	size_t count = json_array_size(senders);
	struct coverage_counts counts = {0};
	json_int_t next = 0;
	if (senders == NULL)
		return E_OK;
	OWNED_MEMORY uint8_t *rows = malloc((count + 1) * COVERAGE_ROW_BYTES);
	TRY(fault_set(fault, allocated(rows), ""));
	for (size_t i = 0; i < count; i++)
		if (!add_row(json_array_get(senders, i), rows + i * COVERAGE_ROW_BYTES, &next, &counts))
			return fault_set(fault, E_BAD_VALUE, "a sender in the answer's coverage is malformed, or out of order");
	if (WRONG(!hash_is(json_object_get(coverage, "hash"), bytes_of(rows, count * COVERAGE_ROW_BYTES))))
		return fault_set(fault, E_BAD_VALUE, "the senders in the answer's coverage are not those of its hash");
	if (WRONG(!count_is(shown, "senders", counts.senders)) || WRONG(!count_is(shown, "active", counts.active)) ||
		WRONG(!count_is(shown, "compromised", counts.compromised)) || WRONG(!count_is(shown, "silent", counts.silent)))
		return fault_set(fault, E_BAD_VALUE, "the counts in the answer's coverage are not those of its senders");
	return E_OK;
}

/* ---- items ---- */

static enum error mismatch(const struct check *check, uint64_t index, const char *what)
{
	return fault_set(
		check->fault, E_BAD_PROOF, "index %llu: %s is not what its proof shows", (unsigned long long)index, what);
}

static bool time_is(const json_t *value, uint64_t time_s)
{
	char text[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(time_s, text);
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* These members, and no other. */
static bool has_only(const json_t *item, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_object_get(item, names[i]) == NULL)
			return false;
	return json_object_size(item) == count;
}

/* The id is the entry's; organisation and name are the ledger's word. */
static bool sender_is(const json_t *sender, uint32_t wanted)
{
	static const char *const names[] = {"id", "org", "name"};
	const json_t *id = json_object_get(sender, "id");
	return !WRONG(!has_only(sender, names, 3)) && json_is_integer(id) && !WRONG(json_integer_value(id) != wanted) &&
		   json_is_string(json_object_get(sender, "org")) && json_is_string(json_object_get(sender, "name"));
}

/* Members that the page adds to the event's own. */
static bool is_added(const char *name)
{
	static const char *const names[] = {"proof", "index", "ledger_time", "sender"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* The event that was committed, and nothing beside it. */
static bool same_event(const json_t *item, const json_t *proven)
{
	size_t added = 0;
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)item, name, value)
	{
		if (is_added(name))
			added++;
		else if (WRONG(!json_equal(value, json_object_get(proven, name))))
			return false;
	}
	return !WRONG(json_object_size(item) - added != json_object_size(proven));
}

static enum error check_open(struct check *check, const json_t *item, const struct proven *proven)
{
	struct event event;
	TRY(event_decode(proven->disclosed, proven->restricted, NULL, true, &event, check->fault));
	event.header = proven->header;
	if (WRONG(!bytes_equal(event_subject(&event), check->subject)))
		return fault_set(check->fault, E_BAD_PROOF, "index %llu is about another subject than was asked for",
			(unsigned long long)proven->index);
	json_auto_t *shown = event_to_json(&event);
	TRY(fault_set(check->fault, allocated(shown), ""));
	if (!same_event(item, shown))
		return mismatch(check, proven->index, "the event");
	check->result.open++;
	return E_OK;
}

static enum error check_withheld(struct check *check, const json_t *item, const struct proven *proven)
{
	static const char *const names[] = {"index", "ledger_time", "until", "basis", "proof"};
	const struct event_header *header = &proven->header;
	const json_t *basis = json_object_get(item, "basis");
	if (WRONG(proven->open) || WRONG(header->withheld_until_s + VERIFY_SKEW_S <= check->now_s))
		return mismatch(check, proven->index, "the withholding");
	if (WRONG(!time_is(json_object_get(item, "until"), header->withheld_until_s)) ||
		WRONG(!bytes_equal(
			bytes_of(json_string_value(basis), json_string_length(basis)), bytes_of(header->basis, header->basis_len))))
		return mismatch(check, proven->index, "date or basis of the withholding");
	if (WRONG(!has_only(item, names, sizeof names / sizeof names[0])))
		return mismatch(check, proven->index, "what is told of a withheld event");
	check->result.withheld++;
	return E_OK;
}

static enum error check_erased(struct check *check, const json_t *item, const struct proven *proven)
{
	static const char *const names[] = {"erased", "index", "ledger_time", "sender", "proof"};
	if (WRONG(!has_only(item, names, sizeof names / sizeof names[0])))
		return mismatch(check, proven->index, "what is told of an erased event");
	check->result.erased++;
	return E_OK;
}

static enum error check_item(struct check *check, const json_t *item, bool withheld, const struct proven *proven)
{
	const json_t *index = json_object_get(item, "index");
	if (!json_is_integer(index) || WRONG((uint64_t)json_integer_value(index) != proven->index))
		return mismatch(check, proven->index, "the index");
	if (WRONG(!time_is(json_object_get(item, "ledger_time"), proven->entry.time_s)))
		return mismatch(check, proven->index, "the ledger time");
	if (withheld)
		return check_withheld(check, item, proven);
	if (!sender_is(json_object_get(item, "sender"), proven->entry.sender))
		return mismatch(check, proven->index, "the sender");
	if (!WRONG(!json_is_true(json_object_get(item, "erased"))) && !proven->open)
		return check_erased(check, item, proven);
	if (!proven->open)
		return mismatch(check, proven->index, "an event that is neither open, withheld nor erased");
	return check_open(check, item, proven);
}

static enum error check_list(struct check *check, const json_t *list, bool withheld, uint64_t before)
{
	if (!json_is_array(list))
		return fault_set(
			check->fault, E_BAD_VALUE, "the answer has no list of %s events", withheld ? "withheld" : "its");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		struct proven proven;
		TRY(proof_check(json_object_get(item, "proof"), &check->result.checkpoint, &proven, check->fault));
		enum error error = check_item(check, item, withheld, &proven);
		proven_release(&proven);
		TRY(error);
		if (WRONG(proven.index >= before))
			return fault_set(check->fault, E_BAD_VALUE, "index %llu is out of order: newest must come first",
				(unsigned long long)proven.index);
		before = proven.index;
	}
	if (json_array_size(list) > 0 && before < check->result.lowest)
		check->result.lowest = before;
	return E_OK;
}

static json_int_t index_of(const json_t *list, size_t i)
{
	return json_integer_value(json_object_get(json_array_get(list, i), "index"));
}

/* Whether an event stands in both lists, which descend. */
static bool twice(const json_t *accesses, const json_t *withheld)
{
	for (size_t i = 0, k = 0; i < json_array_size(accesses) && k < json_array_size(withheld);) {
		if (index_of(accesses, i) == index_of(withheld, k))
			return true;
		if (index_of(accesses, i) > index_of(withheld, k))
			i++;
		else
			k++;
	}
	return false;
}

static enum error check_lists(struct check *check, const json_t *page, uint64_t before)
{
	const json_t *withheld = json_object_get(page, "withheld");
	const json_t *count = json_object_get(withheld, "count");
	TRY(check_list(check, json_object_get(page, "accesses"), false, before));
	TRY(check_list(check, json_object_get(withheld, "events"), true, before));
	if (WRONG(twice(json_object_get(page, "accesses"), json_object_get(withheld, "events"))))
		return fault_set(check->fault, E_BAD_VALUE, "an event is both shown and withheld");
	if (WRONG(!json_is_integer(count)) || WRONG(json_integer_value(count) != (json_int_t)check->result.withheld))
		return fault_set(check->fault, E_BAD_VALUE, "the count of withheld events is not their number");
	return E_OK;
}

enum error verify_page(const json_t *page, struct bytes subject, uint64_t before, uint64_t now_s,
	const struct vkey *vkey, struct verified *out, struct fault *fault)
{
	struct check check = {.subject = subject, .now_s = now_s, .fault = fault};
	check.result.lowest = UINT64_MAX;
	const json_t *shown = json_object_get(page, "subject");
	if (!json_is_string(shown) ||
		WRONG(!bytes_equal(bytes_of(json_string_value(shown), json_string_length(shown)), subject)))
		return fault_set(
			fault, E_BAD_VALUE, "the answer is about another subject than was asked for; a token is for one of them");
	TRY(check_checkpoint(page, vkey, &check.result, fault));
	const char *origin = json_string_value(json_object_get(page, "origin"));
	if (origin == NULL || WRONG(strcmp(origin, check.result.checkpoint.origin) != 0))
		return fault_set(fault, E_BAD_VALUE, "the answer names another log than its checkpoint");
	TRY(check_coverage(json_object_get(page, "coverage"), fault));
	TRY(check_lists(&check, page, before));
	*out = check.result;
	return E_OK;
}
