/* A small server on the network: libevent's evhttp in front of one function that answers. For the witness and for
 * mirrors, which need no rights, no pages and no threads.
 *
 * One thread: a request is answered before the next one is looked at. Connections are counted, and each ends after
 * `connection_seconds`, whatever it is doing. There are fewer of them than asked for where the process may not have so
 * many files open. Answers that wait for their readers have 64 MiB together; who finds no room is answered 503. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/text/address.h"

#define PLAIN_TAG_MAX 63u

enum plain_method { PLAIN_GET, PLAIN_HEAD, PLAIN_POST, PLAIN_OTHER };

struct plain_request {
	enum plain_method method;
	const char *path;          /* without query; never NULL */
	const char *if_none_match; /* or NULL */
	bool gzip;                 /* accepted */
	struct bytes body;
};

/* Everything but the tag is borrowed until the answer is sent, which is before the next request. */
struct plain_answer {
	int status;
	struct bytes body;        /* not sent for HEAD, and 304 */
	const char *content_type; /* each of these may be NULL */
	const char *allow;
	const char *cache_control;
	const char *encoding;
	const char *vary;
	char tag[PLAIN_TAG_MAX + 1]; /* may be empty */
};

/* `out` is all zero. */
typedef void plain_handler(void *context, const struct plain_request *request, struct plain_answer *out);

struct plain_options {
	plain_handler *handler;
	void *context;
	size_t body_bytes_max;
	uint32_t connections_max;
	int connection_seconds;
};

struct plain_server;

/* Binds `address`. What `options` points to is borrowed until plain_server_free. E_IO. */
enum error plain_server_new(const struct address *address, const struct plain_options *options,
	struct plain_server **out, struct fault *fault) MUST_USE;
/* HOST:PORT as bound. */
const char *plain_server_address(const struct plain_server *server);
/* Answers until SIGTERM or SIGINT. */
enum error plain_server_run(struct plain_server *server, struct fault *fault) MUST_USE;
void plain_server_free(struct plain_server *server);
