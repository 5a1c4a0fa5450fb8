/* What the FHIR door can do, as HAPI and others ask before they send anything. spec/gateway.md */
#pragma once

#include "tools/fhir/fhir_media.h"

#include <jansson.h>

/* A CapabilityStatement of this version; NULL when out of memory. */
json_t *fhir_capability(enum fhir_version version);
