/* The reasons of adapters begin with the member that they are about, as JSON has it. FHIRPath knows no JSON: what is
 * "valueString" there is `value`, of the type string. */
#include "tools/fhir/fhir_outcome.h"

#include "ingest/fhir/fhir_json.h"
#include "ingest/message/words.h"
#include "ledger/json/json_outcome.h"

#include <stdio.h>
#include <string.h>

#define PATH_ROOM 300u

/* ---- where ---- */

/* Letters, and an index. */
static size_t step_len(const char *text)
{
	size_t len = 0;
	while (words_letter((uint8_t)text[len]))
		len++;
	if (len == 0 || text[len] != '[')
		return len;
	size_t end = len + 1;
	while (words_digit((uint8_t)text[end]))
		end++;
	return end > len + 1 && text[end] == ']' ? end + 1 : len;
}

static size_t path_len(const char *text)
{
	size_t len = 0;
	for (;;) {
		size_t step = step_len(text + len);
		if (step == 0)
			return 0;
		len += step;
		if (text[len] != '.')
			return text[len] == ':' ? len : 0;
		len++;
	}
}

/* Without the type that JSON has behind the name of what may have several. */
static size_t name_len(const char *step, size_t len)
{
	static const char *const several[] = {"value", "occurred", "network"};
	for (size_t i = 0; i < sizeof several / sizeof several[0]; i++) {
		size_t stem = strlen(several[i]);
		if (len > stem && strncmp(step, several[i], stem) == 0 && step[stem] >= 'A' && step[stem] <= 'Z')
			return stem;
	}
	return len;
}

/* What an event's field is made of, where a reason is about that. */
static const char *element_of(struct bytes first)
{
	static const struct {
		const char *field, *element;
	} known[] = {{"time", "recorded"}, {"actor", "agent"}, {"on_behalf_of", "agent"}, {"recipient", "agent"},
		{"system", "source"}, {"objects", "entity"}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (bytes_equal(first, bytes_text(known[i].field)))
			return known[i].element;
	return NULL;
}

static bool put_element(const char *reason, size_t len, const char *at, char *out, size_t room)
{
	size_t done = 0, used = (size_t)snprintf(out, room, "%s", at);
	while (done < len) {
		size_t step = step_len(reason + done);
		size_t name = strcspn(reason + done, "[.:");
		int kept = (int)name_len(reason + done, name);
		int rest = (int)(step - name);
		if (used >= room)
			return false;
		used += (size_t)snprintf(out + used, room - used, ".%.*s%.*s", kept, reason + done, rest, reason + done + name);
		done += step + 1;
	}
	return used < room;
}

/* False: it names no element. */
static bool path_of(const char *reason, const char *at, char *out, size_t room)
{
	size_t len = path_len(reason);
	struct bytes first = bytes_of(reason, strcspn(reason, ".[: "));
	const char *element = element_of(first);
	if (element != NULL && reason[first.len] != ' ')
		return (size_t)snprintf(out, room, "%s.%s", at, element) < room;
	if (len == 0 || (fhir_member_of_root(first) == NULL && !bytes_equal(first, BYTES_LITERAL("entry"))))
		return false;
	return put_element(reason, len, at, out, room);
}

/* ---- what ---- */

int fhir_outcome_status(enum error error)
{
	switch (error) {
	case E_BAD_JSON:
	case E_BAD_XML:
	case E_NOT_UTF8:
		return 400;
	case E_FORBIDDEN:
		return 403;
	case E_BATCH_TOO_LARGE:
		return 413;
	case E_STOPPED:
	case E_TOO_MANY:
	case E_NO_MEMORY:
		return 503;
	default:
		return 422;
	}
}

/* Of https://hl7.org/fhir/issue-type.html. */
static const char *code_of(enum error error)
{
	switch (error) {
	case E_OK:
		return "informational";
	case E_BAD_JSON:
	case E_BAD_XML:
	case E_NOT_UTF8:
		return "structure";
	case E_MISSING_FIELD:
		return "required";
	case E_TOO_LONG:
	case E_BATCH_TOO_LARGE:
		return "too-long";
	case E_POLICY:
	case E_TIME_AHEAD:
		return "business-rule";
	case E_NOT_FOUND:
		return "not-found";
	case E_USAGE:
		return "not-supported";
	case E_TOKEN:
		return "login";
	case E_FORBIDDEN:
		return "forbidden";
	case E_TOO_MANY:
		return "throttled";
	case E_STOPPED:
	case E_NO_MEMORY:
	case E_ISSUER:
	case E_PENDING:
		return "transient";
	default:
		return "value";
	}
}

bool fhir_outcome_add(json_t *outcome, enum error error, const char *reason, const char *at)
{
	char path[PATH_ROOM];
	json_t *issue = json_outcome_issue(outcome, error == E_OK ? "information" : "error", code_of(error), reason);
	if (issue == NULL || at == NULL || !path_of(reason, at, path, sizeof path))
		return issue != NULL;
	return json_object_set_new(issue, "expression", json_pack("[s]", path)) == 0;
}

json_t *fhir_outcome(enum error error, const char *reason, const char *at)
{
	json_t *outcome = json_outcome();
	if (outcome != NULL && fhir_outcome_add(outcome, error, reason, at))
		return outcome;
	json_decref(outcome);
	return NULL;
}

/* ---- Bundles ---- */

static const char *words_of(int status)
{
	switch (status) {
	case 200:
		return "200 OK";
	case 201:
		return "201 Created";
	case 400:
		return "400 Bad Request";
	case 403:
		return "403 Forbidden";
	case 405:
		return "405 Method Not Allowed";
	case 413:
		return "413 Content Too Large";
	case 501:
		return "501 Not Implemented";
	case 503:
		return "503 Service Unavailable";
	default:
		return "422 Unprocessable Entity";
	}
}

static bool set_outcome(json_t *response, const struct fhir_result *result)
{
	if (result->error == E_OK && !result->told)
		return true;
	json_t *outcome = fhir_outcome(result->error, result->reason, "AuditEvent");
	return json_object_set_new(response, "outcome", outcome) == 0;
}

static json_t *entry_of(const struct fhir_result *result)
{
	char location[sizeof "AuditEvent/" + FHIR_ID_MAX];
	json_t *entry = json_pack("{s:{s:s}}", "response", "status", words_of(result->status));
	json_t *response = json_object_get(entry, "response");
	bool good = entry != NULL;
	snprintf(location, sizeof location, "AuditEvent/%s", result->id);
	if (good && result->id[0] != '\0')
		good = json_object_set_new(response, "location", json_string(location)) == 0;
	if (good && result->resource != NULL)
		good = json_object_set(entry, "resource", (json_t *)(uintptr_t)result->resource) == 0;
	if (good && set_outcome(response, result))
		return entry;
	json_decref(entry);
	return NULL;
}

json_t *fhir_outcome_bundle(bool transaction, const struct fhir_result *results, size_t count)
{
	json_t *bundle = json_pack(
		"{s:s,s:s}", "resourceType", "Bundle", "type", transaction ? "transaction-response" : "batch-response");
	bool good = bundle != NULL && (count == 0 || json_object_set_new(bundle, "entry", json_array()) == 0);
	for (size_t i = 0; good && i < count; i++) /* FHIR has no empty lists */
		good = json_array_append_new(json_object_get(bundle, "entry"), entry_of(&results[i])) == 0;
	if (good)
		return bundle;
	json_decref(bundle);
	return NULL;
}
