/* indsigt-queryd: answers questions about a ledger over HTTP. spec/http.md
 *
 * It opens the store for reading only. The one file that it ever makes in the ledger's directory is the key of demo
 * tokens, with --demo-tokens and where there is none yet. If another store is put in its place while this runs, the
 * answer at hand is not given and this ends: whoever started it starts it again, on what is there then. */
#include "ledger/base/domain.h"
#include "ledger/base/file.h"
#include "ledger/db/db.h"
#include "ledger/keys/secrets.h"
#include "ledger/options/options.h"
#include "ledger/process/confine.h"
#include "ledger/process/process.h"
#include "ledger/process/user.h"
#include "ledger/read/status.h"
#include "query/daemon/calls.h"
#include "query/notices/notices.h"
#include "query/reads/reads.h"
#include "query/routes/routes.h"
#include "query/server/http_server.h"

#include <sodium.h>
#include <time.h>

#define WORKERS 2u
#define BODY_BYTES_MAX 4096u /* read, also to refuse it with the reason */
/* Answers being made and not yet taken; of that for what the workers have in hand beside the answer's text. A large
 * answer waits for the small ones. */
#define OUTPUT_BYTES_MAX (64u << 20)
#define WORK_BYTES (8u << 20)
#define LARGE_OUTPUT_BYTES_MAX (52u << 20)

struct queryd_options {
	const char *dir;
	const char *listen;
	const char *issuers;
	const char *web;
	bool demo_tokens;
	struct tls_files tls;
	uint32_t silent_after_hours;
	const char *user, *group;
};

#define T struct queryd_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, listen, "listen", "HOST:PORT", .required = REQUIRED,
		.help = "where to answer; port 0 takes a free one and prints it"),
	TLS_SERVER_ROWS(T, tls),
	OPTION_FLAG(T, demo_tokens, "demo-tokens", .help = "trust tokens of 'indsigt token' (loopback addresses only)"),
	OPTION_TEXT(T, issuers, "issuers", "FILE",
		.help = "identity providers whose tokens are trusted (default DIR/issuers.json, where it is there)"),
	OPTION_TEXT(T, web, "web", "DIR", .help = "the citizen's page, a folder that is read at the start and on SIGHUP"),
	OPTION_NUMBER(T, silent_after_hours, "silent-after", "HOURS", 1, 24 * 366,
		.help = "a sender is silent after this long without an event (default 24)"),
	OPTION_TEXT(T, user, "user", "NAME",
		.help = "once the address is bound, go on as this user for good; only root can (anybody else stays who it is)"),
	OPTION_TEXT(T, group, "group", "NAME", .wants = "user", .help = "as this group (default: the user's own)"),
};

static const struct options takes = {
	.name = "indsigt-queryd",
	.summary = "answers questions about a ledger over HTTP",
	.text = "Reads the ledger in DIR beside the process that writes it. Usually started by 'indsigt serve'. Prints "
			"'listening HOST:PORT' when it accepts connections; SIGTERM ends it cleanly, SIGHUP reads files and page "
			"again.\n",
	OPTION_ROWS(rows),
};

/* ---- what the server calls ---- */

static void answer(void *context, const struct request *request, struct response *response)
{
	routes_answer(context, request, (uint64_t)time(NULL), response);
}

/* What it was made of may have been anything. */
static void judge(struct response *response)
{
	if (db_was_replaced())
		response->fatal = E_REPLACED;
}

static bool takes_body(const void *context, const struct request *request)
{
	return routes_take_body(context, request);
}

/* Method, route pattern, what the route notes of it, status (0: the answer was thrown away) and duration: nothing
 * personal. */
static void say_answered(const struct request *request, const struct response *response, double ms)
{
	fprintf(stderr, "%s %s%s %d %.2fms\n", request->method, response->route, response->note, response->status, ms);
}

/* What lives as long as the process and holds keys: in guarded memory. */
struct held {
	struct routes routes;
	struct issuers issuers;
	struct demo_issuer demo;
	struct reads *reads; /* both are there before anybody is answered */
	struct notices *notices;
};

