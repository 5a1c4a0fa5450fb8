/* A web page that somebody on this machine looks at can make their browser post to an address of it. It cannot say that
 * what it posts is JSON without asking first, which is refused, nor that it asks for localhost; so both have to be
 * right, where no certificate says who asks. */
#include "tools/gateway/http_door.h"

#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "query/server/http_server.h"
#include "tools/fhir/fhir_outcome.h"
#include "tools/gateway/fhir_caller.h"
#include "tools/gateway/fhir_route.h"
#include "tools/posted/event_route.h"
#include "tools/posted/otlp_route.h"
#include "tools/quality/quality_route.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#define WORKERS 1u /* what they do is little, and one that is busy is not woken for each */
#define OUTPUT_BYTES_MAX (16u << 20)
#define SERVERS_MAX 2u
#define READ_BYTES_MAX (2u * HTTP_DOOR_BODY_BYTES_MAX) /* so that what is too long hears so in its own form */

/* One server, of one or both doors. */
struct served {
	struct http_door *door;
	struct http_server *server;
	pthread_t thread;
	bool runs;
	bool events, fhir;
	bool plain;
};

struct http_door {
	const struct http_door_options *options;
	const char *base;
	struct served served[SERVERS_MAX];
	size_t count;
	int event_fd;
	struct providers *providers;         /* whose access tokens are taken; NULL: nobody's */
	char token[HTTP_DOOR_TOKEN_MAX + 1]; /* empty: none is asked for */
	pthread_mutex_t lock;                /* over the rest */
	struct post *oldest, **newest;
	unsigned waiting; /* taken or not, without an answer */
	bool stopped;
};

/* ---- who asks ---- */

/* By a name that only this machine has. */
static bool is_here(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	for (size_t i = 0; host != NULL && i < sizeof names / sizeof names[0]; i++) {
		size_t len = strlen(names[i]);
		if (strncasecmp(host, names[i], len) == 0 && (host[len] == '\0' || host[len] == ':'))
			return true;
	}
	return false;
}

static bool is_token(const struct http_door *door, const struct request *request)
{
	const char *token = request_bearer(request);
	char given[HTTP_DOOR_TOKEN_MAX + 1] = {0};
	if (door->token[0] == '\0')
		return true;
	if (token == NULL || strlen(token) > HTTP_DOOR_TOKEN_MAX)
		return false;
	strcpy(given, token);
	bool good = sodium_memcmp(given, door->token, sizeof given) == 0;
	sodium_memzero(given, sizeof given);
	return good;
}

/* ---- what is asked ---- */

/* What was asked with comes back with what is answered. */
static void answered(struct response *out, struct bytes told)
{
	struct post *post = (struct post *)(uintptr_t)told.data;
	response_release(out);
	out->status = post->status != 0 ? post->status : 503;
	out->body = post->answer;
	out->body_len = out->body != NULL ? post->answer_len : 0;
	post->answer = NULL;
	if (out->body != NULL)
		response_header(out, "Content-Type", post_answer_type(post));
	if (out->status == 503)
		response_header(out, "Retry-After", "5");
	if (post->location[0] != '\0' && (out->own = strdup(post->location)) != NULL)
		response_header(out, "Location", out->own);
}

/* By TLS the certificate says which server it is. */
static bool is_asked_here(
	const struct served *served, const struct request *request, response_refuser *refuse, struct response *out)
{
	if (!served->plain || is_here(request->host))
		return true;
	refuse(403, E_FORBIDDEN, "this door is asked for as localhost, 127.0.0.1 or [::1]", out);
	return false;
}

/* Before anything else of it is looked at. By TLS the certificate says who it is. */
static bool may_ask(
	const struct served *served, const struct request *request, response_refuser *refuse, struct response *out)
{
	if (!is_asked_here(served, request, refuse, out))
		return false;
	if (!served->plain || is_token(served->door, request))
		return true;
	refuse(401, E_TOKEN, "header Authorization: 'Bearer ' and what the file of --http-token has", out);
	response_header(out, "WWW-Authenticate", "Bearer");
	return false;
}

/* At the FHIR door: by a token, by a certificate, or as at the other one. A token that is shown counts, whatever else
 * is. `*to_be_registered`: it is still to be looked whether the registration names the key. */
