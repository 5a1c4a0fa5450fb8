/* A client asks once: it is read until its line is there, its job is made, and the connection ends when the reply is
 * written. A client that goes away meanwhile is forgotten; its job is done all the same, and its answer finds nobody.
 *
 * The socket is made again on the beat where it is gone, or could not be made: a full disk or a clean-up of the
 * directory must not need a restart. What can fail is told once, and the daemon serves senders without it. */
#include "ingest/daemon/control.h"

#include "ingest/daemon/limits.h"
#include "ledger/base/clock.h"
#include "ledger/json/json_read.h"
#include "ledger/process/unix_socket.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define SOCKET_NAME "control.sock"

struct client {
	struct control *control;
	uint64_t id;
	struct bufferevent *stream;
	bool may_ask;
	bool asked;
	uint64_t until_ms; /* the end of its patience; 0: a job of its own is under way */
	struct client *next;
};

struct control {
	int dir_fd;
	struct event_base *base;
	struct stat socket; /* as it was made */
	bool was_there;
	bool said; /* that it cannot be made */
	struct evconnlistener *listener;
	void (*submit)(void *context, struct job *job);
	void *context;
	uint64_t next_id;
	struct client *clients;
};

static void close_client(struct client *client)
{
	struct client **link = &client->control->clients;
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	bufferevent_free(client->stream);
	free(client);
}

/* One answer, and nothing is read behind it: a second request of the same connection would have no job to wait for. */
static void reply(struct client *client, json_t *json)
{
	char *text = json ? json_write(json, JSON_COMPACT) : NULL;
	if (text != NULL) {
		bufferevent_write(client->stream, text, strlen(text));
		bufferevent_write(client->stream, "\n", 1);
	}
	free(text);
	json_decref(json);
	client->asked = true;
	client->until_ms = clock_ms() + CONTROL_MS;
	bufferevent_disable(client->stream, EV_READ);
}

static void refuse(struct client *client, enum error error, const char *text)
{
	reply(client,
		json_pack("{s:b,s:s,s:s}", "ok", 0, "error", error_name(error), "text", text[0] ? text : error_text(error)));
}

void control_answer(struct control *control, const struct job *job)
{
	struct client *client = control->clients;
	while (client != NULL && client->id != job->connection)
		client = client->next;
	if (client == NULL)
		return;
	json_int_t number = (json_int_t)job->number;
	if (job->error != E_OK)
		refuse(client, job->error, job->fault.text);
	else if (job->kind == JOB_SENDER)
		reply(client, json_pack("{s:b,s:I,s:I}", "ok", 1, "id", (json_int_t)job->entry->sender, "index", number));
	else if (job->kind == JOB_NEXT_SENDER)
		reply(client, json_pack("{s:b,s:I}", "ok", 1, "id", number));
	else
		reply(client, json_pack("{s:b,s:I,s:I}", "ok", 1, "size", number, "tail", (json_int_t)job->tail));
}

/* ---- requests ---- */

/* Only the form; whether it may be appended is the ledger's to say, on the thread that appends. */
static enum error read_entry(const json_t *request, struct entry_sender *out)
{
	uint8_t encoded[REQUEST_BYTES_MAX];
	size_t len;
	struct entry entry;
	const char *text = json_string_value(json_object_get(request, "entry"));
	if (text == NULL || sodium_base642bin(encoded, sizeof encoded, text, strlen(text), NULL, &len, NULL,
							sodium_base64_VARIANT_ORIGINAL) != 0)
		return E_BAD_VALUE;
	TRY(entry_decode(bytes_of(encoded, len), &entry));
	if (entry.kind != ENTRY_SENDER)
		return E_BAD_VALUE;
	*out = entry.sender;
	return E_OK;
}

static enum error make_job(const json_t *request, uint64_t id, struct job **out)
{
	static const struct {
		const char *name;
		enum job_kind kind;
	} kinds[] = {
		{"sender", JOB_SENDER}, {"next-sender", JOB_NEXT_SENDER}, {"epoch", JOB_EPOCH}, {"status", JOB_STATUS}};
	const char *name = json_string_value(json_object_get(request, "do"));
	for (size_t i = 0; name != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		OWNED(job_release) struct job *job = job_new(kinds[i].kind, id);
		if (job == NULL || (job->kind == JOB_SENDER && (job->entry = calloc(1, sizeof *job->entry)) == NULL))
			return E_NO_MEMORY;
		job->declare_lost = json_is_true(json_object_get(request, "declare-lost"));
		if (job->kind == JOB_SENDER)
			TRY(read_entry(request, job->entry));
		*out = job;
		job = NULL;
		return E_OK;
	}
	return E_BAD_VALUE;
}

