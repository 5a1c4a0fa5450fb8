/* The system calls of indsigt-queryd beside those that all threaded programs of ours make (ledger/process/filter.h). */
#pragma once

#include "ledger/process/filter.h"

extern const struct call queryd_calls[];
extern const size_t queryd_calls_count;
