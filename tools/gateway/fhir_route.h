/* The FHIR door's requests: metadata, create, Bundle, $validate. In a worker. spec/gateway.md */
#pragma once

#include "tools/fhir/fhir_capability.h"
#include "tools/posted/post.h"

#define FHIR_ROUTE_BODY_BYTES_MAX 1048576u /* also of what gzip held */

/* Whether the path is below the base, which has no '/' at its end and may be empty. */
bool fhir_route_is(const char *base, const char *path);
/* What everybody may ask, as clients do before they show who they are. */
bool fhir_route_is_metadata(const char *base, const struct request *request);
/* A refusal, an answer, or what is to be asked: `to_be_registered` as of a post. */
void fhir_route(const char *base, bool to_be_registered, const struct fhir_security *security,
	const struct request *request, struct response *out);
/* Where tokens are had, which everybody may ask too. */
bool fhir_route_is_smart(const char *base, const struct request *request);
/* An OperationOutcome, for what the server or the door refuses. */
void fhir_route_refuse(int status, enum error error, const char *line, struct response *out);