static bool may_post(
	const struct served *served, const struct request *request, bool *to_be_registered, struct response *out)
{
	struct providers *providers = served->door->providers;
	*to_be_registered = !served->plain && served->door->options->client_ca == NULL;
	if (providers == NULL)
		return may_ask(served, request, fhir_route_refuse, out);
	if (!is_asked_here(served, request, fhir_route_refuse, out))
		return false;
	if (request->authorization != NULL) {
		*to_be_registered = false;
		return fhir_caller_may(providers, request, out);
	}
	if (request->certificate == NULL)
		fhir_caller_refuse(out);
	return request->certificate != NULL;
}

static void go_fhir(const struct served *served, const struct request *request, struct response *out)
{
	const struct http_door *door = served->door;
	struct discovery said = {.token_url = ""};
	bool to_be_registered = false, known = false;
	if (door->providers != NULL && fhir_route_is_smart(door->base, request)) {
		fhir_caller_smart(door->providers, out);
		return;
	}
	bool metadata = fhir_route_is_metadata(door->base, request);
	if (metadata && door->providers != NULL)
		known = providers_first(door->providers, &said);
	const struct fhir_security security = {
		.certificates = !served->plain, .tokens = door->providers != NULL, .token_url = known ? said.token_url : NULL};
	if (metadata || may_post(served, request, &to_be_registered, out))
		fhir_route(door->base, to_be_registered, &security, request, out);
}

static void go_astray(const char *base, struct response *out)
{
	char line[256];
	snprintf(line, sizeof line, "nothing is here; AuditEvents go to %.150s/AuditEvent", base);
	fhir_route_refuse(404, E_NOT_FOUND, line, out);
}

/* By its path. */
static void go(const struct served *served, const struct request *request, struct response *out)
{
	const struct http_door *door = served->door;
	bool event = served->events && event_route_is(request->path);
	if (served->events && quality_route_is(request->path)) {
		if (may_ask(served, request, event_route_refuse, out))
			quality_route(door->options->spool, request, event_route_refuse, out);
	} else if (served->events && otlp_route_is(request->path)) {
		if (may_ask(served, request, otlp_route_refuse, out))
			otlp_route(request, out);
		otlp_route_form(request, out);
	} else if (event || !served->fhir) {
		if (request->body.len > HTTP_DOOR_BODY_BYTES_MAX)
			event_route_refuse(
				413, E_TOO_LONG, "the body is longer than 1048576 bytes; send fewer events at once", out);
		else if (may_ask(served, request, event_route_refuse, out))
			event_route(request, out);
	} else if (!fhir_route_is(door->base, request->path)) {
		go_astray(door->base, out);
	} else {
		go_fhir(served, request, out);
	}
}

/* In a worker. */
static void answer(void *context, const struct request *request, struct response *out)
{
	go(context, request, out);
	out->answered = answered;
}

/* ---- what was posted ---- */

/* Who takes is told of the first, and then takes all there is. */
static bool put(struct http_door *door, struct post *post)
{
	const uint64_t one = 1;
	pthread_mutex_lock(&door->lock);
	bool first = door->oldest == NULL;
	bool good = !door->stopped && door->waiting < HTTP_DOOR_POSTS_MAX;
	if (good) {
		*door->newest = post;
		door->newest = &post->next;
		door->waiting++;
	}
	pthread_mutex_unlock(&door->lock);
	if (good && first)
		(void)!write(door->event_fd, &one, sizeof one);
	return good;
}

static void tell(struct post *post)
{
	post->done(post->done_context, bytes_of(post, sizeof *post));
	post_free(post);
}

/* In a worker; takes the post over, which is what a route asks with. */
static void ask(void *context, char *question, http_told *done, void *done_context)
{
	const struct served *served = context;
	struct http_door *door = served->door;
	struct post *post = (struct post *)question;
	post->done = done;
	post->done_context = done_context;
	if (!put(door, post)) {
		post_refuse(post, 503, E_TOO_MANY, "as many posts wait to be durable as may; give it again later");
		tell(post);
	}
}

int http_door_fd(const struct http_door *door)
{
	return door->event_fd;
}

