/* indsigt serve: runs both daemons, with witnesses the process that asks them, and where the ledger has a key for it
 * the sender that reports what is read here, with a portal the one that tells people; starts again the one that dies.
 *
 *   STARTING ──"listening ADDRESS"──► RUNNING ──died──► WAITING ──back-off over──► STARTING
 *      │ died before it ever listened                     ▲                          │
 *      ▼                                                  └───────────died───────────┘
 *    serve ends, unless it could not look: that is tried again for a while (a disk, memory, an address still taken),
 *    and said once
 *
 * The first start takes the address that was asked for (port 0: a free one), every later one the address that came out
 * of the first. The first restart is at once, so that senders hardly notice; a daemon that keeps dying is started less
 * and less often. All waiting is done in one poll(): output of the daemons, signals (signalfd), back-off. */
#include "ingest/net/web.h"
#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/read/status.h"
#include "ledger/store/place.h"
#include "ledger/tls/tls_server.h"
#include "ledger/witness/door.h"
#include "query/reads/reads.h"
#include "tools/command/child.h"
#include "tools/command/command.h"
#include "tools/command/owners.h"
#include "tools/run/passed_on.h"

#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define DAEMONS 5
#define BACKOFF_MS_FIRST 50u
#define BACKOFF_MS_RUNNING 500u /* the most after a daemon that came to listen: back within a second, always */
#define BACKOFF_MS_MAX 5000u    /* the most after one that did not */
#define STEADY_MS 10000u        /* a daemon that lived this long is well: its next restart is at once */
#define PATIENCE_MS 30000       /* for a daemon to end cleanly */
#define LOOK_MS 200             /* when poll fails */
#define FIRST_START_MS 10000u   /* how long a first start that could not look is tried again */
#define ARGUMENTS_MAX 16

enum state { STATE_STARTING, STATE_RUNNING, STATE_WAITING };

/* Invariant: in STATE_WAITING no process is there, in the others there is one; `address` is what was asked for until
 * the daemon has said what it became, and that ever after. */
struct daemon {
	const char *program;
	const char *build_dir;
	char path[CHILD_PATH_MAX];
	char address[CHILD_LINE_MAX + 1]; /* asked for, then the real one */
	const char *command;              /* NULL for a daemon; else of this program, and it has no address */
	bool wanted;
	const char *extra[ARGUMENTS_MAX]; /* after DIR --listen ADDRESS */
	enum state state;
	bool listened; /* once, at least */
	bool waits;    /* it has said that it waits, for witnesses or for room, before it signs anything */
	bool tried;    /* it ended before it ever listened, and is tried again */
	bool refused;  /* no process could be made for it the last time */
	bool reloads;  /* it was told to end, so that it begins anew with what there is then */
	char reason[CHILD_LINE_MAX + 1]; /* it ended for the last time */
	uint64_t restarts;
	int exit_code; /* of one that did not start: it is what 'serve' ends with, too */
	struct child child;
	uint64_t first_ms; /* when it was started for the first time */
	uint64_t started_ms;
	uint64_t again_ms; /* WAITING: when to start it */
	uint32_t backoff_ms;
};

struct serve {
	const char *dir;
	const char *ingest; /* addresses as they were asked for */
	const char *query;
	const char *epoch_seconds; /* or NULL */
	const char *issuers;       /* or NULL */
	const char *web;           /* or NULL: where the page is found */
	char page[CHILD_PATH_MAX]; /* then, where that is */
	bool demo_tokens;
	bool without_witnesses;
	struct tls_files tls;                 /* of both daemons ... */
	const char *query_cert, *query_key;   /* ... unless queryd has a pair of its own */
	const char *ingest_user, *query_user; /* both or neither */
	const char *notify_user;              /* or NULL: the query user */
	struct daemon daemons[DAEMONS]; /* ingest, query, who asks the witnesses, who reports reads, who tells people */
	char notify_group[64];
	char reads_socket[CHILD_PATH_MAX]; /* of who reports reads */
	char reads_key[CHILD_PATH_MAX];
	int signals;
	bool announced;
	bool poll_failed;
	bool look_again; /* at who has ended */
	bool stopping;
};

