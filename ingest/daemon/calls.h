/* The system calls of indsigt-ingestd beside those that all threaded programs of ours make (ledger/process/filter.h).
 */
#pragma once

#include "ledger/process/filter.h"

extern const struct call ingestd_calls[];
extern const size_t ingestd_calls_count;
