/* The resource types of FHIR R4 and R5 that are things: not Patient, RelatedPerson, Person or Group, which are people.
 */
#pragma once

#include "ledger/base/bytes.h"

bool fhir_is_thing(struct bytes type);
/* Whether FHIR lets no person stand under this name, but people at work. */
bool fhir_is_thing_member(struct bytes name);
