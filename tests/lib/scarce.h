/* Memory that is short: a chosen allocation of this thread fails, and no other. For a test that is linked with
 * --wrap=malloc, calloc and realloc (tests/meson.build); what libc allocates for itself does not count. */
#pragma once

#include <stdbool.h>

/* From here on the `number`-th fails, from 1; once. 0: none. */
void scarce_at(unsigned number);
/* None fails any more; true if one did. */
bool scarce_end(void);
