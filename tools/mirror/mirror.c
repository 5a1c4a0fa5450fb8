/* indsigt mirror: a verifying follower of a log, which serves what it has verified.
 *
 *   one thread:   round ─► told, where it is news ─► waits, again and again
 *   the server:   files of DIR/tree, whatever that thread is doing
 *
 * They share nothing but the directory. So an alarm, or a log that cannot be reached, ends nothing: what was verified
 * before is served on. A fault that stays the same is told once. With --once there is one round, and its outcome is the
 * program's. */
#include "ingest/net/tile_fetch.h"
#include "ledger/base/thread.h"
#include "tools/command/command.h"
#include "tools/mirror/mirror_command.h"
#include "tools/mirror/mirror_follow.h"
#include "tools/mirror/mirror_key.h"
#include "tools/publish/server_tree.h"
#include "tools/show/vkey_option.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sys/prctl.h>

/* ---- init ---- */

/* The place as it is found from everywhere, from whatever directory the mirror is served. Opened and closed again, so
 * that an address that is none is refused before anything is made. */
static enum error find_place(const char *place, char out[MIRROR_PLACE_BYTES_MAX + 1], struct fault *fault)
{
	char path[PATH_MAX];
	struct tile_fetch *fetch;
	bool url = strstr(place, "://") != NULL;
	TRY(tile_fetch_open(place, -1, &fetch, fault));
	tile_fetch_close(fetch);
	if (!url && realpath(place, path) == NULL)
		return fault_set(fault, E_NOT_FOUND, "--ledger cannot be found: %m");
	if (strlen(url ? place : path) > MIRROR_PLACE_BYTES_MAX)
		return fault_set(fault, E_USAGE, "--ledger is longer than %u bytes", MIRROR_PLACE_BYTES_MAX);
	strcpy(out, url ? place : path);
	return E_OK;
}

/* Prints the mirror's own vkey, if it has a name. The directory first: a key whose mirror could not be made would be a
 * secret that lies about. */
static enum error create(
	const struct mirror_init_options *init, const struct mirror_config *config, struct fault *fault)
{
	struct vkey own;
	/* A name that is none is found before anything is made. */
	if (init->name != NULL && vkey_make(init->name, NOTE_KEY_COSIGNATURE, config->vkey.public_key, &own) != E_OK)
		return fault_set(fault, E_BAD_VALUE, "--name must be a key name, such as mirror.example.org/m1");
	TRY(mirror_create(init->dir, config, fault));
	if (init->name == NULL)
		return E_OK;
	TRY(mirror_key_create(init->dir, init->name, &own, fault));
	vkey_print(&own);
	return E_OK;
}

static enum error init(void *given, struct fault *fault)
{
	const struct mirror_init_options *options = given;
	struct mirror_config config = {.vkey = options->vkey};
	TRY(find_place(options->place, config.place, fault));
	return create(options, &config, fault);
}

/* ---- serve ---- */

struct serving {
	struct mirror *mirror;
	unsigned interval_s;
	int wake_fd;
	char said[FAULT_TEXT_MAX + 1]; /* the fault that was told last: each once */
};

/* The same fault again and again (the network is down) would fill a log in a night; that it is over is news again. */
static void tell(struct serving *serving, uint64_t before, enum error error, const struct fault *fault)
{
	uint64_t size = mirror_published(serving->mirror)->size;
	if (size > before)
		fprintf(stderr, "mirror: %" PRIu64 " entries\n", size);
	if (error == E_OK && serving->said[0] != '\0')
		fprintf(stderr, "mirror: goes on\n");
	if (error != E_OK && strcmp(serving->said, fault->text) != 0)
		fprintf(stderr, "mirror: %s\n", fault->text);
	snprintf(serving->said, sizeof serving->said, "%s", error == E_OK ? "" : fault->text);
}

/* A round that was ended from outside (E_CLOSED) is the end of the thread. The descriptor that wakes it is the one that
 * ends a download, so stopping never waits for a slow place. */
static void *follow_on(void *context)
{
	struct serving *serving = context;
	struct pollfd wake = {.fd = serving->wake_fd, .events = POLLIN};
	do {
		struct fault fault = {.text = ""};
		uint64_t before = mirror_published(serving->mirror)->size;
		enum error error = mirror_round(serving->mirror, &fault);
		if (error == E_CLOSED)
			break;
		tell(serving, before, error, &fault);
	} while (poll(&wake, 1, (int)serving->interval_s * 1000) <= 0);
	return NULL;
}

/* In this order at the end: the server first, so that nobody is answered while the follower is being stopped. */
static enum error run_server(struct serving *serving, struct http_server *server, int stop_fd, struct fault *fault)
{
	pthread_t thread;
	uint64_t size = mirror_published(serving->mirror)->size; /* from here on it is the thread's */
	int failed = thread_start(&thread, follow_on, serving);  /* the signals are the server's */
	if (failed != 0)
		return fault_set(fault, E_IO, "a thread cannot be started: %s", strerror(failed));
	printf("ready mirror=%s entries=%" PRIu64 "\n", http_server_address(server), size);
	fflush(stdout);
	enum error error = http_server_run(server, fault);
	if (write(stop_fd, "", 1) != 1)
		return fault_set(fault, E_IO, "the follower cannot be stopped: %m");
	pthread_join(thread, NULL);
	return error;
}

/* The address is looked at before the lock is taken, so that a mistyped one does not disturb a mirror that runs. */
static enum error serve(const struct mirror_serve_options *options, struct fault *fault)
{
	OWNED(mirror_release) struct mirror *mirror = NULL;
	OWNED(http_server_release) struct http_server *server = NULL;
	struct address address;
	char path[4096];
	int ends[2];
	TRY(address_parse(options->listen, &address, fault));
	TRY(tls_files_check(&options->tls, &address, fault));
	if (prctl(PR_SET_DUMPABLE, 0) != 0) /* no core dumps and no debugger: this process may hold a key */
		return fault_set(fault, E_IO, "the process limits cannot be set: %m");
	if (pipe(ends) != 0)
		return fault_set(fault, E_IO, "a pipe cannot be made: %m");
	OWNED_FD woken_fd = ends[0], wake_fd = ends[1];
	TRY(mirror_open(options->dir, woken_fd, &mirror, fault));
	snprintf(path, sizeof path, "%s/tree", options->dir);
	TRY(tree_server_new(&address, &options->tls, path, mirror_config(mirror)->vkey.name, &server, fault));
	struct serving serving = {.mirror = mirror, .interval_s = options->interval_s, .wake_fd = woken_fd};
	return run_server(&serving, server, wake_fd, fault);
}

/* For a timer: what a round found is what the program ends with. */
static enum error once(const char *dir, struct fault *fault)
{
	OWNED(mirror_release) struct mirror *mirror = NULL;
	TRY(mirror_open(dir, -1, &mirror, fault));
	TRY(mirror_round(mirror, fault));
	printf("mirror: ok entries=%" PRIu64 "\n", mirror_published(mirror)->size);
	return E_OK;
}

static enum error serve_or_once(void *given, struct fault *fault)
{
	const struct mirror_serve_options *options = given;
	return options->once ? once(options->dir, fault) : serve(options, fault);
}

int main(int argc, char **argv)
{
	static const struct program_command mine[] = {{&command_mirror_init, init}, {&command_mirror_serve, serve_or_once}};
	return program_main(mine, sizeof mine / sizeof mine[0], argc, argv);
}