static void held_free(struct held *held)
{
	providers_release(&held->issuers.providers);
	page_release(&held->routes.page);
	demo_provider_release(&held->routes.demo);
	sodium_free(held); /* which wipes it */
}
OWN(held, held_free);

/* One that was named must be there; else it may come while this runs. */
static enum error open_issuers(const struct queryd_options *options, struct providers **out, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	int len = snprintf(path, sizeof path, "%s/%s", options->dir, ISSUERS_FILE_NAME);
	if (options->issuers != NULL)
		return providers_open(options->issuers, false, out, fault);
	if (len < 0 || (size_t)len >= sizeof path)
		return fault_set(fault, E_TOO_LONG, "");
	return providers_open(path, true, out, fault);
}

/* By whoever goes on with it, so that what this may read is what that user may. */
static enum error open_ledger(
	const struct queryd_options *options, struct held *held, struct archive **out, struct fault *fault)
{
	TRY(archive_open(options->dir, true, out, fault));
	held->routes.archive = *out;
	key_derive(
		&archive_secrets(*out)->master, DOMAIN_CURSOR_KEY, bytes_text(archive_origin(*out)), &held->routes.cursor_key);
	return open_issuers(options, &held->issuers.providers, fault);
}

/* In the loop: the reading is done by the thread that asks the issuers. */
static void on_hangup(void *context)
{
	const struct routes *routes = context;
	if (routes->issuers->providers != NULL)
		providers_reload(routes->issuers->providers);
	if (routes->page != NULL)
		page_reload(routes->page);
}

/* Who signs people in to the page, where that is tried out. */
static enum error open_demo(
	const struct queryd_options *options, const char *address, struct held *held, struct fault *fault)
{
	if (!options->demo_tokens)
		return E_OK;
	return demo_provider_new(
		&held->demo, options->dir, address, options->tls.certificate != NULL, &held->routes.demo, fault);
}

/* Read once; what is served later is in memory. */
static enum error open_page(
	const struct queryd_options *options, struct archive *archive, struct held *held, struct fault *fault)
{
	const char *issuer = held->routes.demo != NULL ? demo_provider_name(held->routes.demo) : NULL;
	const struct page_source source = {.folder = options->web,
		.archive = archive,
		.wishes = {.demo = options->demo_tokens, .issuer = issuer},
		.tell = http_tell};
	return options->web != NULL ? page_open(&source, &held->routes.page, fault) : E_OK;
}

static void on_identity(void *context)
{
	http_server_wake(context);
}

/* The server is there before the issuers are asked, who wake it, and until they are not any more. */
static enum error serve_with(struct http_server *server, struct providers *providers, struct fault *fault)
{
	const struct providers_ears ears = {.woken = on_identity, .context = server, .tell = http_tell};
	if (providers != NULL)
		TRY(providers_start(providers, &ears, fault));
	printf("listening %s\n", http_server_address(server));
	fflush(stdout);
	enum error error = http_server_run(server, fault);
	if (providers != NULL)
		providers_stop(providers);
	return error;
}

static void record(void *context, char *report, http_recorded *done, void *done_context)
{
	const struct held *held = context;
	reads_record(held->reads, report, done, done_context);
}

static void ask(void *context, char *question, http_told *done, void *done_context)
{
	const struct held *held = context;
	notices_ask(held->notices, question, done, done_context);
}

/* What is open is open: from here on nothing is opened for writing, whoever this runs as, and no thread is there yet
 * that could. */
static enum error close_doors(struct fault *fault)
{
	bool known = false;
	TRY(confine_writes(&known, fault));
	return filter_install(queryd_calls, queryd_calls_count, fault);
}

/* It was read before rights were given up, and is read again at each SIGHUP: one that this user cannot read would be
 * noticed when the certificate has ended. */
static enum error check_key(const struct queryd_options *options, struct fault *fault)
{
	if (options->tls.key == NULL || access(options->tls.key, R_OK) == 0)
		return E_OK;
	return fault_set(fault, E_USAGE,
		"the key %s cannot be read by the user that this goes on as, and a new certificate would never be taken: %m; "
		"give it a key of its own ('indsigt serve --query-tls-cert FILE --query-tls-key FILE')",
		options->tls.key);
}

