/* The auditor's side of `indsigt audit --labels --sign`: the key, and the note about what was recomputed. */
#pragma once

#include "ledger/audit/audit.h"
#include "ledger/keys/signer_key.h"

/* The key in the file; if there is none it is made under `name`, and its vkey goes to stderr. */
enum error audit_note_key(const char *path, const char *name, struct signer_key *out, struct fault *fault) MUST_USE;
/* Signs what `result`, an audit with labels that holds, says of the log: prints the note and puts it into DIR/audits/.
 */
enum error audit_note_write(const char *dir, const struct vkey *log, const struct audit_result *result,
	const struct signer_key *key, struct fault *fault) MUST_USE;
