/* As whom one can sign in where tokens are for trying things out: DIR/demo-persons.json. spec/identity.md */
#pragma once

#include "query/claims/role.h"

#define DEMO_PERSONS_NAME "demo-persons.json"
#define DEMO_PERSONS_MAX 50u
#define DEMO_NAME_BYTES_MAX 127u

struct demo_person {
	char id[SUBJECT_BYTES_MAX + 1]; /* canonical */
	char name[DEMO_NAME_BYTES_MAX + 1];
	enum role role; /* subject or proxy */
};

struct demo_persons {
	size_t count;
	struct demo_person list[DEMO_PERSONS_MAX];
};

/* Of the ledger in `dir`; none where there is no file. The fault names the member. E_BAD_JSON, E_BAD_VALUE, E_IO,
 * E_NO_MEMORY. */
enum error demo_persons_read(const char *dir, struct demo_persons *out, struct fault *fault) MUST_USE;