/* Whoever connects before the ledger is open waits. The threads that record and ask are ended before the server is
 * freed: they have answers of the server's in hand. */
static enum error serve(const struct queryd_options *given, const struct user *user, const struct address *address,
	struct held *held, struct fault *fault)
{
	struct http_options options = {.answer = answer,
		.context = &held->routes,
		.workers = WORKERS,
		.judge = judge,
		.refuse = routes_problem,
		.answered = say_answered,
		.tell = http_tell,
		.hangup = on_hangup,
		.connections_max = QUERY_CONNECTIONS_MAX,
		.tls = &given->tls,
		.record = record,
		.record_context = held,
		.ask = ask,
		.ask_context = held,
		.turns_away = true,
		.takes_body = takes_body,
		.body_bytes_max = BODY_BYTES_MAX,
		.output_bytes_max = OUTPUT_BYTES_MAX - WORK_BYTES,
		.large_output_bytes_max = LARGE_OUTPUT_BYTES_MAX};
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(http_server_release) struct http_server *server = NULL;
	OWNED(reads_release) struct reads *reads = NULL;
	OWNED(notices_release) struct notices *notices = NULL;
	TRY(http_fit_files(&options.connections_max, fault));
	TRY(http_server_new(address, &options, &server, fault));
	TRY(user_become(user, fault));
	TRY(check_key(given, fault));
	TRY(open_ledger(given, held, &archive, fault));
	TRY(open_demo(given, http_server_address(server), held, fault));
	TRY(open_page(given, archive, held, fault));
	TRY(close_doors(fault));
	TRY(reads_open(given->dir, &reads, fault));
	TRY(notices_open(given->dir, &notices, fault));
	held->reads = reads;
	held->notices = notices;
	process_wipe_traces(); /* keys were read */
	enum error error = serve_with(server, held->issuers.providers, fault);
	if (error == E_REPLACED) /* no other end is better: whoever started this starts it again */
		return fault_set(fault, error, "%s; ending, the next start opens them anew", error_text(error));
	return error;
}

static enum error run(const struct queryd_options *options, struct fault *fault)
{
	struct address address;
	struct user user;
	TRY(process_harden(fault));
	TRY(user_find(options->user, options->group, &user, fault));
	TRY(address_parse(options->listen, &address, fault));
	TRY(tls_files_check(&options->tls, &address, fault));
	if (options->demo_tokens && !address_is_loopback(&address))
		return fault_set(fault, E_USAGE, "--demo-tokens is for loopback addresses only (127.0.0.1, [::1], localhost)");
	struct read_counts reads = {0};
	OWNED(cosigned_memory_release) struct cosigned_memory cosigned = COSIGNED_MEMORY;
	OWNED(coverage_memory_release) struct coverage_memory coverage = COVERAGE_MEMORY;
	OWNED(numbers_memory_release) struct numbers_memory numbers = NUMBERS_MEMORY;
	OWNED(answering_memory_release) struct answering_memory answering = ANSWERING_MEMORY;
	OWNED(quality_memory_release) struct quality_memory quality = QUALITY_MEMORY;
	struct followers followers = FOLLOWERS;
	OWNED(held_release) struct held *held = sodium_malloc(sizeof *held);
	TRY(fault_set(fault, allocated(held), ""));
	*held = (struct held){.routes = {.issuers = &held->issuers,
							  .loopback = address_is_loopback(&address),
							  .silent_after_s = options->silent_after_hours * 3600,
							  .cosigned = &cosigned,
							  .coverage = &coverage,
							  .numbers = &numbers,
							  .answering = &answering,
							  .quality = &quality,
							  .followers = &followers,
							  .reads = &reads}};
	if (options->demo_tokens) { /* its key may still have to be made, which the user that it goes on as may not */
		TRY(demo_issuer_open(options->dir, true, &held->demo, fault));
		held->issuers.demo = &held->demo;
	}
	return serve(options, &user, &address, held, fault);
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
	status_ended("indsigt-queryd", error, &fault);
	return error_exit(error);
}
