/* indsigt serve: runs both daemons, with witnesses the process that asks them, and where the ledger has a key for it
 * the sender that reports what is read here, with a portal the one that tells people, with a gateway that; starts again
 * the one that dies.
 *
 * The first start takes the address that was asked for (port 0: a free one), every later one the address that came out
 * of the first. All waiting is done in one poll(): output of the daemons, signals (signalfd), back-off. */
#include "ingest/net/web.h"
#include "ledger/base/clock.h"
#include "ledger/store/place.h"
#include "tools/command/command.h"
#include "tools/run/passed_on.h"
#include "tools/run/serve_state.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define LOOK_MS 200 /* when poll fails */

static void announce(struct serve *serve)
{
	char doors[SERVE_DOORS_MAX];
	for (size_t i = 0; i < DAEMONS; i++)
		if (serve->daemons[i].wanted && !serve->daemons[i].listened)
			return;
	serve_doors(serve, doors);
	if (!serve->announced)
		printf("ready ingest=%s query=%s%s\n", serve->daemons[INGEST].address, serve->daemons[QUERY].address, doors);
	fflush(stdout);
	serve->announced = true;
}

/* Lines that are not known are passed over: a newer daemon may say more. */
static void read_output(struct serve *serve, struct daemon *daemon)
{
	static const char word[] = "listening ";
	char line[CHILD_LINE_MAX + 1];
	while (child_line(&daemon->child, line)) {
		daemon->waits |= strncmp(line, "waiting ", 8) == 0;
		if (daemon_is_end(daemon, line) || daemon->state != STATE_STARTING || strncmp(line, word, sizeof word - 1) != 0)
			continue;
		strcpy(daemon->address, line + sizeof word - 1);
		daemon->state = STATE_RUNNING;
		daemon->listened = true;
		announce(serve);
	}
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
		TRY(daemon_ended(daemon, status, fault));
	}
	return E_OK;
}

/* The daemons and the gateway have files that they read anew. One that is starting has just read them, and may not
 * listen to it yet. Who sends over TLS, to whoever shows ingest's certificate, ends, and begins anew with the one that
 * there is then; without TLS the reporter has read nothing. */
