/* What `indsigt bench` asks a query daemon: plain HTTP on connections that are kept, one request after another. */
#pragma once

#include "ledger/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define ASK_CONNECTIONS_MAX 16u

struct ask {
	const char *server; /* HOST:PORT, IPv4 */
	const char *path;
	const char *const *tokens; /* one for each citizen, taken in turn */
	size_t token_count;
	uint32_t connections; /* that ask at the same time */
	uint32_t requests;    /* all together */
};

struct ask_result {
	double p50_ms; /* from the first byte of the request to the last of the answer */
	double p99_ms;
	double per_second;
	size_t answer_bytes; /* of the last answer's body */
};

/* E_IO, and E_STOPPED for an answer other than 200. */
enum error ask_run(const struct ask *ask, struct ask_result *out, struct fault *fault) MUST_USE;
