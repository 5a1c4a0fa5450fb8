/* What was posted at a door, from the server's worker that looked at it to the thread that sends, and back.
 *
 *   route (event_route.h, otlp_route.h, fhir_route.h) ─► post_new ─► http_door.h ─► posts.h ─► answered ─► post_free */
#pragma once

#include "ledger/base/hash.h"
#include "query/http/exchange.h"
#include "tools/fhir/fhir_media.h"
#include "tools/fhirbody/fhir_bundle.h"

#include <jansson.h>
#include <netinet/in.h>

enum post_kind {
	POST_EVENT,   /* one, in JSON */
	POST_EVENTS,  /* one a line */
	POST_RECORDS, /* of OpenTelemetry, a request in JSON */
	POST_CREATE,  /* an AuditEvent */
	POST_CHECK,   /* an AuditEvent that is only looked at */
	POST_BUNDLE,
};

struct post {
	struct post *next;
	enum post_kind kind;
	struct bytes body;  /* with a NUL behind it */
	struct fault fault; /* why it cannot be read as what it was posted as; or E_OK */
	struct fhir_bundle bundle;
	enum fhir_return wish;
	bool cadf;             /* events: CADF's, not ours */
	bool protobuf, spans;  /* records: what they are answered in, and what they are */
	bool to_be_registered; /* only from whom the registration names by the key */
	char certificate[2 * HASH_BYTES + 1];
	char address[INET6_ADDRSTRLEN];
	uint64_t came_ms;
	/* The answer, of whoever takes it: */
	int status;   /* 0: there was no memory for one */
	char *answer; /* a body, malloc()ed; NULL: there is none */
	size_t answer_len;
	char location[96];
	/* Of the door: */
	void (*done)(void *done_context, struct bytes answer);
	void *done_context;
};

/* With a copy of `body` and of who it came from. NULL: no memory. */
struct post *post_new(enum post_kind kind, const struct request *request, struct bytes body) MUST_USE;
void post_free(struct post *post);
/* Its line breaks become blanks, which are white space in JSON, too: it is one line wherever it is read again. */
void post_make_line(struct post *post);
/* FHIR's own forms are spoken, of success and of errors. */
bool post_is_fhir(const struct post *post);

/* Takes `json` over; NULL: there was no memory. */
void post_set_answer(struct post *post, int status, json_t *json);
/* A problem, an OperationOutcome or OTLP's Status; what it had for an answer goes. */
void post_refuse(struct post *post, int status, enum error error, const char *why);

/* Of records: that all were taken, or how many were not, and why the first. */
void post_records_answer(struct post *post, size_t refused, const char *why);
/* What the answer is. */
const char *post_answer_type(const struct post *post);

/* The forms of what a door refuses by itself; NULL: there was no memory. */
json_t *post_problem(int status, enum error error, const char *detail);
/* `json`, taken over, becomes the body of `out`. */
void post_respond(struct response *out, int status, json_t *json, const char *type);
#define POST_TYPE_PROBLEM "application/problem+json"
#define POST_TYPE_FHIR "application/fhir+json;charset=utf-8"
#define POST_TYPE_PROTOBUF "application/x-protobuf"
