/* The witness answers into one buffer, the one worker's; the response gets a copy, because it waits for its reader
 * while the next request is answered. The log line names the log and the status, and nobody who asks. */
#include "tools/witness/server_witness.h"

#include <stdio.h>
#include <time.h>

struct witness_server {
	struct witness *witness;
	struct witness_answer answer; /* the one worker's */
};

/* ---- requests ---- */

/* Told on stderr with the log's name, which the witness watches, and never with what was sent. */
static void add(struct witness_server *server, const struct request *request)
{
	if (strcmp(request->method, "POST") != 0)
		witness_refuse(&server->answer, 405, "add-checkpoint is asked with POST\n");
	else
		witness_add_checkpoint(server->witness, request->body, (uint64_t)time(NULL), &server->answer);
	fprintf(stderr, "add-checkpoint %d %s\n", server->answer.status, server->answer.origin);
}

/* Everything else: "/<origin hash>/checkpoint", or nothing. What monitors ask: the very file that was written when it
 * was cosigned. */
static void read_checkpoint(struct witness_server *server, const struct request *request)
{
	static const char tail[] = "/checkpoint";
	size_t len = strlen(request->path);
	if (len != 1 + 2 * HASH_BYTES + strlen(tail) || strcmp(request->path + len - strlen(tail), tail) != 0)
		witness_refuse(&server->answer, 404, "here are /add-checkpoint and /<origin hash>/checkpoint\n");
	else if (!request_reads(request))
		witness_refuse(&server->answer, 405, "a checkpoint is read with GET\n");
	else
		witness_checkpoint(server->witness, bytes_of(request->path + 1, 2 * HASH_BYTES), &server->answer);
}

static void answer(void *context, const struct request *request, struct response *out)
{
	struct witness_server *server = context;
	server->answer.origin = "-";
	bool adds = strcmp(request->path, "/add-checkpoint") == 0;
	if (adds)
		add(server, request);
	else
		read_checkpoint(server, request);
	out->body = malloc(server->answer.len + 1);
	if (out->body == NULL) {
		http_refuse_text(503, E_NO_MEMORY, error_text(E_NO_MEMORY), out);
		return;
	}
	memcpy(out->body, server->answer.body, server->answer.len);
	out->body_len = server->answer.len;
	out->status = server->answer.status;
	response_header(out, "Content-Type", server->answer.content_type);
	if (out->status == 405)
		response_header(out, "Allow", adds ? "POST" : "GET, HEAD");
}

enum error witness_server_new(const struct address *address, const struct tls_files *tls, struct witness *witness,
	struct http_server **out, struct fault *fault)
{
	struct witness_server *server = calloc(1, sizeof *server);
	TRY(fault_set(fault, allocated(server), ""));
	server->witness = witness;
	struct http_options options = {.answer = answer,
		.context = server,
		.release = free,
		.workers = 1,
		.tls = tls,
		.refuse = http_refuse_text,
		.tell = http_tell,
		.connections_max = WITNESS_CONNECTIONS_MAX,
		.connection_seconds = WITNESS_CONNECTION_SECONDS,
		.body_bytes_max = WITNESS_BODY_BYTES_MAX,
		.takes_body = http_takes_posts,
		.any_method = true,
		.output_bytes_max = WITNESS_OUTPUT_BYTES_MAX,
		.large_output_bytes_max = WITNESS_OUTPUT_BYTES_MAX};
	enum error error = http_fit_files(&options.connections_max, fault);
	if (error == E_OK)
		return http_server_new(address, &options, out, fault);
	free(server);
	return error;
}
