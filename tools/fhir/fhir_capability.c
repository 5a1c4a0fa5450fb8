/* A client compares the version with its own and goes away if it is another, so each is told its own: what is posted is
 * read by its shape. JSON is what is answered; that XML is taken, too, is said in words, or a client would ask for it.
 */
#include "tools/fhir/fhir_capability.h"

#define CAPABILITY_DATE "2026-11-29" /* when what it says was changed last */

json_t *fhir_capability(enum fhir_version version)
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
	return json_pack("{s:s,s:s,s:s,s:s,s:{s:s},s:{s:s},s:s,s:[s,s],s:[o]}", "resourceType", "CapabilityStatement",
		"status", "active", "date", CAPABILITY_DATE, "kind", "instance", "software", "name", "indsigt-gateway",
		"implementation", "description", "Takes AuditEvents for a ledger of who looked at whose data", "fhirVersion",
		numbers[version], "format", "application/fhir+json", "json", "rest", rest);
}
