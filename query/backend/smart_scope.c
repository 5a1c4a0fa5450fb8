#include "query/backend/smart_scope.h"

#include <string.h>

/* False: it does not begin so. */
static bool step_over(struct bytes *rest, const char *front)
{
	if (!bytes_begin(*rest, front))
		return false;
	*rest = bytes_after(*rest, strlen(front));
	return true;
}

/* Of version 2, with a c among them. It is the first. */
static bool letters_create(struct bytes letters)
{
	static const char order[] = "cruds";
	size_t at = 0;
	for (size_t i = 0; i < letters.len; i++) {
		while (order[at] != '\0' && order[at] != (char)letters.data[i])
			at++;
		if (order[at] == '\0')
			return false;
		at++;
	}
	return letters.len > 0 && letters.data[0] == 'c';
}

bool smart_scope_creates(struct bytes scope)
{
	if (!step_over(&scope, "system/") || !(step_over(&scope, "AuditEvent.") || step_over(&scope, "*.")))
		return false;
	return bytes_equal(scope, BYTES_LITERAL("write")) || bytes_equal(scope, BYTES_LITERAL("*")) ||
		   letters_create(scope);
}
