/* From a request to its response: every route, pure, without a socket. spec/http.md, spec/openapi.yaml
 *
 *   request ─► route ─► method ─► token and role ─► parameters ─► snapshot ─► answer ─► response
 *
 * A step that refuses answers with problem details (RFC 9457) that name the parameter or the limit and never repeat
 * what was sent. The snapshot is let go before the response is handed back. */
#pragma once

#include "query/answer/coverage.h"
#include "query/http/token.h"
#include "query/statement/room.h"

#define RESPONSE_HEADERS_MAX 12
#define ROUTES_NO_ROOM "too many answers wait for their readers; try again later"

struct routes {
	struct archive *archive;
	const struct token_issuer *issuer; /* NULL: nobody can show who they are, and personal answers are refused */
	struct key cursor_key;
	uint32_t silent_after_s;
	struct cosigned_memory *cosigned; /* NULL: nothing is remembered, and statements do not wait for witnesses */
	struct coverage_memory *coverage; /* NULL: nothing is remembered */
};

/* Borrowed for the call. */
struct request {
	const char *method;        /* "GET" */
	const char *path;          /* as sent, without the query string */
	const char *query;         /* what stands after '?', or NULL */
	const char *authorization; /* the header, or NULL */
	const char *if_none_match; /* the header, or NULL */
	bool gzip;                 /* may be answered so */
	bool local;                /* came over loopback */
	struct room *room;         /* what answers may have of memory, or NULL */
};

struct response {
	int status;
	const char *route; /* the pattern, for the log: never what was sent */
	size_t header_count;
	struct {
		const char *name;
		const char *value;
	} headers[RESPONSE_HEADERS_MAX]; /* static texts */
	char *body;                      /* to be freed with response_release */
	size_t body_len;
	struct room *room;
	size_t held;   /* of it, for the body */
	char tag[64];  /* what the header ETag points to: do not copy a response that has one */
	char note[64]; /* what else the log says of the request, from a space on: no personal data */
};

/* Always gives a response; any thread. `now_s` is the time of day. */
void routes_answer(const struct routes *routes, const struct request *request, uint64_t now_s, struct response *out);
/* For what a server refuses before there is a request to route: status and `error` name, as a problem. */
void routes_problem(int status, const char *error, const char *detail, struct response *out);
void response_release(struct response *response);
