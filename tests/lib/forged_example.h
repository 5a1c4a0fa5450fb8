/* The statement that each test of a check changes in one place. */
#pragma once

#include "tests/lib/forged.h"

extern struct forge *forge;
extern const struct forge_options anne;

/* Sender, two batches, an erasure of a period, an epoch, a later event. Anne: indexes 2 (open), 3 (withheld), 4
 * (erased), 6 and 7 (open); Bent 5. */
void example(void);
json_t *honest(void);
void refuse(json_t *json, enum finding_code wanted);
