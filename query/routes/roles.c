#include "query/routes/roles.h"

#include <string.h>

#define PARAMETERS(...)   \
	(const char *const[]) \
	{                     \
		__VA_ARGS__, NULL \
	}

static const struct {
	const char *path;
	struct permission of[ROLES];
} table[] = {
	{"/v1/accesses",
		{
			[ROLE_SUBJECT] = {REACH_SELF, PARAMETERS("from", "to", "org", "limit", "cursor", "coverage")},
			[ROLE_PROXY] = {REACH_GRANTED, PARAMETERS("from", "to", "org", "limit", "cursor", "coverage")},
			[ROLE_AUTHORITY] = {REACH_ORGANISATION, PARAMETERS("from", "to", "limit", "cursor", "coverage")},
			[ROLE_SUPERVISOR] = {REACH_ANYBODY,
				PARAMETERS("from", "to", "org", "limit", "cursor", "coverage", "whole")},
		}},
	{"/v1/statement",
		{
			[ROLE_SUBJECT] = {REACH_SELF, PARAMETERS("from", "to", "signatures")},
			[ROLE_PROXY] = {REACH_GRANTED, PARAMETERS("from", "to", "signatures")},
			[ROLE_SUPERVISOR] = {REACH_ANYBODY, PARAMETERS("from", "to", "signatures")},
		}},
	{"/v1/labels",
		{
			[ROLE_AUDITOR] = {REACH_ALL, PARAMETERS("from", "to")},
		}},
};

const struct permission *roles_permission(const char *path, enum role role)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (strcmp(table[i].path, path) == 0)
			return &table[i].of[role];
	return NULL;
}