/* A line that is longer than any request refuses it: it would else wait for an end that never comes. */
static void on_read(struct bufferevent *stream, void *context)
{
	struct client *client = context;
	struct evbuffer *input = bufferevent_get_input(stream);
	struct job *job = NULL;
	if (client->asked)
		return;
	OWNED_MEMORY char *line = evbuffer_readln(input, NULL, EVBUFFER_EOL_LF);
	if (line == NULL) {
		if (evbuffer_get_length(input) >= REQUEST_BYTES_MAX)
			refuse(client, E_TOO_LONG, "");
		return;
	}
	if (!client->may_ask) {
		refuse(client, E_FORBIDDEN, "only root, ingestd's user and the owner of the ledger's directory may ask here");
		return;
	}
	json_auto_t *request = NULL;
	enum error error =
		json_read(bytes_text(line), JSON_REJECT_DUPLICATES, NULL, &request) ?: make_job(request, client->id, &job);
	if (error != E_OK) {
		refuse(client, error, "");
		return;
	}
	client->asked = true;
	client->until_ms = 0;
	client->control->submit(client->control->context, job);
}

static void on_write(struct bufferevent *stream, void *context)
{
	struct client *client = context;
	if (client->asked && evbuffer_get_length(bufferevent_get_output(stream)) == 0)
		close_client(client);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
	(void)stream;
	(void)what;
	close_client(context);
}

/* Root, whoever this runs as, or whose the directory is: they could do by hand what is asked for here. The socket's
 * mode says the same, and somebody may change that. */
static bool may_ask(const struct control *control, int fd)
{
	struct ucred peer;
	struct stat dir;
	socklen_t len = sizeof peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || fstat(control->dir_fd, &dir) != 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() || peer.uid == dir.st_uid;
}

static void on_accept(
	struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int address_len, void *context)
{
	struct control *control = context;
	(void)address;
	(void)address_len;
	struct client *client = calloc(1, sizeof *client);
	if (client != NULL)
		client->stream = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
	if (client == NULL || client->stream == NULL) {
		evutil_closesocket(fd);
		free(client);
		return;
	}
	client->control = control;
	client->may_ask = may_ask(control, fd);
	client->id = ++control->next_id;
	client->until_ms = clock_ms() + CONTROL_MS;
	client->next = control->clients;
	control->clients = client;
	bufferevent_setcb(client->stream, on_read, on_write, on_event, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, REQUEST_BYTES_MAX);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

/* ---- opening ---- */

static bool make_socket(struct control *control)
{
	/* The ledger's lock is held: whatever is there is left over. */
	unlinkat(control->dir_fd, SOCKET_NAME, 0);
	int fd = unix_listen(control->dir_fd, SOCKET_NAME, 0600, WAITING_MAX);
	if (fd < 0)
		return false;
	if (fstatat(control->dir_fd, SOCKET_NAME, &control->socket, AT_SYMLINK_NOFOLLOW) == 0)
		control->listener =
			evconnlistener_new(control->base, on_accept, control, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (control->listener == NULL)
		close(fd);
	return control->listener != NULL;
}

/* Whoever sends half a request, or does not read, holds what others need; a byte now and then is no request. */
static void close_late(struct control *control)
{
	uint64_t now_ms = clock_ms();
	for (struct client *client = control->clients, *next; client != NULL; client = next) {
		next = client->next;
		if (client->until_ms != 0 && now_ms >= client->until_ms)
			close_client(client);
	}
}

/* The inode tells whether the socket with the name is ours: somebody may have removed it, or put another in its
 * place. */
void control_beat(struct control *control)
{
	struct stat now;
	close_late(control);
	bool there = control->listener != NULL && fstatat(control->dir_fd, SOCKET_NAME, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
				 now.st_ino == control->socket.st_ino && now.st_dev == control->socket.st_dev;
	if (there)
		return;
	if (control->listener != NULL)
		evconnlistener_free(control->listener);
	control->listener = NULL;
	bool made = make_socket(control);
	if (!made && !control->said)
		fprintf(stderr, "indsigt-ingestd: " SOCKET_NAME " cannot be made: %s; commands on the directory wait for it\n",
			strerror(errno));
	else if (made && control->was_there)
		fprintf(stderr, "indsigt-ingestd: " SOCKET_NAME " was gone and is made again\n");
	control->said = !made;
	control->was_there = made;
}

enum error control_open(struct event_base *base, const char *dir, void (*submit)(void *context, struct job *job),
	void *context, struct control **out, struct fault *fault)
{
	struct control *control = calloc(1, sizeof *control);
	TRY(fault_set(fault, allocated(control), ""));
	control->base = base;
	control->submit = submit;
	control->context = context;
	control->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (control->dir_fd < 0) {
		fault_set(fault, E_IO, "%s cannot be opened: %m", dir);
		control_close(control);
		return E_IO;
	}
	control_beat(control);
	*out = control;
	return E_OK;
}

void control_close(struct control *control)
{
	if (control == NULL)
		return;
	while (control->clients != NULL)
		close_client(control->clients);
	if (control->listener != NULL) {
		evconnlistener_free(control->listener);
		unlinkat(control->dir_fd, SOCKET_NAME, 0);
	}
	own_close(&control->dir_fd);
	free(control);
}
