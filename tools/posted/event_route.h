/* POST /v1/events: events of applications on this machine, in JSON; POST /v1/cadf: CADF's, likewise. spec/gateway.md */
#pragma once

#include "tools/posted/post.h"

#define EVENT_ROUTE_LINES_MAX \
	8192u /* no more events fit into a body; each line that is none is a row of what is refused */
#define EVENT_ROUTE_PATH "/v1/events"
#define EVENT_ROUTE_CADF_PATH "/v1/cadf"

bool event_route_is(const char *path);

/* In a worker, of somebody who may be heard: a refusal, or what is to be asked. */
void event_route(const struct request *request, struct response *out);
/* A problem, for what the server or the door refuses. */
void event_route_refuse(int status, enum error error, const char *line, struct response *out);
