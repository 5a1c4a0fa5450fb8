/* Asking a ledger over HTTP: one question at a time, and its answer. */
#pragma once

#include "ingest/net/web.h"

#include <jansson.h>

#define FETCH_BYTES_MAX (64u << 20) /* one answer; a full page is below a tenth of it */
#define FETCH_SECONDS 60L

/* For a person: what answers at the address is something else. */
#define FETCH_NO_HTTP "what answers there speaks no HTTP; is it the port that senders use?"

struct fetch;

/* For `url`, the ledger's address, with a bearer token or NULL. One connection, kept between requests. E_USAGE for an
 * address that is not http or https, E_NO_MEMORY. */
enum error fetch_open(const char *url, const char *token, struct fetch **out, struct fault *fault) MUST_USE;
void fetch_close(struct fetch *fetch);
OWN(fetch, fetch_close);

/* Sends this value as the Authorization header from the next request on. E_NO_MEMORY. */
enum error fetch_authorize(struct fetch *fetch, const char *value) MUST_USE;
/* Says from the next request on about whom it is, and in which case a supervisor asks (NULL: none). Once. E_NO_MEMORY.
 */
enum error fetch_about(struct fetch *fetch, const char *subject, const char *reference) MUST_USE;
/* GET of `path` under the address, with `count` parameters. A new reference. E_TOKEN and E_FORBIDDEN for 401 and 403,
 * E_NOT_FOUND for 404, E_IO for everything else; the fault holds the detail that the ledger gave. */
enum error fetch_json(struct fetch *fetch, const char *path, const struct web_param *params, size_t count, json_t **out,
	struct fault *fault) MUST_USE;
/* The same, and the answer as it came: borrowed until the next request. */
enum error fetch_text(struct fetch *fetch, const char *path, const struct web_param *params, size_t count,
	struct bytes *out, struct fault *fault) MUST_USE;
