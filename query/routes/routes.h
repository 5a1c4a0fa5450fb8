/* From a request to its response: every route, without a socket. spec/http.md, spec/openapi.yaml
 *
 *   request ─► route ─► method ─► token and role ─► parameters ─► snapshot ─► answer ─► response
 *
 * A step that refuses answers with problem details (RFC 9457) that name the parameter or the limit and never repeat
 * what was sent. The snapshot is let go before the response is handed back. */
#pragma once

#include "query/answer/answering.h"
#include "query/answer/coverage.h"
#include "query/demo/demo_provider.h"
#include "query/http/exchange.h"
#include "query/identity/identity.h"
#include "query/page/page.h"
#include "query/quality/quality.h"

#define ROUTES_NO_ROOM "too many answers wait for their readers; try again later"

/* Answers that were made, since this process began. */
struct read_counts {
	_Atomic uint64_t own;       /* about who asked */
	_Atomic uint64_t of_others; /* to be put on record */
	_Atomic uint32_t reporter;  /* the sender that did so last; 0: none yet */
};

#define FOLLOWERS_MAX 128u      /* who are told of what comes, at once */
#define FOLLOWERS_OF_ONE_MAX 4u /* of one person: windows and devices */

/* Who is being told, as hashes of who asks. Begins as FOLLOWERS; any thread. */
struct followers {
	pthread_mutex_t mutex;
	uint32_t count;
	struct hash askers[FOLLOWERS_MAX];
};
#define FOLLOWERS                          \
	(struct followers)                     \
	{                                      \
		.mutex = PTHREAD_MUTEX_INITIALIZER \
	}

struct routes {
	struct archive *archive;
	const struct issuers *issuers;
	bool loopback; /* only this machine asks: where nobody is believed, it is told how to try things out */
	struct key cursor_key;
	uint32_t silent_after_s;
	struct cosigned_memory *cosigned;   /* NULL: nothing is remembered, and statements do not wait for witnesses */
	struct coverage_memory *coverage;   /* NULL: nothing is remembered */
	struct numbers_memory *numbers;     /* NULL: nothing is remembered */
	struct answering_memory *answering; /* the same */
	struct quality_memory *quality;     /* NULL: nothing is remembered, and there are no such figures */
	struct followers *followers;        /* NULL: nobody is told of what comes */
	struct read_counts *reads;          /* NULL: nothing is counted */
	struct page *page;                  /* NULL: there is none */
	struct demo_provider *demo;         /* NULL: nobody signs in here */
};

/* Always gives a response; any thread. `now_s` is the time of day. Only a statement has taken room for its body: the
 * rest is of a bounded size, and whoever sends it takes the room. */
void routes_answer(const struct routes *routes, const struct request *request, uint64_t now_s, struct response *out);
/* Whether a request may have a body: by method and path alone. */
bool routes_take_body(const struct routes *routes, const struct request *request);
/* For what a server refuses before there is a request to route, or when there is no room for its answer: a problem, as
 * routes make them. */
void routes_problem(int status, enum error error, const char *detail, struct response *out);