struct post *http_door_take(struct http_door *door)
{
	uint64_t count;
	(void)!read(door->event_fd, &count, sizeof count);
	pthread_mutex_lock(&door->lock);
	struct post *oldest = door->oldest;
	door->oldest = NULL;
	door->newest = &door->oldest;
	pthread_mutex_unlock(&door->lock);
	return oldest;
}

void http_door_answer(struct http_door *door, struct post *post)
{
	pthread_mutex_lock(&door->lock);
	door->waiting--;
	pthread_mutex_unlock(&door->lock);
	tell(post);
}

/* ---- life ---- */

static enum error read_token(struct http_door *door, const char *path, struct fault *fault)
{
	OWNED_FD fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat info;
	char text[HTTP_DOOR_TOKEN_MAX + 2];
	if (fd < 0 || fstat(fd, &info) != 0)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "--http-token %s cannot be read: %m", path);
	if (!S_ISREG(info.st_mode) || (info.st_mode & 0077) != 0)
		return fault_set(fault, E_PERMISSION, "--http-token %s: others may read it; chmod 600", path);
	ssize_t n = read(fd, text, sizeof text);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n < 16 || n > (ssize_t)HTTP_DOOR_TOKEN_MAX)
		return fault_set(
			fault, E_BAD_VALUE, "--http-token %s has to hold 16 to %u characters", path, HTTP_DOOR_TOKEN_MAX);
	memcpy(door->token, text, (size_t)n);
	sodium_memzero(text, sizeof text);
	return E_OK;
}

static void *run(void *context)
{
	struct served *served = context;
	struct fault fault = {.text = ""};
	if (http_server_run(served->server, &fault) != E_OK)
		http_tell(fault.text);
	return NULL;
}

/* What other machines reach needs TLS; an application on this machine is not asked to speak it. */
static enum error check_address(
	const struct http_door_options *options, const struct served *served, const char *listen, struct fault *fault)
{
	struct address address;
	TRY(address_parse(listen, &address, fault));
	if (served->events && served->fhir && options->tls.certificate != NULL)
		return fault_set(
			fault, E_USAGE, "--http speaks no TLS; give --fhir, which has a certificate, an address of its own");
	if (served->events && !address_is_loopback(&address))
		return fault_set(
			fault, E_USAGE, "--http %s is reached by other machines; this door is for this one alone", listen);
	if (served->fhir && served->plain && !address_is_loopback(&address))
		return fault_set(fault, E_USAGE,
			"--fhir %s is reached by other machines, and without TLS all that is sent can be read on the way; give "
			"--fhir-cert and --fhir-key",
			listen);
	return E_OK;
}

static enum error serve(struct http_door *door, const char *listen, bool events, bool fhir,
	char out_address[ADDRESS_TEXT_MAX + 1], struct fault *fault)
{
	struct served *served = &door->served[door->count];
	const struct http_door_options *given = door->options;
	const bool tls = fhir && given->tls.certificate != NULL;
	struct address address;
	*served = (struct served){.door = door, .events = events, .fhir = fhir, .plain = !tls};
	struct http_options options = {.answer = answer,
		.context = served,
		.workers = WORKERS,
		.ask = ask,
		.ask_context = served,
		.refuse = fhir ? fhir_route_refuse : event_route_refuse,
		.tell = http_tell,
		.connections_max = HTTP_DOOR_CONNECTIONS_MAX,
		.files_max = HTTP_DOOR_FILES_MAX,
		.tls = tls ? &given->tls : NULL,
		.asks_certificate = tls && given->client_ca == NULL,
		.client_ca = tls ? given->client_ca : NULL,
		.client_may = given->issuers != NULL,
		.no_signals = true,
		.body_bytes_max = READ_BYTES_MAX,
		.takes_body = http_takes_posts,
		.takes_chunks = true,
		.any_method = true,
		.turns_away = true,
		.output_bytes_max = OUTPUT_BYTES_MAX,
		.large_output_bytes_max = OUTPUT_BYTES_MAX};
	TRY(check_address(given, served, listen, fault));
	TRY(address_parse(listen, &address, fault));
	TRY(http_server_new(&address, &options, &served->server, fault));
	door->count++;
	snprintf(out_address, ADDRESS_TEXT_MAX + 1, "%s", http_server_address(served->server));
	served->runs = pthread_create(&served->thread, NULL, run, served) == 0;
	return served->runs ? E_OK : fault_set(fault, E_IO, "no thread can be made for HTTP");
}

