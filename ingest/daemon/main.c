/* indsigt-ingestd: the one process that writes a ledger. */
#include "ingest/daemon/server.h"
#include "ingest/net/asker.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define WAIT_S_FIRST 1u /* until witnesses that were away are asked again; doubled up to the most */
#define WAIT_S_MAX 15u

static const char help[] =
	"usage: indsigt-ingestd DIR [--listen HOST:PORT] [options]\n"
	"\n"
	"Takes batches of access events over TCP and appends them to the ledger in DIR. Usually started by 'indsigt "
	"serve'.\n"
	"Prints 'listening HOST:PORT' when it accepts connections; SIGTERM ends it cleanly.\n"
	"\n"
	"  --listen HOST:PORT       where to listen; port 0 takes any (default 127.0.0.1:7514)\n"
	"  --epoch-seconds N        how often new events are filed (default 5; 150 is the rarest)\n"
	"  --frame-timeout-ms N     a frame must be complete within this time (default 30000), and a batch\n"
	"                           within a second more for each 2,048 bytes that came\n"
	"  --write-timeout-ms N     a client must read its answers within this time (default 60000)\n"
	"  --connections N          at most so many connections (default 1024)\n"
	"  --without-witnesses      sign although too few witnesses say that this store is the newest\n"
	"  --help                   this text\n"
	"\n"
	"Before it signs anything it asks the witnesses of DIR/witnesses what they have of the log. Where one shows more "
	"than\n"
	"the store holds it ends with exit code 6; where too few answer it says so, prints 'waiting witnesses', and asks "
	"again.\n";

enum {
	OPTION_LISTEN = 256,
	OPTION_EPOCH,
	OPTION_FRAME_TIMEOUT,
	OPTION_WRITE_TIMEOUT,
	OPTION_CONNECTIONS,
	OPTION_WITHOUT,
	OPTION_HELP
};

static const struct option long_options[] = {
	{"listen", required_argument, NULL, OPTION_LISTEN},
	{"epoch-seconds", required_argument, NULL, OPTION_EPOCH},
	{"frame-timeout-ms", required_argument, NULL, OPTION_FRAME_TIMEOUT},
	{"write-timeout-ms", required_argument, NULL, OPTION_WRITE_TIMEOUT},
	{"connections", required_argument, NULL, OPTION_CONNECTIONS},
	{"without-witnesses", no_argument, NULL, OPTION_WITHOUT},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static bool number(const char *text, unsigned max, unsigned *out)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || value < 1 || value > max) {
		fprintf(stderr, "indsigt-ingestd: '%s' is not a number from 1 to %u; see --help\n", text, max);
		return false;
	}
	*out = (unsigned)value;
	return true;
}

static bool take_option(int option, struct server_options *out, bool *without_witnesses)
{
	switch (option) {
	case OPTION_WITHOUT:
		*without_witnesses = true;
		return true;
	case OPTION_LISTEN:
		out->listen = optarg;
		return true;
	case OPTION_EPOCH:
		return number(optarg, 86400, &out->epoch_seconds);
	case OPTION_FRAME_TIMEOUT:
		return number(optarg, 3600000, &out->frame_timeout_ms);
	case OPTION_WRITE_TIMEOUT:
		return number(optarg, 3600000, &out->write_timeout_ms);
	case OPTION_CONNECTIONS:
		return number(optarg, CONNECTIONS_MAX, &out->connections_max);
	default:
		return false;
	}
}

/* Keys and events never reach a core dump, memory is given back between bursts, and a closed socket is an error code.
 */
static void set_process(void)
{
	struct rlimit none = {0, 0};
	struct rlimit files;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
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
	const struct door_asker asker = asker_of(without_witnesses);
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

int main(int argc, char **argv)
{
	struct server_options options = {.listen = "127.0.0.1:7514",
		.epoch_seconds = EPOCH_SECONDS_DEFAULT,
		.frame_timeout_ms = FRAME_TIMEOUT_MS,
		.write_timeout_ms = WRITE_TIMEOUT_MS,
		.connections_max = CONNECTIONS_MAX};
	bool without_witnesses = false;
	for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
		if (option == OPTION_HELP) {
			fputs(help, stdout);
			return 0;
		}
		if (!take_option(option, &options, &without_witnesses))
			return 2;
	}
	if (optind + 1 != argc) {
		fputs("indsigt-ingestd: name one ledger directory; see --help\n", stderr);
		return 2;
	}
	options.dir = argv[optind];
	if (options.epoch_seconds > EPOCH_LAG_SECONDS_DEFAULT / 2)
		fprintf(stderr,
			"indsigt-ingestd: --epoch-seconds %u: events are filed every %u seconds all the same, so that none is "
			"filed too "
			"late\n",
			options.epoch_seconds, EPOCH_LAG_SECONDS_DEFAULT / 2);
	struct ledger *ledger = NULL;
	struct fault fault = {0};
	if (sodium_init() < 0)
		return 1;
	set_process();
	enum error error = open_ledger(options.dir, without_witnesses, &ledger, &fault);
	if (error == E_OK)
		error = server_run(ledger, &options, say_listening, &fault);
	if (error != E_OK)
		fprintf(stderr, "indsigt-ingestd: %s\n", fault.text);
	ledger_close(ledger);
	return error == E_ROLLED_BACK ? EXIT_ROLLED_BACK : error_exit(error);
}
