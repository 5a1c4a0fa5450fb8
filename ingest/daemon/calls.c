/* It writes: files are made, synced, renamed and removed, in its ledger's directory as far as its user may. No program
 * is started, nobody else's process is looked at, and no signal is sent. */
#include "ingest/daemon/calls.h"

const struct call ingestd_calls[] = {
	{"fsync", CALL_ANY},
	{"fdatasync", CALL_ANY},
	{"sync_file_range", CALL_ANY},
	{"ftruncate", CALL_ANY},
	{"ftruncate64", CALL_ANY},
	{"rename", CALL_ANY},
	{"renameat", CALL_ANY},
	{"renameat2", CALL_ANY},
	{"unlink", CALL_ANY},
	{"unlinkat", CALL_ANY},
	{"mkdir", CALL_ANY},
	{"mkdirat", CALL_ANY},
	{"fchmod", CALL_ANY},
	{"fchmodat", CALL_ANY},
	{"fchmodat2", CALL_NO_SUCH},
};
const size_t ingestd_calls_count = sizeof ingestd_calls / sizeof ingestd_calls[0];
