/* indsigt-ingestd: the one process that writes a ledger.
 *
 *   options ─► process made safe ─► address bound ─► another user's from here on, and its calls alone ─► ledger opened
 * (the witnesses are asked) ─► server_run: listening ─► SIGTERM ─► closed
 *
 * What can fail before it listens: another process has the ledger, its files, room on its disk, or too few witnesses
 * answer; the last two are waited for as long as it takes, with nothing held meanwhile. What ends it later was said
 * by whoever met it; the exit code tells `serve` whether starting it again can help. */
#include "ingest/daemon/calls.h"
#include "ingest/daemon/limits.h"
#include "ingest/daemon/server.h"
#include "ingest/net/asking.h"
#include "ledger/options/options.h"
#include "ledger/process/process.h"
#include "ledger/process/user.h"
#include "ledger/read/status.h"

#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>

struct ingestd_options {
	struct server_options server;
	bool without_witnesses;
	const char *user, *group;
};
#define T struct ingestd_options
static const struct option_row rows[] = {
	ARGUMENT(T, server.dir, "DIR"),
	OPTION_TEXT(
		T, server.listen, "listen", "HOST:PORT", .help = "where to listen; port 0 takes any (default 127.0.0.1:7514)"),
	TLS_SERVER_ROWS(T, server.tls),
	OPTION_NUMBER(T, server.epoch_seconds, "epoch-seconds", "N", 1, 86400,
		.help = "how often new events are filed (default 5; 150 is the rarest)"),
	OPTION_NUMBER(T, server.frame_timeout_ms, "frame-timeout-ms", "N", 1, 3600000,
		.help = "a frame must be complete within this time (default 30000), and a batch within a second more for each "
				"2,048 bytes that came"),
	OPTION_NUMBER(T, server.write_timeout_ms, "write-timeout-ms", "N", 1, 3600000,
		.help = "a client must read its answers within this time (default 60000)"),
	OPTION_NUMBER(T, server.connections_max, "connections", "N", 1, CONNECTIONS_MAX,
		.help = "at most so many connections (default 1024)"),
	WEB_CA_ROW(),
	OPTION_FLAG(T, without_witnesses, "without-witnesses",
		.help = "sign although too few witnesses say that this store is the newest"),
	OPTION_TEXT(T, user, "user", "NAME",
		.help = "once the address is bound, go on as this user for good; only root can (anybody else stays who it is)"),
	OPTION_TEXT(T, group, "group", "NAME", .wants = "user", .help = "as this group (default: the user's own)"),
};

static const struct options takes = {
	.name = "indsigt-ingestd",
	.summary = "takes batches of access events over TCP and appends them to a ledger",
	.text = "The ledger is in DIR. Usually started by 'indsigt serve'. Prints 'listening HOST:PORT' when it accepts "
			"connections; SIGTERM ends it cleanly.\n",
	OPTION_ROWS(rows),
	.after = "Before it signs anything it asks the witnesses of DIR/witnesses what they have of the log. Where one "
			 "shows more than the store holds it ends with exit code 6; where too few answer it says so, prints "
			 "'waiting witnesses', and asks again.\n",
};

/* Memory is given back between bursts, and a closed socket is an error code. */
static void set_process(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 262144);
	mallopt(M_TRIM_THRESHOLD, 8388608);
	signal(SIGPIPE, SIG_IGN);
}

static void say_listening(const char *address)
{
	printf("listening %s\n", address);
	fflush(stdout);
}

/* Witnesses that are away come back, and room is made on a disk. Nothing is held meanwhile: others may use the
 * directory, and SIGTERM ends it. */
static enum error open_ledger(const char *dir, bool without_witnesses, struct ledger **out, struct fault *fault)
{
	const struct door_asker asker = asking_means(without_witnesses);
	char said[sizeof fault->text] = "";
	for (unsigned wait_s = WAIT_S_FIRST;; wait_s = wait_s < WAIT_S_MAX / 2 ? 2 * wait_s : WAIT_S_MAX) {
		enum error error = ledger_open(dir, &asker, out, fault);
		bool room = error == E_FULL || error == E_READ_ONLY;
		bool busy = error == E_LOCKED && said[0] != '\0'; /* somebody used it while it was let go */
		if (error != E_UNWITNESSED && !room && !busy)
			return error;
		if (strcmp(said, fault->text) != 0)
			fprintf(stderr, "indsigt-ingestd: nothing is signed yet: %s\n", fault->text);
		if (said[0] == '\0') {
			printf("waiting %s\n", room ? "room" : "witnesses");
			fflush(stdout);
		}
		strcpy(said, fault->text);
		sleep(wait_s);
	}
}

/* What only root may take is taken first, and the ledger is opened by whoever goes on with it. */
static enum error run(struct ingestd_options *given, struct ledger **ledger, struct fault *fault)
{
	struct user user;
	TRY(process_harden(fault));
	set_process();
	TRY(user_find(given->user, given->group, &user, fault));
	TRY(address_bind(given->server.listen, &given->server.bound, &given->server.address, fault));
	TRY(tls_files_check(&given->server.tls, &given->server.address, fault));
	TRY(user_become(&user, fault));
	TRY(filter_install(ingestd_calls, ingestd_calls_count, fault));
	TRY(open_ledger(given->server.dir, given->without_witnesses, ledger, fault));
	return server_run(*ledger, &given->server, say_listening, fault);
}

int main(int argc, char **argv)
{
	struct ingestd_options given = {.server = {.listen = "127.0.0.1:7514",
										.bound = -1,
										.epoch_seconds = EPOCH_SECONDS_DEFAULT,
										.frame_timeout_ms = FRAME_TIMEOUT_MS,
										.write_timeout_ms = WRITE_TIMEOUT_MS,
										.connections_max = CONNECTIONS_MAX}};
	int code = options_begin(&takes, argc, argv, &given);
	if (code >= 0)
		return code;
	if (given.server.epoch_seconds > EPOCH_LAG_SECONDS_DEFAULT / 2)
		fprintf(stderr,
			"indsigt-ingestd: --epoch-seconds %u: events are filed every %u seconds all the same, so that none is "
			"filed too "
			"late\n",
			given.server.epoch_seconds, EPOCH_LAG_SECONDS_DEFAULT / 2);
	struct ledger *ledger = NULL;
	struct fault fault = {0};
	if (sodium_init() < 0)
		return 1;
	enum error error = run(&given, &ledger, &fault);
	if (error != E_OK)
		status_ended("indsigt-ingestd", error, &fault);
	ledger_close(ledger);
	own_close(&given.server.bound);
	return error == E_ROLLED_BACK ? EXIT_ROLLED_BACK : error_exit(error);
}
