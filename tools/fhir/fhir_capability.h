/* What the FHIR door can do, as HAPI and others ask before they send anything. spec/gateway.md */
#pragma once

#include "tools/fhir/fhir_media.h"

#include <jansson.h>

/* By what who posts shows that they may. */
struct fhir_security {
	bool certificates;     /* of clients, by TLS */
	bool tokens;           /* of OAuth 2.0: SMART Backend Services */
	const char *token_url; /* where they are had; NULL: it is not known by now */
};

/* A CapabilityStatement of this version; NULL when out of memory. */
json_t *fhir_capability(enum fhir_version version, const struct fhir_security *security);
