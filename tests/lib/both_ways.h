/* An audit by one thread and by several must say the same, in every member of the result. */
#pragma once

#include "ledger/audit/audit.h"

/* As audit_directory, by one thread; compared with what three say. */
enum error audit_both_ways(const char *dir, const struct vkey *vkey, const struct audit_options *options,
	struct audit_result *out, struct fault *fault) MUST_USE;
