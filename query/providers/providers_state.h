/* What providers.c, which judges, and providers_thread.c, which asks, have together. */
#pragma once

#include "ingest/net/web.h"
#include "query/backend/verified.h"
#include "query/issuer/inquiries.h"
#include "query/issuer/provider.h"
#include "query/providers/providers.h"

#include <pthread.h>

/* The issuers of one reading of the file. Let go of by its last holder: the current one is held by the providers, and
 * each by whoever judges by it meanwhile. */
struct provider_set {
	unsigned holders; /* under the lock */
	size_t count;
	struct provider list[ISSUERS_MAX];
	struct provider *asked; /* about opaque tokens, or NULL */
	char *authorization;    /* for that, guarded */
	struct inquiries inquiries;
	struct verified *verified; /* of systems; NULL: it is of people */
};

struct providers {
	char *path;
	char *folder;  /* what the file names is beside it */
	bool backends; /* it is systems that come with their tokens */
	bool may_come; /* there need be no file yet: nobody is believed until there is one */
	int wake_fd;
	struct web *web; /* the thread's */
	pthread_t thread;
	bool started;
	struct providers_ears ears;

	pthread_mutex_t lock; /* over what follows, and what can change in the set: not its configurations */
	struct provider_set *set;
	bool reload;
	bool stopping;
};

/* A new set out of the file. */
enum error provider_set_read(
	const struct providers *providers, struct provider_set **out, struct fault *fault) MUST_USE;
void provider_set_let_go(struct providers *providers, struct provider_set *set);
/* What the thread asks with. E_NO_MEMORY. */
enum error providers_web_open(struct web **out) MUST_USE;
void *providers_run(void *providers);