/* On this machine it believes the very certificate that ingest shows, whatever name is in it; that it is this ledger's
 * ingest is shown by the handshake anyway (spec/frame.md). */
static void set_reporter(const struct serve *serve, const struct daemon *daemon, char server[], const char *argv[])
{
	bool tls = serve->tls.certificate != NULL;
	const char *said[] = {daemon->program, daemon->command, "--listen", serve->reads_socket, "--key", serve->reads_key,
		"--server", server, NULL, NULL, NULL, NULL, NULL};
	const char **more = said + 8;
	snprintf(server, sizeof "tls://" + CHILD_LINE_MAX, "%s%s", tls ? "tls://" : "", serve->daemons[0].address);
	if (tls) {
		*more++ = "--pin";
		*more++ = serve->tls.certificate;
	} else if (serve->tls.plain_off_loopback) /* that ingest's address is this machine's does not show in it */
		*more++ = "--plain-off-loopback";
	*more++ = daemon->extra[0]; /* as which user */
	*more = daemon->extra[1];
	memcpy(argv, said, sizeof said);
}

/* Told through the environment how often it was started again, so that the daemon itself can say so to a monitor. */
static enum error start(const struct serve *serve, struct daemon *daemon, struct fault *fault)
{
	const char *argv[4 + ARGUMENTS_MAX + 4] = {daemon->program, serve->dir, "--listen", daemon->address};
	memcpy(argv + 4, daemon->extra, sizeof daemon->extra);
	if (daemon == &serve->daemons[2] || daemon == &serve->daemons[4]) {
		memcpy(argv, (const char *[]){daemon->program, daemon->command, serve->dir}, 3 * sizeof *argv);
		memcpy(argv + 3, daemon->extra, sizeof daemon->extra);
	}
	char server[sizeof "tls://" + CHILD_LINE_MAX];
	if (daemon == &serve->daemons[3])
		set_reporter(serve, daemon, server, argv);
	char restarts[32];
	snprintf(restarts, sizeof restarts, "%" PRIu64, daemon->restarts);
	setenv(STATUS_RESTARTS, restarts, true);
	daemon->state = STATE_STARTING;
	daemon->started_ms = clock_ms();
	if (daemon->first_ms == 0)
		daemon->first_ms = daemon->started_ms;
	return child_start(daemon->path, (char *const *)argv, NULL, &daemon->child, fault);
}

/* A first start that fails is tried until FIRST_START_MS is over, and then once more: what was in the way may go at the
 * last moment. */
static void wait_for_start(struct daemon *daemon, uint64_t now_ms)
{
	daemon->state = STATE_WAITING;
	daemon->again_ms = now_ms + daemon->backoff_ms;
	daemon->backoff_ms = daemon->backoff_ms == 0 ? BACKOFF_MS_FIRST : daemon->backoff_ms * 2;
	if (daemon->backoff_ms > BACKOFF_MS_MAX)
		daemon->backoff_ms = BACKOFF_MS_MAX;
	uint64_t last_ms = daemon->first_ms + FIRST_START_MS;
	if (!daemon->listened && now_ms < last_ms && daemon->again_ms > last_ms)
		daemon->again_ms = last_ms;
}

/* No process, no memory, no file descriptor: it comes back, and the daemons that run go on meanwhile. */
static void start_or_wait(const struct serve *serve, struct daemon *daemon)
{
	struct fault fault;
	bool again = daemon->refused;
	daemon->refused = start(serve, daemon, &fault) != E_OK;
	if (!daemon->refused)
		return;
	if (!again)
		fprintf(stderr, "indsigt: %s cannot be started: %s; trying again\n", daemon->program, fault.text);
	daemon->child = CHILD_NONE;
	wait_for_start(daemon, clock_ms());
}

static void announce(struct serve *serve)
{
	for (size_t i = 0; i < DAEMONS; i++)
		if (serve->daemons[i].wanted && !serve->daemons[i].listened)
			return;
	if (!serve->announced)
		printf("ready ingest=%s query=%s\n", serve->daemons[0].address, serve->daemons[1].address);
	fflush(stdout);
	serve->announced = true;
}

