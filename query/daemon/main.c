/* indsigt-queryd: answers questions about a ledger over HTTP. spec/http.md
 *
 * It opens the store for reading only. The one file that it ever makes in the ledger's directory is the key of demo
 * tokens, with --demo-tokens and where there is none yet. If another store is put in its place while this runs, the
 * answer at hand is not given and this ends: whoever started it starts it again, on what is there then. */
#include "ledger/base/domain.h"
#include "ledger/db/db.h"
#include "ledger/options/options.h"
#include "ledger/read/status.h"
#include "query/routes/routes.h"
#include "query/server/http_server.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#define WORKERS 2u
#define BODY_BYTES_MAX 4096u /* read, to refuse it with the reason */
/* Answers being made and not yet taken; of that for what the workers have in hand beside the answer's text. A large
 * answer waits for the small ones. */
#define OUTPUT_BYTES_MAX (64u << 20)
#define WORK_BYTES (8u << 20)
#define LARGE_OUTPUT_BYTES_MAX (52u << 20)

struct queryd_options {
	const char *dir;
	const char *listen;
	bool demo_tokens;
	uint32_t silent_after_hours;
};

static void routes_wipe(struct routes *routes)
{
	sodium_memzero(&routes->cursor_key, sizeof routes->cursor_key);
}

#define T struct queryd_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, listen, "listen", "HOST:PORT", .required = REQUIRED,
		.help = "where to answer; port 0 takes a free one and prints it"),
	OPTION_FLAG(T, demo_tokens, "demo-tokens", .help = "trust tokens of 'indsigt token' (loopback addresses only)"),
	OPTION_NUMBER(T, silent_after_hours, "silent-after", "HOURS", 1, 24 * 366,
		.help = "a sender is silent after this long without an event (default 24)"),
};

static const struct options takes = {
	.name = "indsigt-queryd",
	.summary = "answers questions about a ledger over HTTP",
	.text = "Reads the ledger in DIR beside the process that writes it. Usually started by 'indsigt serve'. Prints "
			"'listening HOST:PORT' when it accepts connections; SIGTERM ends it cleanly.\n",
	OPTION_ROWS(rows),
};

/* No core dumps and no debugger: this process holds keys. */
static enum error harden(struct fault *fault)
{
	const struct rlimit no_core = {0, 0};
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		return fault_set(fault, E_IO, "the process limits cannot be set: %m");
	return E_OK;
}

/* ---- what the server calls ---- */

static void answer(void *context, const struct request *request, struct response *response)
{
	routes_answer(context, request, (uint64_t)time(NULL), response);
	if (db_was_replaced()) /* what it was made of may have been anything */
		response->fatal = E_REPLACED;
}

/* Method, route pattern, what the route notes of it, status (0: the answer was thrown away) and duration: nothing
 * personal. */
static void say_answered(const struct request *request, const struct response *response, double ms)
{
	fprintf(stderr, "%s %s%s %d %.2fms\n", request->method, response->route, response->note, response->status, ms);
}

static enum error serve(const struct address *address, struct routes *routes, struct fault *fault)
{
	struct http_options options = {.answer = answer,
		.context = routes,
		.workers = WORKERS,
		.refuse = routes_problem,
		.answered = say_answered,
		.tell = http_tell,
		.connections_max = QUERY_CONNECTIONS_MAX,
		.turns_away = true,
		.body_bytes_max = BODY_BYTES_MAX,
		.output_bytes_max = OUTPUT_BYTES_MAX - WORK_BYTES,
		.large_output_bytes_max = LARGE_OUTPUT_BYTES_MAX};
	OWNED(http_server_release) struct http_server *server = NULL;
	TRY(http_fit_files(&options.connections_max, fault));
	TRY(http_server_new(address, &options, &server, fault));
	printf("listening %s\n", http_server_address(server));
	fflush(stdout);
	enum error error = http_server_run(server, fault);
	if (error == E_REPLACED) /* no other end is better: whoever started this starts it again */
		return fault_set(fault, error, "%s; ending, the next start opens them anew", error_text(error));
	return error;
}

static enum error run(const struct queryd_options *options, struct fault *fault)
{
	TRY(harden(fault));
	struct address address;
	TRY(address_parse(options->listen, &address, fault));
	if (options->demo_tokens && !address_is_loopback(&address))
		return fault_set(fault, E_USAGE, "--demo-tokens is for loopback addresses only (127.0.0.1, [::1], localhost)");
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(demo_issuer_wipe) struct demo_issuer issuer = {0};
	struct issuers issuers = {.demo = NULL};
	OWNED(cosigned_memory_release) struct cosigned_memory cosigned = COSIGNED_MEMORY;
	OWNED(coverage_memory_release) struct coverage_memory coverage = COVERAGE_MEMORY;
	OWNED(routes_wipe)
	struct routes routes = {.issuers = &issuers,
		.silent_after_s = options->silent_after_hours * 3600,
		.cosigned = &cosigned,
		.coverage = &coverage};
	TRY(archive_open(options->dir, true, &archive, fault));
	routes.archive = archive;
	if (options->demo_tokens) {
		TRY(demo_issuer_open(options->dir, true, &issuer, fault));
		issuers.demo = &issuer;
		key_derive(&issuer.key, DOMAIN_CURSOR_KEY, bytes_text(archive_origin(archive)), &routes.cursor_key);
	}
	return serve(&address, &routes, fault);
}

int main(int argc, char **argv)
{
	struct queryd_options options = {.silent_after_hours = COVERAGE_SILENT_S_DEFAULT / 3600};
	struct fault fault = {0};
	int code = options_begin(&takes, argc, argv, &options);
	if (code >= 0)
		return code;
	if (sodium_init() < 0)
		return 1;
	enum error error = run(&options, &fault);
	if (error == E_OK)
		return 0;
	status_ended("indsigt-queryd", fault.text[0] ? fault.text : error_reason(error));
	return error_exit(error);
}
