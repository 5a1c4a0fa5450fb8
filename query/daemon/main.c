/* indsigt-queryd: answers questions about a ledger over HTTP; cannot write it. spec/http.md */
#include "ledger/base/domain.h"
#include "ledger/base/own.h"
#include "query/daemon/server.h"

#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct options {
	const char *dir;
	const char *listen;
	bool demo_tokens;
	uint32_t silent_after_s;
};

static const char usage[] =
	"usage: indsigt-queryd DIR --listen HOST:PORT [--demo-tokens] [--silent-after HOURS]\n"
	"  --listen HOST:PORT     where to answer; port 0 takes a free one and prints it\n"
	"  --demo-tokens          trust tokens of 'indsigt token' (loopback addresses only)\n"
	"  --silent-after HOURS   a sender is silent after this long without an event (default 24)\n";

static void issuer_wipe(struct token_issuer *issuer)
{
	sodium_memzero(issuer, sizeof *issuer);
}

static void routes_wipe(struct routes *routes)
{
	sodium_memzero(&routes->cursor_key, sizeof routes->cursor_key);
}

static bool read_hours(const char *text, uint32_t *out_s)
{
	char *end;
	errno = 0;
	unsigned long hours = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno || hours < 1 || hours > 24 * 366)
		return false;
	*out_s = (uint32_t)hours * 3600;
	return true;
}

/* False: wrong usage. */
static bool read_options(int argc, char **argv, struct options *out)
{
	static const struct option known[] = {
		{"listen", required_argument, NULL, 'l'},
		{"demo-tokens", no_argument, NULL, 'd'},
		{"silent-after", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	*out = (struct options){.silent_after_s = COVERAGE_SILENT_S_DEFAULT};
	for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
		if (option == 'l')
			out->listen = optarg;
		else if (option == 'd')
			out->demo_tokens = true;
		else if (option == 's' && read_hours(optarg, &out->silent_after_s))
			continue;
		else if (option == 'h')
			exit(fputs(usage, stdout) < 0);
		else
			return false;
	}
	out->dir = optind + 1 == argc ? argv[optind] : NULL;
	return out->dir && out->listen;
}

/* No core dumps and no debugger: this process holds keys. File descriptors for all connections. */
static enum error harden(struct fault *fault)
{
	const struct rlimit no_core = {0, 0};
	struct rlimit files;
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0 ||
		getrlimit(RLIMIT_NOFILE, &files) != 0)
		return fault_set(fault, E_IO, "the process limits cannot be set: %m");
	if (files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &files) != 0)
			return fault_set(fault, E_IO, "the limit of open files cannot be raised: %m");
	}
	return E_OK;
}

static enum error run(const struct options *options, struct fault *fault)
{
	TRY(harden(fault));
	struct address address;
	TRY(address_parse(options->listen, &address, fault));
	if (options->demo_tokens && !address_is_loopback(&address))
		return fault_set(fault, E_USAGE, "--demo-tokens is for loopback addresses only (127.0.0.1, [::1], localhost)");
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(issuer_wipe) struct token_issuer issuer = {0};
	OWNED(cosigned_memory_release) struct cosigned_memory cosigned = COSIGNED_MEMORY;
	OWNED(coverage_memory_release) struct coverage_memory coverage = COVERAGE_MEMORY;
	OWNED(routes_wipe)
	struct routes routes = {.silent_after_s = options->silent_after_s, .cosigned = &cosigned, .coverage = &coverage};
	TRY(archive_open(options->dir, true, &archive, fault));
	routes.archive = archive;
	if (options->demo_tokens) {
		TRY(token_issuer_open(options->dir, true, &issuer, fault));
		routes.issuer = &issuer;
		key_derive(&issuer.key, DOMAIN_CURSOR_KEY, bytes_text(archive_origin(archive)), &routes.cursor_key);
	}
	OWNED(server_release) struct server *server = NULL;
	TRY(server_new(&address, &routes, &server, fault));
	printf("listening %s\n", server_address(server));
	fflush(stdout);
	return server_run(server, fault);
}

int main(int argc, char **argv)
{
	struct options options;
	struct fault fault = {0};
	if (!read_options(argc, argv, &options)) {
		fputs(usage, stderr);
		return 2;
	}
	if (sodium_init() < 0)
		return 1;
	enum error error = run(&options, &fault);
	if (error == E_OK)
		return 0;
	fprintf(stderr, "indsigt-queryd: %s\n", fault.text[0] ? fault.text : error_reason(error));
	return error_exit(error);
}
