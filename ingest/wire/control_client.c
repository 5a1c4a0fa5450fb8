/* One connection, one request, one reply.
 *
 * What can fail: nobody listens (E_NOT_FOUND: a command may go on without a
 * daemon); the daemon's own refusal, which comes back as the error that it names and its words; a daemon that ends
 * before it replies (E_IO), and then nobody knows whether it was done. There is no time limit: a request that is given
 * up would be done all the same. */
#include "ingest/wire/control_client.h"

#include "ledger/base/file.h"
#include "ledger/base/shortage.h"
#include "ledger/json/json_read.h"
#include "ledger/process/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

/* By name, since the daemon may be of another version than the command: a name that is not known here is E_IO, with
 * the daemon's own text. */
static enum error code_of(const char *name)
{
	for (int code = 1; code < 256; code++)
		if (name != NULL && strcmp(error_name((enum error)code), name) == 0)
			return (enum error)code;
	return E_IO;
}

/* A ledger that waits (for room on its disk, say) answers late, and does then what it was asked: nobody should think
 * that it was not. */
static void wait_for_reply(int fd, void (*waiting)(void))
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	if (waiting != NULL && poll(&ready, 1, CONTROL_NOTICE_MS) == 0)
		waiting();
}

struct reply {
	int fd;
	json_t *json;
};

/* A stream over the socket: jansson reads the reply from it as it comes. */
static void load_reply(void *context)
{
	struct reply *reply = context;
	json_error_t detail;
	reply->json = json_loadfd(reply->fd, JSON_DISABLE_EOF_CHECK, &detail);
}

static enum error ask(int fd, const json_t *request, struct fault *fault)
{
	OWNED_MEMORY char *text = json_write(request, JSON_COMPACT);
	TRY(fault_set(fault, allocated(text), "the daemon is not asked"));
	if (file_write_all(fd, bytes_text(text)) != E_OK || write(fd, "\n", 1) != 1)
		return fault_set(fault, E_IO, "the daemon does not take the request: %m");
	return E_OK;
}

static enum error exchange(int fd, const json_t *request, void (*waiting)(void), json_t **reply, struct fault *fault)
{
	TRY(ask(fd, request, fault));
	wait_for_reply(fd, waiting);
	struct reply came = {fd, NULL};
	if (!shortage_guard(load_reply, &came))
		return fault_set(fault, E_NO_MEMORY, "the daemon's reply cannot be read; what was asked for may be done");
	json_t *json = came.json;
	if (json == NULL)
		return fault_set(fault, E_IO, "the daemon ended without a reply; see its log");
	if (json_is_true(json_object_get(json, "ok"))) {
		*reply = json;
		return E_OK;
	}
	enum error error = code_of(json_string_value(json_object_get(json, "error")));
	const char *text = json_string_value(json_object_get(json, "text"));
	fault_set(fault, error, "%s", text ? text : error_text(error));
	json_decref(json);
	return error;
}

enum error control_call(
	const char *dir, const json_t *request, void (*waiting)(void), json_t **reply, struct fault *fault)
{
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %m", dir);
	OWNED_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set(fault, E_IO, "no socket: %m");
	if (unix_connect(fd, dir_fd, "control.sock") != 0) {
		bool nobody = errno == ENOENT || errno == ECONNREFUSED;
		return fault_set(fault,
			nobody            ? E_NOT_FOUND
			: errno == EACCES ? E_PERMISSION
							  : E_IO,
			"%s/control.sock: %m", dir);
	}
	return exchange(fd, request, waiting, reply, fault);
}
