#include "tools/witness/server_witness.h"

#include "query/daemon/server_plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct witness_server {
	struct witness *witness;
	struct plain_server *plain;
	struct witness_answer answer;
};

/* ---- requests ---- */

static void refuse(struct witness_answer *out, int status, const char *why)
{
	*out = (struct witness_answer){.status = status, .content_type = "text/plain; charset=utf-8", .origin = "-"};
	out->len = strlen(why);
	memcpy(out->body, why, out->len);
}

static void add(struct witness_server *server, const struct plain_request *request)
{
	if (request->method != PLAIN_POST)
		refuse(&server->answer, 405, "add-checkpoint is asked with POST\n");
	else
		witness_add_checkpoint(server->witness, request->body, (uint64_t)time(NULL), &server->answer);
	fprintf(stderr, "add-checkpoint %d %s\n", server->answer.status, server->answer.origin);
}

/* Everything else: "/<origin hash>/checkpoint", or nothing. */
static void read_checkpoint(struct witness_server *server, const struct plain_request *request)
{
	static const char tail[] = "/checkpoint";
	size_t len = strlen(request->path);
	if (len != 1 + 2 * HASH_BYTES + strlen(tail) || strcmp(request->path + len - strlen(tail), tail) != 0)
		refuse(&server->answer, 404, "here are /add-checkpoint and /<origin hash>/checkpoint\n");
	else if (request->method != PLAIN_GET && request->method != PLAIN_HEAD)
		refuse(&server->answer, 405, "a checkpoint is read with GET\n");
	else
		witness_checkpoint(server->witness, bytes_of(request->path + 1, 2 * HASH_BYTES), &server->answer);
}

static void on_request(void *context, const struct plain_request *request, struct plain_answer *out)
{
	struct witness_server *server = context;
	if (strcmp(request->path, "/add-checkpoint") == 0)
		add(server, request);
	else
		read_checkpoint(server, request);
	out->status = server->answer.status;
	out->content_type = server->answer.content_type;
	if (out->status == 405)
		out->allow = strcmp(request->path, "/add-checkpoint") == 0 ? "POST" : "GET, HEAD";
	out->body = bytes_of(server->answer.body, server->answer.len);
}

/* ---- life ---- */

enum error witness_server_new(
	const struct address *address, struct witness *witness, struct witness_server **out, struct fault *fault)
{
	struct witness_server *server = calloc(1, sizeof *server);
	if (server == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	server->witness = witness;
	const struct plain_options options = {.handler = on_request,
		.context = server,
		.body_bytes_max = WITNESS_BODY_BYTES_MAX,
		.connections_max = WITNESS_CONNECTIONS_MAX,
		.connection_seconds = WITNESS_CONNECTION_SECONDS};
	enum error error = plain_server_new(address, &options, &server->plain, fault);
	if (error != E_OK) {
		free(server);
		return error;
	}
	*out = server;
	return E_OK;
}

const char *witness_server_address(const struct witness_server *server)
{
	return plain_server_address(server->plain);
}

enum error witness_server_run(struct witness_server *server, struct fault *fault)
{
	return plain_server_run(server->plain, fault);
}

void witness_server_free(struct witness_server *server)
{
	plain_server_free(server->plain);
	free(server);
}
