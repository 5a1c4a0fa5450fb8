/*   connection ─► whose? ─► line ─► request ─► handler ─► answer, kept ─► (the disk has it) ─► sent
 *
 * A caller that does not read its answers, sends a line that is too long or too slow, or more lines than there is room
 * for answers, is let go of. Nothing of what it said is told to anybody: it is somebody's number. */
#include "tools/notify/door.h"

#include "ledger/base/file.h"
#include "ledger/json/json_read.h"
#include "ledger/process/unix_socket.h"
#include "ledger/subject/subject.h"
#include "tools/notify/place.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define OUT_BYTES_MAX 8192u

struct caller {
	int fd; /* -1: none */
	uint64_t until_ms;
	size_t in_len, out_len;
	char in[DOOR_LINE_MAX];
	char out[OUT_BYTES_MAX];
};

struct door {
	int notify_fd;
	int wake_fd;
	int listener;
	struct caller callers[DOOR_CALLERS_MAX];
};

/* ---- callers ---- */

static void let_go(struct caller *caller)
{
	own_close_now(&caller->fd);
	sodium_memzero(caller, sizeof *caller);
	caller->fd = -1;
}

static bool may_speak(const struct door *door, int fd)
{
	struct ucred peer;
	struct stat folder;
	socklen_t len = sizeof peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || fstat(door->notify_fd, &folder) != 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() || (file_is_shared(folder.st_mode) && peer.gid == folder.st_gid);
}

static void let_in(struct door *door, uint64_t now_ms)
{
	for (;;) {
		OWNED_FD fd = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		size_t i = 0;
		while (i < DOOR_CALLERS_MAX && door->callers[i].fd >= 0)
			i++;
		struct epoll_event event = {.events = EPOLLIN};
		if (i == DOOR_CALLERS_MAX || !may_speak(door, fd) || epoll_ctl(door->wake_fd, EPOLL_CTL_ADD, fd, &event) != 0)
			continue;
		door->callers[i].fd = fd;
		door->callers[i].until_ms = now_ms + DOOR_IDLE_MS;
		fd = -1;
	}
}

/* ---- lines ---- */

static enum error read_wishes(const json_t *json, struct door_request *out, struct fault *fault)
{
	const json_t *wishes = json_object_get(json, "wishes");
	if (wishes == NULL)
		return fault_set(fault, E_MISSING_FIELD, "wishes");
	return wishes_read(wishes, &out->on, &out->wishes, fault);
}

static enum error read_request(const json_t *json, struct door_request *out, struct fault *fault)
{
	const json_t *get = json_object_get(json, "get"), *put = json_object_get(json, "put");
	const json_t *subject = put != NULL ? put : get;
	size_t members = put != NULL ? 2 : 1;
	*out = (struct door_request){.puts = put != NULL};
	if (!json_is_string(subject) || (get != NULL && put != NULL) || json_object_size(json) > members)
		return fault_set(fault, E_BAD_VALUE, "a line is {\"get\":SUBJECT} or {\"put\":SUBJECT,\"wishes\":{...}}");
	out->subject = bytes_of(json_string_value(subject), json_string_length(subject));
	TRY(subject_judge(out->subject, fault));
	if (subject_list(out->subject) != LIST_OF_PERSON)
		return fault_set(fault, E_BAD_SUBJECT, "a list of grants is no person");
	return out->puts ? read_wishes(json, out, fault) : E_OK;
}

static json_t *refusal(enum error error, const struct fault *fault)
{
	return json_pack(
		"{s:s, s:s}", "error", error_name(error), "reason", fault->text[0] != '\0' ? fault->text : error_text(error));
}

/* False: there is no room for it, so its caller asks for more than it reads. */
static bool keep_answer(struct caller *caller, const json_t *answer)
{
	char *text = json_write(answer, JSON_COMPACT);
	size_t len = text != NULL ? strlen(text) : 0;
	bool fits = text != NULL && caller->out_len + len + 1 <= OUT_BYTES_MAX;
	if (fits) {
		memcpy(caller->out + caller->out_len, text, len);
		caller->out[caller->out_len + len] = '\n';
		caller->out_len += len + 1;
	}
	own_wipe(text, len);
	return fits;
}

