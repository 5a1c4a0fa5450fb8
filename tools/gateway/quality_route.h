/* GET /v1/quality and /metrics: what became of messages, for this machine alone. spec/quality.md */
#pragma once

#include "query/http/exchange.h"

bool quality_route_is(const char *path);
/* In a worker, of somebody who may be heard; `spool` is where the counts are written to. */
void quality_route(const char *spool, const struct request *request, struct response *out);
