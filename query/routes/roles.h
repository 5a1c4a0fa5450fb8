/* Which role may ask which question, about whom, and with which parameters: one table, in roles.c. spec/roles.md
 *
 * A cell that is not there says no. Questions that stand in no row are everybody's (and then no token is looked at), or
 * a sender's, who signs for itself. */
#pragma once

#include "query/identity/identity.h"

/* About whom a role may ask a question. */
enum reach {
	REACH_NOBODY,       /* it may not */
	REACH_SELF,         /* about the asker, and the asker's grants */
	REACH_GRANTED,      /* about the asker, and about who has given them a grant that is in force */
	REACH_ORGANISATION, /* about anybody, as far as the asker's organisation accessed it or reported it */
	REACH_ANYBODY,      /* about anybody, in the case that is named */
	REACH_ALL,          /* about everybody at once; whom it is about is not asked */
};

/* What one role may do at one address. */
struct permission {
	enum reach reach;
	const char *const *parameters; /* NULL-terminated; others are refused */
};

/* A row is of an address, and of one method where it is not read. NULL: no row, the address asks nobody who they are.
 */
const struct permission *roles_permission(const char *method, const char *path, enum role role);
