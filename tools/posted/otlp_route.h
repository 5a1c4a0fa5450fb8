/* POST /v1/logs and /v1/traces: records of OpenTelemetry, in protobuf and JSON. In a worker. spec/otlp.md */
#pragma once

#include "tools/posted/post.h"

#define OTLP_ROUTE_BODY_BYTES_MAX 1048576u   /* also of what gzip held */
#define OTLP_ROUTE_RECORDS_MAX 4096u         /* of one request */
#define OTLP_ROUTE_PARTS_BYTES_MAX 16777216u /* of its records, each with what stands around it */

bool otlp_route_is(const char *path);
/* A refusal, an answer, or what is to be asked. */
void otlp_route(const struct request *request, struct response *out);
/* For what the door refuses: in JSON, until otlp_route_form gives it the form that the request has. */
void otlp_route_refuse(int status, enum error error, const char *line, struct response *out);
void otlp_route_form(const struct request *request, struct response *out);
