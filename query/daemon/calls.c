/* It only reads: no file is made, cut, renamed or removed, and none gets other rights. Which may be opened for writing
 * is said by name, which no filter sees: none (ledger/process/confine.h). */
#include "query/daemon/calls.h"

const struct call queryd_calls[] = {
	{"fsync", CALL_REFUSED}, /* LMDB, of what it did not write */
	{"fdatasync", CALL_REFUSED},
};
const size_t queryd_calls_count = sizeof queryd_calls / sizeof queryd_calls[0];