static void pass_on_reload(struct serve *serve)
{
	static const enum part with_files[] = {INGEST, QUERY, GATEWAY}, sending[] = {REPORTER, GATEWAY};
	bool tls = serve->tls.certificate != NULL;
	for (size_t i = 0; i < sizeof with_files / sizeof with_files[0]; i++) {
		const struct daemon *daemon = &serve->daemons[with_files[i]];
		if (daemon->state == STATE_RUNNING && !(tls && with_files[i] == GATEWAY))
			kill(daemon->child.pid, SIGHUP);
	}
	for (size_t i = 0; tls && i < sizeof sending / sizeof sending[0]; i++) {
		struct daemon *daemon = &serve->daemons[sending[i]];
		if (daemon->child.pid > 0 && !daemon->reloads) {
			daemon->reloads = true;
			child_stop(&daemon->child);
		}
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
	const struct daemon *ingest = &serve->daemons[INGEST];
	bool has_witnesses = serve->daemons[COSIGN].wanted;
	if (daemon == &serve->daemons[REPORTER] || daemon == &serve->daemons[GATEWAY]) /* told where ingest is */
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
			serve_start(serve, daemon);
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

/* All have their signal before any is waited for, so that stopping takes as long as the slowest and not as all
 * together. One that does not end cleanly is worth an error. */
static enum error stop(struct serve *serve, struct fault *fault)
{
	enum error error = E_OK;
	for (size_t i = 0; i < DAEMONS; i++)
		child_stop(&serve->daemons[i].child);
	for (size_t i = 0; i < DAEMONS; i++) {
		enum error ended = daemon_wait_for_end(&serve->daemons[i], fault);
		error = ended != E_OK ? ended : error;
	}
	return error;
}

static enum error serve_run(struct serve *serve, struct fault *fault)
{
	struct vkey vkey;
	sigset_t mask;
	struct owners owners;
	TRY(place_read_vkey(serve->dir, &vkey, fault));
	TRY(owners_find(serve->ingest_user, serve->query_user, &owners, fault));
	TRY(owners_find_gateway(serve->gateway_user, &owners, fault));
	TRY(owners_set(serve->dir, &owners, fault)); /* commands of root's may have made files since */
	TRY(serve_look(serve, &owners, fault));
	for (size_t i = 0; i < DAEMONS; i++)
		if (serve->daemons[i].wanted)
			TRY(daemon_find(&serve->daemons[i], fault));
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
	OPTION_TEXT(T, gateway_user, "gateway-user", "NAME", .wants = "query-user",
		.help = "as root: run the gateway (DIR/gateway.json) as this user, who is given DIR/gateway, with its key and "
				"spool, and "
				"reads nothing else of the ledger"),
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
	const char **extra = pass_tls(&serve->tls, serve->daemons[INGEST].extra);
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
	extra = pass_user(pass_tls(&query_tls, serve->daemons[QUERY].extra), serve->query_user);
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
	(void)pass_user(pass_ca(serve->daemons[COSIGN].extra), serve->query_user);
	(void)pass_user(serve->daemons[REPORTER].extra, serve->query_user);
	(void)pass_user(serve->daemons[NOTIFY].extra, serve->notify_user != NULL ? serve->notify_user : serve->query_user);
	(void)pass_user(serve->daemons[GATEWAY].extra, serve->gateway_user);
	TRY(check_address(serve->ingest, &serve->tls, false, &serve->daemons[INGEST], fault));
	return check_address(serve->query, &query_tls, serve->demo_tokens, &serve->daemons[QUERY], fault);
}

static int run(int argc, char **argv)
{
	struct serve serve = {.ingest = "127.0.0.1:7514",
		.query = "127.0.0.1:7580",
		.daemons = {{.program = "indsigt-ingestd", .build_dir = "ingest", .wanted = true, .child = CHILD_NONE},
			{.program = "indsigt-queryd", .build_dir = "query", .wanted = true, .child = CHILD_NONE},
			{.program = "indsigt", .command = "cosign", .child = CHILD_NONE},
			{.program = "indsigt", .command = "send", .child = CHILD_NONE},
			{.program = "indsigt-notify", .build_dir = "tools", .command = "notify", .child = CHILD_NONE},
			{.program = "indsigt-gateway", .build_dir = "tools", .command = "gateway", .child = CHILD_NONE}}};
	struct fault fault = {0};
	int misread = command_read(&command_serve, argc, argv, &serve);
	if (misread != EXIT_DONE)
		return misread;
	enum error error = set_arguments(&serve, &fault) ?: serve_run(&serve, &fault);
	int code = command_end(&command_serve, error, &fault);
	gateway_file_free(&serve.gateway);
	for (size_t i = 0; error == E_STOPPED && i < DAEMONS; i++)
		if (!serve.daemons[i].listened && serve.daemons[i].exit_code != 0)
			return serve.daemons[i].exit_code;
	return code;
}

const struct command command_serve = {
	.options = {.name = "indsigt serve",
		.summary = "runs the ledger: takes events in, answers questions",
		.text = "Starts indsigt-ingestd and indsigt-queryd, prints 'ready ingest=HOST:PORT query=HOST:PORT' when both "
				"accept (with a gateway also 'syslog=HOST:PORT fhir=HOST:PORT http=HOST:PORT', of these what there "
				"is), starts a daemon that dies again on the same port, and ends both cleanly on SIGTERM or Ctrl-C. "
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
				 "With DIR/notify.json people are told that there is something new ('indsigt help notify').\n\n"
				 "With DIR/gateway.json systems that report as they are report here ('indsigt help gateway'): its "
				 "members are "
				 "options of 'indsigt gateway' by their names, files in it named from DIR, as in {\"key\": "
				 "\"gateway/key.json\", \"syslog\": \"127.0.0.1:6514\", \"fhir\": \"127.0.0.1:7516\"}.\n"},
	.run = run,
};
