/* What `indsigt bench` asks a query daemon: HTTP, by TLS or not, on connections that are kept, one request after
 * another. */
#pragma once

#include "ledger/tls/tls_client.h"

#include <stddef.h>

/* One citizen's connection. Begins as ASK_LINE_NONE; ask_line_close also after an error. */
struct ask_line {
	int fd;
	struct tls_client *client; /* NULL: without TLS */
	struct tls_line *tls;
	uint64_t start_ns;
	size_t len; /* of the answer, so far */
	char *answer;
};

#define ASK_LINE_NONE ((struct ask_line){.fd = -1})

/* `ca`: who has signed the server's certificate, for TLS, and then the handshake is done; NULL: without. */
enum error ask_line_open(const char *server, const char *ca, struct ask_line *line, struct fault *fault) MUST_USE;
void ask_line_close(struct ask_line *line);
/* Asks, and waits for the whole answer. E_IO, and E_STOPPED for an answer other than 200. */
enum error ask_line_once(struct ask_line *line, const char *server, const char *path, const char *token, double *out_ms,
	struct fault *fault) MUST_USE;

#define ASK_CONNECTIONS_MAX 16u

/* Of `count` times, at least 1, in any order; sorts them. */
struct ask_times {
	double p50_ms, p99_ms;
};

struct ask_times ask_times_of(double *ms, size_t count);

struct ask {
	const char *server; /* HOST:PORT, IPv4 */
	const char *ca;     /* as of ask_line_open */
	const char *path;
	const char *const *tokens; /* one for each citizen, taken in turn */
	size_t token_count;
	uint32_t connections; /* that ask at the same time */
	uint32_t requests;    /* all together */
};

struct ask_result {
	struct ask_times times; /* from the first byte of the request to the last of the answer */
	double per_second;
	size_t answer_bytes; /* of the last answer's body */
};

/* E_IO, and E_STOPPED for an answer other than 200. */
enum error ask_run(const struct ask *ask, struct ask_result *out, struct fault *fault) MUST_USE;