/* While it has never listened, the same reason is said once. */
static bool is_end(struct daemon *daemon, const char *line)
{
	static const char word[] = "ended ";
	const char *reason = line + sizeof word - 1;
	if (strncmp(line, word, sizeof word - 1) != 0)
		return false;
	if (daemon->listened || strcmp(daemon->reason, reason) != 0)
		fprintf(stderr, "%s: %s\n", daemon->program, reason);
	strcpy(daemon->reason, reason);
	return true;
}

/* Lines that are not known are passed over: a newer daemon may say more. */
static void read_output(struct serve *serve, struct daemon *daemon)
{
	static const char word[] = "listening ";
	char line[CHILD_LINE_MAX + 1];
	while (child_line(&daemon->child, line)) {
		daemon->waits |= strncmp(line, "waiting ", 8) == 0;
		if (is_end(daemon, line) || daemon->state != STATE_STARTING || strncmp(line, word, sizeof word - 1) != 0)
			continue;
		strcpy(daemon->address, line + sizeof word - 1);
		daemon->state = STATE_RUNNING;
		daemon->listened = true;
		announce(serve);
	}
}

static const char *how_it_ended(int status)
{
	return WIFSIGNALED(status) ? "by signal" : "with status";
}

static int number_it_ended(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* A daemon has ended by itself. A store that was put back ends everything; a daemon that never came to listen ends
 * everything, unless it could not look; any other is started again. */
static enum error schedule(struct daemon *daemon, int status, struct fault *fault)
{
	uint64_t now_ms = clock_ms();
	const char *how = how_it_ended(status);
	int number = number_it_ended(status);
	child_forget(&daemon->child);
	if (WIFEXITED(status) && number == EXIT_ROLLED_BACK)
		return fault_set(fault, E_ROLLED_BACK,
			"ALARM: witnesses hold more of this log than the store does; an old store was put back, and nothing is "
			"served from it; see 'indsigt help recovery'");
	if (!daemon->listened && WIFEXITED(status))
		daemon->exit_code = number;
	bool may_pass = WIFEXITED(status) && number == EXIT_NOT_LOOKED && now_ms - daemon->first_ms < FIRST_START_MS;
	if (!daemon->listened && !may_pass)
		return fault_set(fault, WIFEXITED(status) && number == EXIT_USAGE ? E_USAGE : E_STOPPED,
			"%s did not start (it ended %s %d)", daemon->program, how, number);
	if (daemon->state == STATE_RUNNING && now_ms - daemon->started_ms >= STEADY_MS)
		daemon->backoff_ms = 0;
	else if (daemon->state == STATE_RUNNING && daemon->backoff_ms > BACKOFF_MS_RUNNING)
		daemon->backoff_ms = BACKOFF_MS_RUNNING;
	if (daemon->reloads) /* perhaps by the signal, before it was ready for one */
		daemon->backoff_ms = 0;
	else if (daemon->listened)
		fprintf(stderr, "indsigt: %s ended %s %d and is started again (restart %" PRIu64 ")\n", daemon->program, how,
			number, ++daemon->restarts);
	else if (!daemon->tried)
		fprintf(stderr, "indsigt: %s did not start; trying for %u s\n", daemon->program, FIRST_START_MS / 1000);
	daemon->tried = true; /* it is said once */
	daemon->reloads = false;
	wait_for_start(daemon, now_ms);
	return E_OK;
}

/* Each daemon is asked for by its own number: another child of this process is not touched. */
static enum error reap(struct serve *serve, struct fault *fault)
{
	for (size_t i = 0; i < DAEMONS; i++) {
		struct daemon *daemon = &serve->daemons[i];
		int status = 0;
		pid_t ended = daemon->child.pid > 0 ? waitpid(daemon->child.pid, &status, WNOHANG) : 0;
		serve->look_again |= ended < 0 && errno == EINTR; /* no further signal tells of it */
		if (ended <= 0)
			continue;
		read_output(serve, daemon); /* what it said last */
		TRY(schedule(daemon, status, fault));
	}
	return E_OK;
}

/* Both daemons have files that they read anew. One that is starting has just read them, and may not listen to it yet.
 */
static void pass_on_reload(struct serve *serve)
{
	for (size_t i = 0; i < 2; i++)
		if (serve->daemons[i].state == STATE_RUNNING)
			kill(serve->daemons[i].child.pid, SIGHUP);
	/* It ends, and begins anew with the certificate that there is then; without TLS it has read nothing. */
	if (serve->daemons[3].child.pid > 0 && serve->tls.certificate != NULL) {
		serve->daemons[3].reloads = true;
		child_stop(&serve->daemons[3].child);
	}
}

static enum error read_signals(struct serve *serve, struct fault *fault)
{
	struct signalfd_siginfo info;
	while (read(serve->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP)
			pass_on_reload(serve);
		serve->stopping |= info.ssi_signo != SIGCHLD && info.ssi_signo != SIGHUP;
	}
	return serve->stopping ? E_OK : reap(serve, fault);
}

/* Where there are witnesses, who signs begins with asking them whether an old store was put back: until it knows, or
 * has said that it has to wait for them, nothing of the store is shown to anybody. */
static bool may_start(const struct serve *serve, const struct daemon *daemon)
{
	const struct daemon *ingest = &serve->daemons[0];
	bool has_witnesses = serve->daemons[2].wanted;
	if (daemon == &serve->daemons[3]) /* it is told where ingest is */
		return daemon->wanted && ingest->listened;
	return daemon->wanted && (daemon == ingest || !has_witnesses || ingest->listened || ingest->waits);
}

/* Starts what is due; gives how long poll may wait. */
static int start_due(struct serve *serve)
{
	uint64_t now_ms = clock_ms();
	int timeout_ms = -1;
	for (size_t i = 0; i < DAEMONS; i++) {
		struct daemon *daemon = &serve->daemons[i];
		if (!may_start(serve, daemon) || daemon->state != STATE_WAITING)
			continue;
		if (daemon->again_ms <= now_ms)
			start_or_wait(serve, daemon);
		if (daemon->state != STATE_WAITING)
			continue;
		int left_ms = daemon->again_ms > now_ms ? (int)(daemon->again_ms - now_ms) : 0;
		timeout_ms = timeout_ms < 0 || left_ms < timeout_ms ? left_ms : timeout_ms;
	}
	return timeout_ms;
}

/* Waits for any of them. Where that is not possible (no memory), looks at all of them now and then. */
static void wait_for(struct serve *serve, struct pollfd fds[DAEMONS + 1], int timeout_ms)
{
	int ready = poll(fds, DAEMONS + 1, timeout_ms);
	bool failed = ready < 0 && errno != EINTR;
	if (failed && !serve->poll_failed)
		fprintf(stderr, "indsigt: waiting failed: %m; going on\n");
	serve->poll_failed = failed;
	if (failed)
		nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
	for (size_t i = 0; ready < 0 && i < DAEMONS + 1; i++)
		fds[i].revents = POLLIN; /* nothing that is read blocks */
}

static enum error loop(struct serve *serve, struct fault *fault)
{
	for (size_t i = 0; i < DAEMONS; i++)
		serve->daemons[i].state = STATE_WAITING;
	while (!serve->stopping) {
		struct pollfd fds[DAEMONS + 1] = {{.fd = serve->signals, .events = POLLIN}};
		int timeout_ms = start_due(serve);
		for (size_t i = 0; i < DAEMONS; i++)
			fds[i + 1] = (struct pollfd){.fd = serve->daemons[i].child.output, .events = POLLIN};
		if (serve->look_again && (timeout_ms < 0 || timeout_ms > LOOK_MS))
			timeout_ms = LOOK_MS;
		wait_for(serve, fds, timeout_ms);
		for (size_t i = 0; i < DAEMONS; i++)
			if (fds[i + 1].revents)
				read_output(serve, &serve->daemons[i]);
		if (fds[0].revents || serve->look_again) {
			serve->look_again = false;
			TRY(read_signals(serve, fault));
		}
	}
	return E_OK;
}

/* One that has not come to listen yet may still die of the signal itself; there is nothing to finish in it. */
static bool ended_well(const struct daemon *daemon, int status)
{
	bool waits = daemon->command && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PARTLY; /* in its spool */
	return status <= 0 || waits ||
		   (daemon->state == STATE_STARTING && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* It may say why it ends. That it is gone is seen by the process and not by the end of its output, which somebody else
 * may hold open; the few lines that it said are in the pipe then. */
static int wait_for_end(struct daemon *daemon)
{
	char line[CHILD_LINE_MAX + 1];
	(void)child_ended(&daemon->child, PATIENCE_MS);
	while (child_line(&daemon->child, line))
		(void)is_end(daemon, line);
	return child_wait(&daemon->child, 0);
}

/* All have their signal before any is waited for, so that stopping takes as long as the slowest and not as all
 * together. One that does not end cleanly is worth an error. */
static enum error stop(struct serve *serve, struct fault *fault)
{
	enum error error = E_OK;
	for (size_t i = 0; i < DAEMONS; i++)
		child_stop(&serve->daemons[i].child);
	for (size_t i = 0; i < DAEMONS; i++) {
		struct daemon *daemon = &serve->daemons[i];
		int status = wait_for_end(daemon);
		if (!ended_well(daemon, status))
			error = fault_set(fault, E_STOPPED, "%s did not end cleanly but %s %d; 'indsigt audit' says if all is well",
				daemon->program, how_it_ended(status), number_it_ended(status));
	}
	return error;
}

/* Witnesses are asked where there is a policy file that says which. */
static enum error look_for_policy(struct serve *serve, struct fault *fault)
{
	char path[CHILD_PATH_MAX];
	int len = snprintf(path, sizeof path, "%s/" DOOR_POLICY_FILE, serve->dir);
	if (len < 0 || (size_t)len >= sizeof path)
		return fault_set(fault, E_TOO_LONG, "");
	serve->daemons[2].wanted = access(path, F_OK) == 0;
	return E_OK;
}

/* Reads are reported where there is a key for it. It is no part of being ready: who is first to ask about others before
 * it listens is told to try again. */
static enum error look_for_reads(struct serve *serve, struct fault *fault)
{
	int socket_len = snprintf(serve->reads_socket, CHILD_PATH_MAX, "%s/" READS_SOCKET, serve->dir);
	int key_len = snprintf(serve->reads_key, CHILD_PATH_MAX, "%s/" READS_KEY, serve->dir);
	if (socket_len < 0 || socket_len >= (int)CHILD_PATH_MAX || key_len < 0 || key_len >= (int)CHILD_PATH_MAX)
		return fault_set(fault, E_TOO_LONG, "");
	serve->daemons[3].wanted = access(serve->reads_key, F_OK) == 0;
	serve->daemons[3].listened = true;
	return E_OK;
}

/* People are told where there is a portal. It has a user of its own if one is named, in the group of queryd's. */
static enum error look_for_portal(struct serve *serve, const struct owners *owners, struct fault *fault)
{
	struct daemon *daemon = &serve->daemons[4];
	daemon->wanted = file_is_there(serve->dir, "notify.json");
	daemon->listened = true;
	if (serve->notify_user == NULL)
		return E_OK;
	const struct group *group = getgrgid(owners->query.gid);
	if (group == NULL)
		return fault_set(fault, E_USAGE, "the group of --query-user has no name");
	snprintf(serve->notify_group, sizeof serve->notify_group, "%s", group->gr_name);
	daemon->extra[2] = "--group";
	daemon->extra[3] = serve->notify_group;
	return E_OK;
}

static enum error find_program(struct daemon *daemon, struct fault *fault)
{
	bool beside = daemon->command == NULL || daemon->build_dir != NULL;
	return beside ? child_find(daemon->program, daemon->build_dir, daemon->path, fault)
				  : child_self(daemon->path, fault);
}

static enum error serve_run(struct serve *serve, struct fault *fault)
{
	struct vkey vkey;
	sigset_t mask;
	struct owners owners;
	TRY(place_read_vkey(serve->dir, &vkey, fault));
	TRY(owners_find(serve->ingest_user, serve->query_user, &owners, fault));
	TRY(owners_set(serve->dir, &owners, fault)); /* commands of root's may have made files since */
	TRY(look_for_policy(serve, fault));
	TRY(look_for_reads(serve, fault));
	TRY(look_for_portal(serve, &owners, fault));
	for (size_t i = 0; i < DAEMONS; i++)
		if (serve->daemons[i].wanted)
			TRY(find_program(&serve->daemons[i], fault));
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	serve->signals = sigprocmask(SIG_BLOCK, &mask, NULL) == 0 ? signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	if (serve->signals < 0)
		return fault_set(fault, E_IO, "signals cannot be received: %m");
	enum error error = loop(serve, fault);
	enum error stopped = stop(serve, error == E_OK ? fault : NULL);
	close(serve->signals);
	return error == E_OK ? stopped : error;
}

/* ---- options ---- */

static enum error check_address(
	const char *text, const struct tls_files *tls, bool loopback_only, struct daemon *daemon, struct fault *fault)
{
	struct address address;
	TRY(address_parse(text, &address, fault));
	TRY(tls_files_check(tls, &address, fault));
	if (loopback_only && !address_is_loopback(&address))
		return fault_set(fault, E_USAGE, "--demo-tokens is for loopback addresses only (127.0.0.1, [::1], localhost)");
	snprintf(daemon->address, sizeof daemon->address, "%s", text);
	return E_OK;
}

#define T struct serve
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(
		T, ingest, "ingest", "HOST:PORT", .help = "where senders connect (127.0.0.1:7514); port 0 takes a free one"),
	OPTION_TEXT(T, query, "query", "HOST:PORT", .help = "where questions are answered, over HTTP (127.0.0.1:7580)"),
	TLS_SERVER_ROWS(T, tls),
	OPTION_TEXT(T, query_cert, "query-tls-cert", "FILE", .wants = "query-tls-key",
		.help = "another certificate for the port of questions: two users cannot both own one key"),
	OPTION_TEXT(T, query_key, "query-tls-key", "FILE", .wants = "query-tls-cert", .help = "... and its private key"),
	OPTION_FLAG(T, demo_tokens, "demo-tokens",
		.help = "trust tokens of 'indsigt token', and offer the persons of DIR/demo-persons.json; on loopback only"),
	OPTION_TEXT(T, issuers, "issuers", "FILE",
		.help = "identity providers whose tokens are trusted (default DIR/issuers.json, where it is there)"),
	OPTION_TEXT(T, web, "web", "DIR|none",
		.help = "the citizen's page that is served, or none (default: the one that is installed with this program)"),
	OPTION_TEXT(
		T, epoch_seconds, "epoch-seconds", "N", .help = "file what came in at least this often (150 at most count)"),
	WEB_CA_ROW(),
	OPTION_FLAG(T, without_witnesses, "without-witnesses",
		.help = "sign although too few witnesses (DIR/witnesses) say that this store is the newest"),
	OPTION_TEXT(T, ingest_user, "ingest-user", "NAME", .wants = "query-user",
		.help =
			"as root: give DIR to this user as 'indsigt own' does, and run indsigt-ingestd as it once the address is "
			"taken"),
	OPTION_TEXT(T, query_user, "query-user", "NAME", .wants = "ingest-user",
		.help = "as root: run indsigt-queryd, and who asks witnesses, as this user. Without both, and always if you "
				"are not "
				"root, all of them run as the user that you are"),
	OPTION_TEXT(T, notify_user, "notify-user", "NAME", .wants = "query-user",
		.help =
			"as root: run who tells people (DIR/notify.json) as this user, in the group of --query-user, whose user "
			"it is otherwise"),
};

/* The page that was named, or the one that came with this program; a build without npm has none. */
static const char *find_page(struct serve *serve)
{
	if (serve->web != NULL)
		return strcmp(serve->web, "none") != 0 ? serve->web : NULL;
	return child_find_page(serve->page) ? serve->page : NULL;
}

/* What the daemons are called with behind DIR --listen ADDRESS. Addresses are looked at here, where a mistake can be
 * told in the words that were typed. */
static enum error set_arguments(struct serve *serve, struct fault *fault)
{
	struct tls_files query_tls = serve->tls;
	const char **extra = pass_tls(&serve->tls, serve->daemons[0].extra);
	if (serve->query_cert != NULL) {
		query_tls.certificate = serve->query_cert;
		query_tls.key = serve->query_key;
	}
	if (serve->epoch_seconds != NULL) {
		*extra++ = "--epoch-seconds";
		*extra++ = serve->epoch_seconds;
	}
	if (serve->without_witnesses)
		*extra++ = "--without-witnesses";
	(void)pass_user(pass_ca(extra), serve->ingest_user);
	extra = pass_user(pass_tls(&query_tls, serve->daemons[1].extra), serve->query_user);
	if (serve->issuers != NULL) {
		*extra++ = "--issuers";
		*extra++ = serve->issuers;
	}
	const char *page = find_page(serve);
	if (page != NULL) {
		*extra++ = "--web";
		*extra++ = page;
	}
	*extra = serve->demo_tokens ? "--demo-tokens" : NULL;
	(void)pass_user(pass_ca(serve->daemons[2].extra), serve->query_user);
	(void)pass_user(serve->daemons[3].extra, serve->query_user);
	(void)pass_user(serve->daemons[4].extra, serve->notify_user != NULL ? serve->notify_user : serve->query_user);
	TRY(check_address(serve->ingest, &serve->tls, false, &serve->daemons[0], fault));
	return check_address(serve->query, &query_tls, serve->demo_tokens, &serve->daemons[1], fault);
}

static int run(int argc, char **argv)
{
	struct serve serve = {.ingest = "127.0.0.1:7514",
		.query = "127.0.0.1:7580",
		.daemons = {{.program = "indsigt-ingestd", .build_dir = "ingest", .wanted = true, .child = CHILD_NONE},
			{.program = "indsigt-queryd", .build_dir = "query", .wanted = true, .child = CHILD_NONE},
			{.program = "indsigt", .command = "cosign", .child = CHILD_NONE},
			{.program = "indsigt", .command = "send", .child = CHILD_NONE},
			{.program = "indsigt-notify", .build_dir = "tools", .command = "notify", .child = CHILD_NONE}}};
	struct fault fault = {0};
	int misread = command_read(&command_serve, argc, argv, &serve);
	if (misread != EXIT_DONE)
		return misread;
	enum error error = set_arguments(&serve, &fault) ?: serve_run(&serve, &fault);
	int code = command_end(&command_serve, error, &fault);
	for (size_t i = 0; error == E_STOPPED && i < DAEMONS; i++)
		if (serve.daemons[i].exit_code != 0)
			return serve.daemons[i].exit_code;
	return code;
}

const struct command command_serve = {
	.options = {.name = "indsigt serve",
		.summary = "runs the ledger: takes events in, answers questions",
		.text = "Starts indsigt-ingestd and indsigt-queryd, prints 'ready ingest=HOST:PORT query=HOST:PORT' when both "
				"accept, starts a daemon that dies again on the same port, and ends both cleanly on SIGTERM or Ctrl-C. "
				"One that could not look at first (an address or a ledger that is still held) is tried for 10 s.\n",
		OPTION_ROWS(rows),
		.after = "With --tls-cert and --tls-key both ports speak TLS, and nothing else; SIGHUP makes both daemons read "
				 "them anew, and no connection is lost. Without them only addresses of this machine are listened on, "
				 "unless --plain-off-loopback says that something else encrypts. Each daemon reads its key as the user "
				 "that it goes on as, and no key may be read by others: with --ingest-user and --query-user the one "
				 "key is the first user's, and --query-tls-cert and --query-tls-key give the second one its own.\n\n"
				 "Where the ledger has witnesses they are asked before anything is signed. One that shows more than "
				 "the store holds ends it (exit code 1). While too few answer, questions are answered but nothing is "
				 "taken in, and 'ready' is printed once they do.\n\n"
				 "With DIR/notify.json people are told that there is something new ('indsigt help notify').\n"},
	.run = run,
};
