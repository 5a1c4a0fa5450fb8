/* FHIR's XML as FHIR's JSON: what is read is the JSON, and there is one reading. https://hl7.org/fhir/R4/xml.html
 *
 * Which elements are lists in JSON is said by the table that types are checked by (fhir_json.h); what that does not
 * have is a list if it stands more than once. Texts of primitives stay texts but for those that the table has as true
 * or false, and the text of a narrative loses its markup. What has no place in JSON, or would have two, is refused. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/error.h"

#include <jansson.h>

#define FHIR_XML_ELEMENTS_MAX 65536u /* of one document; a mebibyte has some 30,000 of real ones */

/* The resource in `text`, to be json_decref()ed. E_BAD_XML, E_BAD_VALUE (named by its element), E_TOO_LONG,
 * E_NO_MEMORY. */
enum error fhir_xml_read(struct bytes text, json_t **out, struct fault *fault) MUST_USE;