/* What the place itself lacks ends all; what is wrong with the line is the caller's to hear. */
static enum error answer_line(struct caller *caller, struct bytes line, door_handler *handler, void *context)
{
	struct door_request request;
	struct fault fault = {0};
	json_auto_t *json = NULL, *answer = NULL;
	enum error error = json_read(line, JSON_REJECT_DUPLICATES, NULL, &json);
	if (error == E_OK)
		error = read_request(json, &request, &fault);
	if (error == E_OK)
		error = handler(context, &request, &answer);
	sodium_memzero(&request, sizeof request);
	if (error != E_OK && error_blame(error) == BLAME_PLACE && error != E_TOO_MANY)
		return error;
	if (error != E_OK)
		answer = refusal(error, &fault);
	TRY(allocated(answer));
	if (!keep_answer(caller, answer))
		let_go(caller);
	return E_OK;
}

static enum error answer_lines(struct caller *caller, uint64_t now_ms, door_handler *handler, void *context)
{
	char *end;
	while (caller->fd >= 0 && (end = memchr(caller->in, '\n', caller->in_len)) != NULL) {
		size_t len = (size_t)(end - caller->in);
		TRY(answer_line(caller, bytes_of(caller->in, len), handler, context));
		if (caller->fd < 0)
			return E_OK;
		caller->in_len -= len + 1;
		memmove(caller->in, end + 1, caller->in_len);
		caller->until_ms = now_ms + (caller->in_len > 0 ? DOOR_LINE_MS : DOOR_IDLE_MS);
	}
	if (caller->in_len == DOOR_LINE_MAX)
		let_go(caller);
	return E_OK;
}

static enum error read_caller(struct caller *caller, uint64_t now_ms, door_handler *handler, void *context)
{
	bool begun = caller->in_len > 0;
	ssize_t n = recv(caller->fd, caller->in + caller->in_len, DOOR_LINE_MAX - caller->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return E_OK;
	if (n <= 0) {
		let_go(caller);
		return E_OK;
	}
	if (!begun)
		caller->until_ms = now_ms + DOOR_LINE_MS;
	caller->in_len += (size_t)n;
	return answer_lines(caller, now_ms, handler, context);
}

enum error door_serve(struct door *door, uint64_t now_ms, door_handler *handler, void *context)
{
	let_in(door, now_ms);
	for (size_t i = 0; i < DOOR_CALLERS_MAX; i++)
		if (door->callers[i].fd >= 0)
			TRY(read_caller(&door->callers[i], now_ms, handler, context));
	return E_OK;
}

void door_answer(struct door *door, uint64_t now_ms)
{
	for (size_t i = 0; i < DOOR_CALLERS_MAX; i++) {
		struct caller *caller = &door->callers[i];
		if (caller->fd < 0)
			continue;
		if (caller->out_len > 0 &&
			send(caller->fd, caller->out, caller->out_len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)caller->out_len) {
			let_go(caller);
			continue;
		}
		sodium_memzero(caller->out, caller->out_len);
		caller->out_len = 0;
		if (caller->until_ms <= now_ms)
			let_go(caller);
	}
}

uint64_t door_next_ms(const struct door *door)
{
	uint64_t next_ms = UINT64_MAX;
	for (size_t i = 0; i < DOOR_CALLERS_MAX; i++)
		if (door->callers[i].fd >= 0 && door->callers[i].until_ms < next_ms)
			next_ms = door->callers[i].until_ms;
	return next_ms;
}

/* ---- from open to close ---- */

/* The folder is locked, so whoever listened there is gone. */
static enum error listen_in(struct door *door, struct fault *fault)
{
	struct epoll_event event = {.events = EPOLLIN};
	door->listener = unix_listen(door->notify_fd, NOTIFY_SOCKET, 0660, DOOR_CALLERS_MAX);
	if (door->listener < 0 || epoll_ctl(door->wake_fd, EPOLL_CTL_ADD, door->listener, &event) != 0)
		return fault_set(fault, E_IO, "notify/" NOTIFY_SOCKET ": %m");
	return E_OK;
}

enum error door_open(int notify_fd, int wake_fd, struct door **out, struct fault *fault)
{
	OWNED(door_release) struct door *door = calloc(1, sizeof *door);
	TRY(fault_set(fault, allocated(door), ""));
	door->notify_fd = notify_fd;
	door->wake_fd = wake_fd;
	door->listener = -1;
	for (size_t i = 0; i < DOOR_CALLERS_MAX; i++)
		door->callers[i].fd = -1;
	TRY(listen_in(door, fault));
	*out = OWN_TAKE(door);
	return E_OK;
}

void door_close(struct door *door)
{
	if (door == NULL)
		return;
	for (size_t i = 0; i < DOOR_CALLERS_MAX; i++)
		if (door->callers[i].fd >= 0)
			let_go(&door->callers[i]);
	if (door->listener >= 0)
		unlinkat(door->notify_fd, NOTIFY_SOCKET, 0);
	own_close(&door->listener);
	free(door);
}
