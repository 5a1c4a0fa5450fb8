/* Looks into the directory for every request, so it shows a new checkpoint as soon as that is renamed into place. What
 * is not there (404) may not be remembered by anybody: it may be there in a moment. */
#include "tools/publish/server_tree.h"

#include "ledger/base/file.h"
#include "query/http/tile_answer.h"
#include "tools/publish/tile_tree.h"

#include <fcntl.h>
#include <sodium.h>

#define NEWEST "public, max-age=2"
#define PREFIX_LEN (1 + 2 * HASH_BYTES) /* "/<origin hash>" */

struct tree_server {
	int dir_fd;
	char prefix[PREFIX_LEN + 1];
};

/* ---- answers ---- */

static void say(struct response *out, int status, const char *why)
{
	response_text(out, status, why);
	if (status == 405)
		response_header(out, "Allow", "GET, HEAD");
	response_header(out, "Cache-Control", "no-store"); /* what is not there now may be there soon */
}

/* A disk that does not answer is not "not there": a reader that is told 404 asks elsewhere, and would believe it. */
static void say_why_not(struct response *out, enum error error, const char *missing)
{
	if (error == E_NOT_FOUND)
		say(out, 404, missing);
	else
		say(out, 500, "the file cannot be read; whoever runs this mirror finds out more\n");
}

/* The file as it is, with all cosignatures: it was verified before it was put there. */
static void give_checkpoint(const struct tree_server *server, struct response *out)
{
	uint8_t *note;
	enum error error = file_read_all(server->dir_fd, "checkpoint", NOTE_BYTES_MAX, &note, &out->body_len);
	if (error != E_OK) {
		say_why_not(out, error, "nothing has been published here yet\n");
		return;
	}
	out->body = (char *)note;
	out->status = 200;
	response_header(out, "Content-Type", "text/plain; charset=utf-8");
	response_header(out, "Cache-Control", NEWEST);
}

static void give_tile(
	const struct tree_server *server, const struct request *request, const struct tile_path *tile, struct response *out)
{
	OWNED_MEMORY uint8_t *content = NULL;
	size_t len = 0;
	enum error error =
		tile_tree_read(server->dir_fd, tile, &content, &len) ?: tile_answer(request, tile, bytes_of(content, len), out);
	if (error != E_OK)
		say_why_not(out, error, "there is no such tile here yet\n");
}

static void answer(void *context, const struct request *request, struct response *out)
{
	const struct tree_server *server = context;
	const char *path = request->path;
	struct tile_path tile;
	if (strncmp(path, server->prefix, PREFIX_LEN) == 0)
		path += PREFIX_LEN;
	if (!request_reads(request))
		say(out, 405, "a log is read with GET\n");
	else if (strcmp(path, "/checkpoint") == 0)
		give_checkpoint(server, out);
	else if (tile_path_parse(path, &tile))
		give_tile(server, request, &tile, out);
	else
		say(out, 404,
			"here are /checkpoint, /tile/<level>/<number> and /tile/entries/<number>, and .p/<width> for a "
			"partial tile\n");
}

/* ---- life ---- */

/* Under the hash of the log's name one server can serve several logs behind one proxy, as C2SP has it. */
static void set_prefix(struct tree_server *server, const char *origin)
{
	const struct bytes name = bytes_text(origin);
	struct hash hash;
	hash_sha256(&name, 1, &hash);
	server->prefix[0] = '/';
	sodium_bin2hex(server->prefix + 1, sizeof server->prefix - 1, hash.b, sizeof hash.b);
}

/* With the server, which calls it when nobody answers any more. */
static void release(void *context)
{
	struct tree_server *server = context;
	own_close(&server->dir_fd);
	free(server);
}

enum error tree_server_new(const struct address *address, const struct tls_files *tls, const char *dir,
	const char *origin, struct http_server **out, struct fault *fault)
{
	struct tree_server *server = calloc(1, sizeof *server);
	TRY(fault_set(fault, allocated(server), ""));
	struct http_options options = {.answer = answer,
		.context = server,
		.release = release,
		.workers = 1,
		.tls = tls,
		.refuse = http_refuse_text,
		.tell = http_tell,
		.connections_max = TREE_CONNECTIONS_MAX,
		.connection_seconds = TREE_CONNECTION_SECONDS,
		.any_method = true,
		.output_bytes_max = TREE_OUTPUT_BYTES_MAX,
		.large_output_bytes_max = TREE_OUTPUT_BYTES_MAX};
	set_prefix(server, origin);
	server->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum error error = server->dir_fd < 0 ? fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %m", dir)
										  : http_fit_files(&options.connections_max, fault);
	if (error == E_OK)
		return http_server_new(address, &options, out, fault);
	release(server);
	return error;
}
