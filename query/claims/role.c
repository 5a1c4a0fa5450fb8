#include "query/claims/role.h"

#include <string.h>

static const char *const names[ROLES] = {
	[ROLE_SUBJECT] = "subject",
	[ROLE_PROXY] = "proxy",
	[ROLE_AUTHORITY] = "authority",
	[ROLE_AUDITOR] = "auditor",
	[ROLE_SUPERVISOR] = "supervisor",
};

const char *role_name(enum role role)
{
	return names[role];
}

bool role_parse(const char *name, enum role *out)
{
	for (size_t i = 0; i < ROLES; i++) {
		if (strcmp(names[i], name) == 0) {
			*out = (enum role)i;
			return true;
		}
	}
	return false;
}
