#include "tools/publish/server_tree.h"

#include "ledger/base/file.h"
#include "ledger/base/hash.h"
#include "query/http/gzip.h"
#include "query/http/negotiate.h"
#include "tools/publish/tile_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMMUTABLE "public, max-age=31536000, immutable"
#define NEWEST "public, max-age=2"
#define PREFIX_LEN (1 + 2 * HASH_BYTES) /* "/<origin hash>" */

struct tree_server {
	int dir_fd;
	struct plain_server *plain;
	char prefix[PREFIX_LEN + 1];
	char *body; /* owned: of the last answer */
	size_t len;
};

/* ---- answers ---- */

static void say(struct plain_answer *out, int status, const char *why)
{
	out->status = status;
	out->content_type = "text/plain; charset=utf-8";
	out->body = bytes_text(why);
	out->allow = status == 405 ? "GET, HEAD" : NULL;
	out->cache_control = "no-store"; /* what is not there now may be there soon */
}

static void say_why_not(struct plain_answer *out, enum error error, const char *missing)
{
	if (error == E_NOT_FOUND)
		say(out, 404, missing);
	else
		say(out, 500, "the file cannot be read; whoever runs this mirror finds out more\n");
}

static void give_checkpoint(struct tree_server *server, struct plain_answer *out)
{
	uint8_t *note;
	enum error error = file_read_all(server->dir_fd, "checkpoint", NOTE_BYTES_MAX, &note, &server->len);
	if (error != E_OK) {
		say_why_not(out, error, "nothing has been published here yet\n");
		return;
	}
	server->body = (char *)note;
	out->status = 200;
	out->content_type = "text/plain; charset=utf-8";
	out->cache_control = NEWEST;
	out->body = bytes_of(server->body, server->len);
}

/* A tile is its address: nobody who has it needs it again. The entity tag names the encoding too. */
static void set_tag(const struct tile_path *tile, bool zipped, struct plain_answer *out)
{
	char level[16] = "entries";
	if (!tile->entries)
		snprintf(level, sizeof level, "%" PRIu32, tile->level);
	snprintf(out->tag, sizeof out->tag, "\"%s-%" PRIu64 "-%" PRIu32 "%s\"", level, tile->number, tile->width,
		zipped ? "-gzip" : "");
}

static void compress(struct tree_server *server, struct plain_answer *out)
{
	char *smaller;
	size_t len;
	if (!gzip_compress(bytes_of(server->body, server->len), &smaller, &len))
		return;
	free(server->body);
	server->body = smaller;
	server->len = len;
	out->encoding = "gzip";
}

static void give_tile(struct tree_server *server, const struct plain_request *request, const struct tile_path *tile,
	struct plain_answer *out)
{
	uint8_t *content;
	enum error error = tile_tree_read(server->dir_fd, tile, &content, &server->len);
	if (error != E_OK) {
		say_why_not(out, error, "there is no such tile here yet\n");
		return;
	}
	server->body = (char *)content;
	bool zip = tile->entries && request->gzip;
	set_tag(tile, zip, out);
	out->status = negotiate_known(request->if_none_match, out->tag) ? 304 : 200;
	if (zip && out->status == 200)
		compress(server, out);
	out->content_type = "application/octet-stream";
	out->cache_control = IMMUTABLE;
	out->vary = tile->entries ? "Accept-Encoding" : NULL;
	out->body = out->status == 200 ? bytes_of(server->body, server->len) : BYTES_EMPTY;
}

static void on_request(void *context, const struct plain_request *request, struct plain_answer *out)
{
	struct tree_server *server = context;
	const char *path = request->path;
	struct tile_path tile;
	free(server->body);
	server->body = NULL;
	server->len = 0;
	if (strncmp(path, server->prefix, PREFIX_LEN) == 0)
		path += PREFIX_LEN;
	if (request->method != PLAIN_GET && request->method != PLAIN_HEAD)
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

static void set_prefix(struct tree_server *server, const char *origin)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const unsigned char *)origin, strlen(origin));
	server->prefix[0] = '/';
	sodium_bin2hex(server->prefix + 1, sizeof server->prefix - 1, hash, sizeof hash);
}

static enum error start(struct tree_server *server, const struct address *address, const char *dir, struct fault *fault)
{
	const struct plain_options options = {.handler = on_request,
		.context = server,
		.connections_max = TREE_CONNECTIONS_MAX,
		.connection_seconds = TREE_CONNECTION_SECONDS};
	server->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (server->dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %s", dir, strerror(errno));
	return plain_server_new(address, &options, &server->plain, fault);
}

enum error tree_server_new(
	const struct address *address, const char *dir, const char *origin, struct tree_server **out, struct fault *fault)
{
	struct tree_server *server = calloc(1, sizeof *server);
	if (server == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	set_prefix(server, origin);
	enum error error = start(server, address, dir, fault);
	if (error != E_OK) {
		tree_server_free(server);
		return error;
	}
	*out = server;
	return E_OK;
}

const char *tree_server_address(const struct tree_server *server)
{
	return plain_server_address(server->plain);
}

enum error tree_server_run(struct tree_server *server, struct fault *fault)
{
	return plain_server_run(server->plain, fault);
}

void tree_server_free(struct tree_server *server)
{
	if (server == NULL)
		return;
	if (server->plain != NULL)
		plain_server_free(server->plain);
	if (server->dir_fd >= 0)
		close(server->dir_fd);
	free(server->body);
	free(server);
}
