/* What the headers of a FHIR request say of forms and wishes. Pure. https://hl7.org/fhir/R4/http.html */
#pragma once

#include "ledger/base/bytes.h"

enum fhir_form { FHIR_FORM_NONE, FHIR_FORM_JSON, FHIR_FORM_XML };

/* By Content-Type, whatever parameters it has; FHIR_FORM_NONE: it is none of FHIR's, or there is none. */
enum fhir_form fhir_media_content(const char *content_type);
/* JSON may be answered to this Accept header and `_format` of a query string (either may be NULL). */
bool fhir_media_takes_json(const char *accept, const char *query);
/* There is no parameter in the query string but those that say in what form to answer. */
bool fhir_media_is_plain(const char *query);

enum fhir_return { FHIR_RETURN_MINIMAL, FHIR_RETURN_RESOURCE, FHIR_RETURN_OUTCOME };

/* The first `return=` of a Prefer header that is known; the first of these without one. */
enum fhir_return fhir_media_return(const char *prefer);

enum fhir_version { FHIR_R4, FHIR_R4B, FHIR_R5, FHIR_VERSIONS };

/* What `fhirVersion=` in an Accept header asks for: R4 without one. */
enum fhir_version fhir_media_version(const char *accept);
