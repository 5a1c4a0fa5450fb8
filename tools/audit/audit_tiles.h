/* The audit of a published log: over HTTP, or from files in the layout of its tiles. spec/audit.md */
#pragma once

#include "ledger/audit/audit.h"

/* Borrowed from the command line. */
struct audit_tiles {
	const char *place; /* an address, or a directory */
	const struct vkey *vkey;
	const char *from; /* file with a signed checkpoint or a saved state to go on from, or NULL */
	unsigned jobs;    /* threads */
	const char *save; /* file for the state, or NULL; it is also written now and then meanwhile */
};

/* A result that does not hold is a result. An error: the audit could not be made. When two signed checkpoints do not
 * fit together the evidence is written to a file, which the reason names. */
enum error audit_tiles(const struct audit_tiles *request, struct audit_result *out, struct fault *fault) MUST_USE;
/* An address, or a directory that has tiles and is no ledger's. */
bool audit_tiles_place(const char *place);
