#include "query/routes/roles.h"

#include <string.h>

#define PARAMETERS(...)   \
	(const char *const[]) \
	{                     \
		__VA_ARGS__, NULL \
	}

static const char *const none[] = {NULL};

static const struct {
	const char *path; /* of what is not read: behind its method */
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
	/* Its parameters are search parameters, which fhir/search.h knows. */
	{"/fhir/AuditEvent",
		{
			[ROLE_SUBJECT] = {REACH_SELF, none},
			[ROLE_PROXY] = {REACH_GRANTED, none},
			[ROLE_AUTHORITY] = {REACH_ORGANISATION, none},
			[ROLE_SUPERVISOR] = {REACH_ANYBODY, none},
		}},
	{"/v1/statement",
		{
			[ROLE_SUBJECT] = {REACH_SELF, PARAMETERS("from", "to", "signatures")},
			[ROLE_PROXY] = {REACH_GRANTED, PARAMETERS("from", "to", "signatures")},
			[ROLE_SUPERVISOR] = {REACH_ANYBODY, PARAMETERS("from", "to", "signatures")},
		}},
	{"/v1/mandates",
		{
			[ROLE_SUBJECT] = {REACH_SELF, none},
			[ROLE_PROXY] = {REACH_SELF, none},
		}},
	{"/v1/reports",
		{
			[ROLE_AUTHORITY] = {REACH_ALL, none},
		}},
	{"POST /v1/reports",
		{
			[ROLE_SUBJECT] = {REACH_SELF, none},
			[ROLE_PROXY] = {REACH_GRANTED, none},
		}},
	{"POST /v1/grants",
		{
			[ROLE_SUBJECT] = {REACH_SELF, none},
			[ROLE_PROXY] = {REACH_SELF, none},
		}},
	{"POST /v1/grants/revoke",
		{
			[ROLE_SUBJECT] = {REACH_SELF, none},
			[ROLE_PROXY] = {REACH_SELF, none},
		}},
	{"/v1/notifications",
		{
			[ROLE_SUBJECT] = {REACH_SELF, none},
			[ROLE_PROXY] = {REACH_SELF, none},
		}},
	{"PUT /v1/notifications",
		{
			[ROLE_SUBJECT] = {REACH_SELF, none},
			[ROLE_PROXY] = {REACH_SELF, none},
		}},
	{"/v1/quality",
		{
			[ROLE_AUTHORITY] = {REACH_ALL, none},
			[ROLE_SUPERVISOR] = {REACH_ALL, none},
			[ROLE_AUDITOR] = {REACH_ALL, none},
		}},
	{"/v1/labels",
		{
			[ROLE_AUDITOR] = {REACH_ALL, PARAMETERS("from", "to")},
		}},
};

static bool is_row(const char *row, const char *method, const char *path)
{
	size_t len = strlen(method);
	bool writes = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
	return writes ? strncmp(row, method, len) == 0 && row[len] == ' ' && strcmp(row + len + 1, path) == 0
				  : strcmp(row, path) == 0;
}

const struct permission *roles_permission(const char *method, const char *path, enum role role)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (is_row(table[i].path, method, path))
			return &table[i].of[role];
	return NULL;
}
