/* The resources are given out byte for byte, as framing cuts them out of a file's Bundle; what is to be done with them
 * is read from the document. A collection says nothing of that, and its entries are created. */
#include "tools/fhirbody/fhir_bundle.h"

#include "ingest/framing/bundle.h"
#include "ingest/message/words.h"
#include "ledger/base/own.h"
#include "ledger/json/json_text.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

/* ---- requests ---- */

/* "AuditEvent", or an address that ends so: what stands before is this server's, by whatever name it was found. */
static bool is_create(const char *url)
{
	static const char type[] = "AuditEvent";
	size_t len = strlen(url), own = sizeof type - 1;
	return len >= own && strcmp(url + len - own, type) == 0 && (len == own || url[len - own - 1] == '/');
}

static void refuse(struct fhir_part *part, int status, enum error error, size_t number, const char *what)
{
	part->status = status;
	(void)fault_set(&part->fault, error, "entry[%zu].request.%s", number, what);
}

static void judge_request(const json_t *entry, size_t number, struct fhir_part *part)
{
	const json_t *request = json_object_get(entry, "request");
	const char *method = text_of(request, "method"), *url = text_of(request, "url");
	if (method[0] == '\0' || url[0] == '\0')
		refuse(part, 0, E_MISSING_FIELD, number, "method and url: required and missing");
	else if (strcmp(method, "POST") != 0)
		refuse(
			part, 405, E_USAGE, number, "method: must be POST; what was reported is not read, changed or deleted here");
	else if (!is_create(url))
		refuse(part, 405, E_USAGE, number, "url: must be AuditEvent");
	else if (json_object_get(request, "ifNoneExist") != NULL)
		refuse(part, 501, E_USAGE, number,
			"ifNoneExist: nothing is searched here; leave it out, a resource that is given again is taken once");
}

/* ---- the Bundle ---- */

static enum error judge_type(const json_t *root, struct fhir_bundle *out, struct fault *fault)
{
	struct bytes type = bytes_text(text_of(root, "type"));
	if (strcmp(text_of(root, "resourceType"), "Bundle") != 0)
		return fault_set(
			fault, E_BAD_VALUE, "resourceType: must be Bundle here; a resource alone is posted to AuditEvent");
	if (!WORDS_ONE_OF(type, "transaction", "batch", "collection"))
		return fault_set(fault, E_BAD_VALUE, "type: must be transaction, batch or collection");
	out->transaction = bytes_equal(type, BYTES_LITERAL("transaction"));
	return E_OK;
}

/* Those that the cutting passes over are company; it numbers from 1. */
static enum error cut_entries(struct bundle *bundle, struct fhir_bundle *out)
{
	struct bundle_entry entry;
	for (size_t i = 0; i < out->count; i++)
		out->parts[i].left_out = true;
	while (bundle_next(bundle, &entry)) {
		if (entry.fault.error == E_NO_MEMORY)
			return E_NO_MEMORY;
		if (bundle->number == 0 || bundle->number > out->count)
			continue;
		struct fhir_part *part = &out->parts[bundle->number - 1];
		part->left_out = false;
		part->text = entry.text;
		part->fault = entry.fault;
	}
	return E_OK;
}

static enum error read_entries(
	const json_t *root, struct bytes text, bool requests, struct fhir_bundle *out, struct fault *fault)
{
	const json_t *entries = json_object_get(root, "entry");
	struct bundle bundle;
	TRY(bundle_begin(text, &bundle, fault));
	if (json_array_size(entries) > FHIR_BUNDLE_ENTRIES_MAX)
		return fault_set(fault, E_BATCH_TOO_LARGE, "entry: has more than %u", FHIR_BUNDLE_ENTRIES_MAX);
	out->parts = calloc(json_array_size(entries) + 1, sizeof *out->parts);
	TRY(fault_set(fault, allocated(out->parts), ""));
	out->count = json_array_size(entries);
	TRY(fault_set(fault, cut_entries(&bundle, out), ""));
	for (size_t i = 0; i < out->count; i++)
		if (requests && !out->parts[i].left_out && out->parts[i].fault.error == E_OK)
			judge_request(json_array_get(entries, i), i, &out->parts[i]);
	return E_OK;
}

enum error fhir_bundle_read(struct bytes text, struct fhir_bundle *out, struct fault *fault)
{
	json_auto_t *root = NULL;
	*out = (struct fhir_bundle){.count = 0};
	TRY(json_text_parse(text, &root, fault));
	TRY(judge_type(root, out, fault));
	bool requests = strcmp(text_of(root, "type"), "collection") != 0;
	return read_entries(root, words_trim(text), requests, out, fault);
}

void fhir_bundle_free(struct fhir_bundle *bundle)
{
	free(bundle->parts);
	*bundle = (struct fhir_bundle){.count = 0};
}
