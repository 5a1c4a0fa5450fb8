/* With INDSIGT_WRITE_VECTORS set, what tests verify is written to tests/vectors. */
#pragma once

#include "tests/lib/forged.h"

/* A case of `page` whose file is the member `member`; NULL leaves out subject, policy and auditor. */
void write_vector(const char *page, const char *name, const char *about, const char *member, const char *document,
	const struct vkey *log, const char *subject, const char *policy, const struct vkey *auditor,
	enum finding_code finding);