static enum error check_options(const struct http_door_options *options, struct fault *fault)
{
	const char *base = options->base;
	if ((options->tls.certificate == NULL) != (options->tls.key == NULL))
		return fault_set(fault, E_USAGE, "--fhir-cert and --fhir-key are given together, or neither");
	if (base != NULL && base[0] != '\0' &&
		(base[0] != '/' || base[strlen(base) - 1] == '/' || strlen(base) > HTTP_DOOR_BASE_MAX))
		return fault_set(fault, E_USAGE,
			"--fhir-base begins with a '/' and ends without one, and has %u characters at most: /fhir; or it is empty",
			HTTP_DOOR_BASE_MAX);
	return E_OK;
}

/* In the thread that asks the issuers. */
static void on_news(void *context)
{
	struct http_door *door = context;
	for (size_t i = 0; i < door->count; i++)
		http_server_wake(door->served[i].server);
}

/* The servers are there before the issuers are asked, who wake them. */
static enum error start_providers(struct http_door *door, struct fault *fault)
{
	const struct providers_ears ears = {.woken = on_news, .context = door, .tell = http_tell};
	return door->providers != NULL ? providers_start(door->providers, &ears, fault) : E_OK;
}

static enum error start(struct http_door *door, struct http_door_addresses *out, struct fault *fault)
{
	const struct http_door_options *options = door->options;
	bool both = options->listen != NULL && options->fhir != NULL && strcmp(options->listen, options->fhir) == 0;
	TRY(check_options(options, fault));
	if (options->token_path != NULL)
		TRY(read_token(door, options->token_path, fault));
	if (options->issuers != NULL)
		TRY(providers_open_backends(options->issuers, &door->providers, fault));
	door->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (door->event_fd < 0)
		return fault_set(fault, E_IO, "%m");
	if (options->listen != NULL)
		TRY(serve(door, options->listen, true, both, out->events, fault));
	if (options->fhir != NULL && !both)
		TRY(serve(door, options->fhir, false, true, out->fhir, fault));
	if (both)
		memcpy(out->fhir, out->events, sizeof out->fhir);
	return start_providers(door, fault);
}

enum error http_door_open(const struct http_door_options *options, struct http_door_addresses *out_addresses,
	struct http_door **out, struct fault *fault)
{
	struct http_door *door = calloc(1, sizeof *door);
	TRY(fault_set(fault, allocated(door), ""));
	*out_addresses = (struct http_door_addresses){.events = ""};
	door->options = options;
	door->base = options->base != NULL ? options->base : "/fhir";
	door->event_fd = -1;
	door->newest = &door->oldest;
	pthread_mutex_init(&door->lock, NULL);
	enum error error = start(door, out_addresses, fault);
	if (error != E_OK)
		http_door_close(door);
	else
		*out = door;
	return error;
}

void http_door_reload(struct http_door *door)
{
	for (size_t i = 0; i < door->count; i++)
		http_server_reload(door->served[i].server);
	if (door->providers != NULL)
		providers_reload(door->providers);
}

void http_door_stop(struct http_door *door)
{
	pthread_mutex_lock(&door->lock);
	door->stopped = true;
	pthread_mutex_unlock(&door->lock);
	for (size_t i = 0; i < door->count; i++)
		http_server_stop(door->served[i].server);
}

void http_door_close(struct http_door *door)
{
	if (door == NULL)
		return;
	if (door->providers != NULL)
		providers_stop(door->providers); /* it wakes the servers */
	for (size_t i = 0; i < door->count; i++) {
		struct served *served = &door->served[i];
		http_server_stop(served->server);
		if (served->runs)
			pthread_join(served->thread, NULL);
		http_server_free(served->server);
	}
	providers_release(&door->providers);
	own_close(&door->event_fd);
	pthread_mutex_destroy(&door->lock);
	sodium_memzero(door->token, sizeof door->token);
	free(door);
}
