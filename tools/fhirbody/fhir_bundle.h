/* A Bundle that was posted: what it wants done, entry by entry. Pure. https://hl7.org/fhir/R4/http.html#transaction */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/error.h"

#include <jansson.h>

#define FHIR_BUNDLE_ENTRIES_MAX 4096u /* as many events as a batch may have */

struct fhir_part {
	struct bytes text;  /* the resource, as it stands there; where there is none the entry */
	int status;         /* of HTTP, where the fault alone does not say it; else 0 */
	struct fault fault; /* E_OK: it is to be read */
	bool left_out;      /* by the Bundle's own word it is mere company (search.mode) */
};

struct fhir_bundle {
	bool transaction; /* all or nothing; else each for itself */
	size_t count;
	struct fhir_part *parts;
};

/* Texts are borrowed from `text`. E_BAD_JSON; E_BAD_VALUE: it is no Bundle, or none of the types transaction, batch and
 * collection; E_BATCH_TOO_LARGE; E_NO_MEMORY. What is wrong about an entry stands with that. To be freed, also then. */
enum error fhir_bundle_read(struct bytes text, struct fhir_bundle *out, struct fault *fault) MUST_USE;
void fhir_bundle_free(struct fhir_bundle *bundle);
