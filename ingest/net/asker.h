/* How a ledger's witnesses are asked what they have of it: over HTTP, all at once. ledger/witness/door.h */
#pragma once

#include "ledger/witness/door.h"

#define ASKER_MS 3000u /* for all of them together */

/* For door_asker: GET <prefix>/<origin hash>/checkpoint of each witness that has an address. A 404 is "nothing". */
enum error asker_ask(const char *origin, const struct witness_policy *policy, door_heard *heard, void *context,
	struct fault *fault) MUST_USE;
/* The means, for a program that tells people on standard error. */
struct door_asker asker_of(bool without_witnesses);
