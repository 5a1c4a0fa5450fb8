/* GET /v1/quality and /metrics: what became of messages, for this machine alone. spec/quality.md */
#pragma once

#include "ledger/base/error.h"
#include "query/http/exchange.h"

bool quality_route_is(const char *path);
/* In a worker, of somebody who may be heard; `spool` is where the counts are written to. */
void quality_route(const char *spool, const struct request *request, response_refuser *refuse, struct response *out);
