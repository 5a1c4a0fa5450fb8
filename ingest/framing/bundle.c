/* A walk over the text by json_scan, which keeps no tree: a Bundle may be larger than what a tree of it should take,
 * and each AuditEvent must come out byte for byte, because its hash is what the sender finds it by.
 *
 *   depth:  1 Bundle ─► 2 "entry": [ ─► 3 { ─► 4 "resource": { ... }
 *
 * Gone through twice: once to see that its entries are a list of objects, so that a Bundle that is none is refused
 * whole and not after half of it was sent; then entry by entry. Brackets are the framing's: the text was seen to
 * close. */
#include "ingest/framing/bundle.h"

#include "ingest/message/words.h"
#include "ledger/json/json_read.h"

#include <inttypes.h>
#include <string.h>

/* Depths of brackets: the Bundle is 1, its list of entries 2, an entry 3, its resource 4. */
enum { IN_BUNDLE = 1, IN_ENTRIES, IN_ENTRY, IN_RESOURCE };

enum step { STEP_ON, STEP_ENTRY, STEP_ODD };

/* Before the byte is fed: a value begins with it. */
static enum step begin_value(struct bundle *bundle, uint8_t c)
{
	const struct json_scan *scan = &bundle->scan;
	if (scan->depth == IN_BUNDLE && scan->name == JSON_ENTRY) {
		bool odd = c != '[' || bundle->has_entries;
		bundle->in_entries = true;
		bundle->has_entries = true;
		return odd ? STEP_ODD : STEP_ON;
	}
	if (scan->depth == IN_ENTRIES && bundle->in_entries && c != ']') {
		bundle->entry = bundle->at;
		bundle->in_entry = true;
		bundle->resources = 0;
		bundle->is_object = false;
		bundle->audit_event = false;
		bundle->number++;
		return c == '{' ? STEP_ON : STEP_ODD;
	}
	if (scan->depth == IN_ENTRY && bundle->in_entry && scan->name == JSON_RESOURCE) {
		bundle->resources++;
		bundle->is_object = c == '{';
		bundle->in_resource = bundle->is_object;
		bundle->resource = bundle->at;
	}
	return STEP_ON;
}

static enum step step(struct bundle *bundle)
{
	struct json_scan *scan = &bundle->scan;
	uint8_t c = bundle->text.data[bundle->at];
	uint32_t before = scan->depth;
	if (json_scan_wants_value(scan) && !words_blank(c) && begin_value(bundle, c) == STEP_ODD)
		return STEP_ODD;
	(void)json_scan_feed(scan, c);
	bundle->at++;
	if (bundle->in_resource && scan->typed && scan->depth == IN_RESOURCE)
		bundle->audit_event = scan->found == JSON_AUDIT_EVENT;
	if (scan->depth >= before)
		return STEP_ON;
	if (scan->depth == IN_ENTRY && bundle->in_resource) {
		bundle->in_resource = false;
		bundle->resource_end = bundle->at;
	}
	if (scan->depth == IN_BUNDLE)
		bundle->in_entries = false;
	if (scan->depth != IN_ENTRIES || !bundle->in_entry)
		return STEP_ON;
	bundle->in_entry = false;
	return STEP_ENTRY;
}

static void begin(struct bytes text, struct bundle *out)
{
	*out = (struct bundle){.text = text};
	json_scan_begin(&out->scan);
}

enum error bundle_begin(struct bytes text, struct bundle *out, struct fault *fault)
{
	begin(text, out);
	while (out->at < text.len)
		if (step(out) == STEP_ODD)
			return fault_set(fault, E_BAD_VALUE, "entry: must stand once and be an array of objects");
	begin(text, out);
	return E_OK;
}

/* ---- entries ---- */

/* Does the Bundle say that the entry only accompanies others? */
static enum error judge_company(struct bytes entry, bool *out)
{
	json_auto_t *json = NULL;
	enum error error = json_read(entry, JSON_REJECT_DUPLICATES, NULL, &json);
	const char *mode = json_string_value(json_object_get(json_object_get(json, "search"), "mode"));
	*out = mode != NULL && (strcmp(mode, "include") == 0 || strcmp(mode, "outcome") == 0);
	return error == E_NO_MEMORY ? error : E_OK;
}

/* False: it is left out. */
static bool judge(const struct bundle *bundle, struct bundle_entry *out)
{
	struct fault *fault = &out->fault;
	bool company = false;
	out->text = bytes_of(bundle->text.data + bundle->entry, bundle->at - bundle->entry);
	*fault = (struct fault){.error = E_OK};
	if (bundle->resources == 1 && bundle->is_object && bundle->audit_event) {
		out->text = bytes_of(bundle->text.data + bundle->resource, bundle->resource_end - bundle->resource);
		return true;
	}
	if (bundle->resources == 1 && bundle->is_object && fault_set(fault, judge_company(out->text, &company), "") != E_OK)
		return true;
	if (company)
		return false;
	const char *why =
		bundle->resources == 0  ? "it has none"
		: bundle->resources > 1 ? "it stands more than once"
		: !bundle->is_object
			? "it is no object"
			: "it is no AuditEvent; such a one is passed over only where search.mode is include or outcome";
	(void)fault_set(fault, E_BAD_VALUE, "entry %" PRIu64 " of the Bundle: resource: %s", bundle->number, why);
	return true;
}

bool bundle_next(struct bundle *bundle, struct bundle_entry *out)
{
	while (bundle->at < bundle->text.len)
		if (step(bundle) == STEP_ENTRY && judge(bundle, out))
			return true;
	return false;
}
