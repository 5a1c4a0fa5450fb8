/* Made from the tables that decide what is answered, so that it says the same. */
#include "query/searchset/capability.h"

#include "ledger/event/event_schema.h"
#include "query/fhir/audit_event.h"
#include "query/fhir/terms.h"
#include "query/search/search.h"

#define MADE "2026-11-29" /* the day this statement last changed */

static bool add_parameter(
	json_t *resource, const char *name, const char *type, const char *definition, const char *says)
{
	return terms_add(resource, "searchParam",
		json_pack(
			"{s:s, s:s*, s:s, s:s}", "name", name, "definition", definition, "type", type, "documentation", says));
}

static bool add_parameters(json_t *resource)
{
	static const char *const types[] = {[SEARCH_TOKEN] = "token", [SEARCH_DATE] = "date", [SEARCH_STRING] = "string"};
	static const char *const says[] = {[SEARCH_TOKEN] = "Modifiers: not, missing.",
		[SEARCH_DATE] = "Prefixes: eq, ne, lt, gt, le, ge, sa, eb, ap. Modifier: missing.",
		[SEARCH_STRING] = "Modifiers: exact, contains, missing."};
	if (!add_parameter(resource, "patient.identifier", "token", NULL,
			"The person, as system|value; whoever asks where there is none."))
		return false;
	for (const struct search_parameter *one = search_parameters; one->name != NULL; one++)
		if (!add_parameter(resource, one->name, types[one->type], one->definition, says[one->type]))
			return false;
	return true;
}

static bool add_profiles(json_t *resource)
{
	for (uint64_t action = ACTION_CREATE; action <= ACTION_DISCLOSE; action++) {
		const char *profile = audit_event_profile(action);
		if (profile != NULL && !terms_add(resource, "supportedProfile", json_sprintf("%s%s", TERMS_BALP, profile)))
			return false;
	}
	return true;
}

static json_t *resource_of(void)
{
	json_auto_t *resource = json_pack("{s:s, s:s, s:[{s:s}, {s:s}], s:s, s:b}", "type", "AuditEvent", "documentation",
		"Retrieve ATNA Audit Event [ITI-81], also by POST to _search, which keeps the person out of addresses. Sorted "
		"by "
		"-_lastUpdated unless _sort says date, -date or _lastUpdated. _summary: count. _count: at most 200 entries.",
		"interaction", "code", "read", "code", "search-type", "versioning", "no-version", "readHistory", 0);
	if (resource == NULL || !add_profiles(resource) || !add_parameters(resource))
		return NULL;
	return json_incref(resource);
}

enum error capability_json(const char *base, json_t **out)
{
	json_auto_t *security = json_pack("{s:b, s:s}", "cors", 0, "description",
		"A bearer token; whose is believed and which role may ask what about whom is the ledger's business.");
	json_auto_t *statement = json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:{s:s, s:s}, s:s, s:[s, s]}",
		"resourceType", "CapabilityStatement", "status", "active", "date", MADE, "publisher", "Indsigt", "kind",
		"instance", "software", "name", "indsigt-queryd", "implementation", "description",
		"A person's accesses in an Indsigt ledger", "url", base, "fhirVersion", "4.0.1", "format",
		"application/fhir+json", "json");
	json_t *rest = json_pack("{s:s, s:O, s:[o]}", "mode", "server", "security", security, "resource", resource_of());
	if (statement == NULL || !terms_add(statement, "rest", rest))
		return E_NO_MEMORY;
	*out = json_incref(statement);
	return E_OK;
}
