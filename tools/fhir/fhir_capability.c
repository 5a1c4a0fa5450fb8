/* A client compares the version with its own and goes away if it is another, so each is told its own: what is posted is
 * read by its shape. JSON is what is answered; that XML is taken, too, is said in words, or a client would ask for it.
 */
#include "tools/fhir/fhir_capability.h"

#define CAPABILITY_DATE "2026-11-29" /* when what it says was changed last */

static json_t *service(const char *code)
{
	return json_pack("{s:[{s:s,s:s}]}", "coding", "system",
		"http://terminology.hl7.org/CodeSystem/restful-security-service", "code", code);
}

static json_t *services_of(const struct fhir_security *security)
{
	json_t *services = json_array();
	if ((!security->tokens || json_array_append_new(services, service("SMART-on-FHIR")) == 0) &&
		(!security->certificates || json_array_append_new(services, service("Certificates")) == 0))
		return services;
	json_decref(services);
	return NULL;
}

/* SMART says now where tokens are had in a document of its own; who looks here, as one did before, finds it too. NULL
 * when out of memory. */
static json_t *security_of(const struct fhir_security *security)
{
	json_t *made = json_pack("{s:b,s:o,s:s}", "cors", 0, "service", services_of(security), "description",
		!security->tokens ? "Systems show a certificate that is known here."
		: security->certificates
			? "Systems show a bearer token with the scope system/AuditEvent.c, or a certificate that is "
			  "known here."
			: "Systems show a bearer token with the scope system/AuditEvent.c.");
	if (security->token_url == NULL || json_object_set_new(made, "extension",
										   json_pack("[{s:s,s:[{s:s,s:s}]}]", "url",
											   "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
											   "extension", "url", "token", "valueUri", security->token_url)) == 0)
		return made;
	json_decref(made);
	return NULL;
}

json_t *fhir_capability(enum fhir_version version, const struct fhir_security *security)
{
	static const char *const numbers[FHIR_VERSIONS] = {[FHIR_R4] = "4.0.1", [FHIR_R4B] = "4.3.0", [FHIR_R5] = "5.0.0"};
	json_t *resource =
		json_pack("{s:s,s:s,s:[{s:s}],s:s,s:b,s:b,s:b,s:[{s:s,s:s}]}", "type", "AuditEvent", "documentation",
			"Each becomes events of who looked at whose data. Nothing is read here again: search at the ledger.",
			"interaction", "code", "create", "versioning", "no-version", "readHistory", 0, "updateCreate", 0,
			"conditionalCreate", 0, "operation", "name", "validate", "definition",
			"http://hl7.org/fhir/OperationDefinition/Resource-validate");
	json_t *rest = json_pack("{s:s,s:s,s:[o],s:[{s:s},{s:s}]}", "mode", "server", "documentation",
		"JSON and XML are taken, with Content-Encoding gzip too; JSON is answered.", "resource", resource,
		"interaction", "code", "transaction", "code", "batch");
	if ((security->tokens || security->certificates) &&
		json_object_set_new(rest, "security", security_of(security)) != 0) {
		json_decref(rest);
		return NULL;
	}
	return json_pack("{s:s,s:s,s:s,s:s,s:{s:s},s:{s:s},s:s,s:[s,s],s:[o]}", "resourceType", "CapabilityStatement",
		"status", "active", "date", CAPABILITY_DATE, "kind", "instance", "software", "name", "indsigt-gateway",
		"implementation", "description", "Takes AuditEvents for a ledger of who looked at whose data", "fhirVersion",
		numbers[version], "format", "application/fhir+json", "json", "rest", rest);
}
