/* The CapabilityStatement of what is answered below /fhir. spec/fhir.md */
#pragma once

#include "ledger/base/error.h"

#include <jansson.h>

/* `base`: the address that was asked, ending before "/metadata". A new reference. E_NO_MEMORY. */
enum error capability_json(const char *base, json_t **out) MUST_USE;
