/* The resource types of FHIR R4 and R5 that are things: not Patient, RelatedPerson, Person or Group, which are people.
 */
#pragma once

#include "ledger/base/bytes.h"

bool fhir_is_thing(struct bytes type);
