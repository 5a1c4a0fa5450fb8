/* The sender around the doors: its key, its spool, what is refused (tools/send); the doors inside. */
#include "tools/gateway/gateway.h"

#include "ingest/net/web.h"
#include "ledger/process/process.h"
#include "tools/gateway/status.h"

#define LISTENING_MAX (3u * ADDRESS_TEXT_MAX + 48u)

static void add_door(char listening[LISTENING_MAX], const char *name, const char *address)
{
	size_t len = strlen(listening);
	if (address[0] != '\0')
		snprintf(listening + len, LISTENING_MAX - len, "%s%s=%s", len > 0 ? " " : "", name, address);
}

/* All, or some; then it says where. */
static enum error open_doors(
	struct lines *lines, const struct gateway_options *options, char listening[LISTENING_MAX], struct fault *fault)
{
	char syslog[ADDRESS_TEXT_MAX + 1] = "";
	struct http_door_addresses http = {.events = ""};
	struct http_door *door = NULL;
	struct address address;
	unsigned servers = (options->http.listen != NULL ? 1u : 0u) + (options->http.fhir != NULL ? 1u : 0u);
	lines->most = process_fit_files(LINES_MAX, LINES_OTHER_FDS + servers * HTTP_DOOR_CONNECTIONS_MAX);
	if (options->syslog.listen != NULL) {
		TRY(lines_open(lines, &address, fault));
		address_format(&address, syslog);
	}
	if (options->http.listen != NULL || options->http.fhir != NULL) {
		TRY(http_door_open(&options->http, &http, &door, fault));
		TRY(posts_begin(&lines->posts, lines->send, door, fault));
	}
	listening[0] = '\0';
	add_door(listening, "syslog", syslog);
	add_door(listening, "http", http.events);
	add_door(listening, "fhir", http.fhir);
	printf("listening %s\n", listening);
	fflush(stdout);
	return E_OK;
}

static enum error serve(struct lines *lines, const struct gateway_options *options, struct fault *fault)
{
	char listening[LISTENING_MAX];
	enum error error = open_doors(lines, options, listening, fault);
	if (error != E_OK)
		return error;
	status_look(lines, listening, true);
	while (error == E_OK && !lines->send->stopped) {
		error = lines_go_round(lines, fault);
		status_look(lines, listening, false);
	}
	if (lines->send->stopped && (error == E_OK || error == E_STOPPED))
		error = lines_drain(lines, fault);
	status_look(lines, listening, true);
	return error == E_OK ? E_STOPPED : error;
}

static enum error work(struct send *send, void *context, struct fault *fault)
{
	const struct gateway_options *options = context;
	OWNED(lines_close) struct lines lines = {.send = send, .options = &options->syslog, .listener = -1};
	return serve(&lines, options, fault);
}

enum error gateway_run(struct gateway_options *options, struct fault *fault)
{
	struct send send = {.signals = -1,
		.events = -1,
		.options = options->sending,
		.format = ADAPTER_SYSLOG,
		.rejected_path = options->rejected,
		.user = options->user,
		.reloads = true,
		.silent = true};
	if (options->syslog.listen == NULL && options->http.listen == NULL && options->http.fhir == NULL)
		return fault_set(fault, E_USAGE, "no door: give --syslog, --http, --fhir or several");
	if (options->syslog.client_ca != NULL && options->syslog.tls.certificate == NULL &&
		options->http.tls.certificate == NULL)
		return fault_set(fault, E_USAGE,
			"--client-ca says nothing without --syslog-cert and --syslog-key, or --fhir-cert and --fhir-key");
	if (options->http.token_path != NULL && options->http.listen == NULL && options->http.fhir == NULL)
		return fault_set(fault, E_USAGE, "--http-token says nothing without --http or --fhir");
	options->http.spool = send.spool;
	options->http.client_ca = options->syslog.client_ca;
	send.options.tls.ca = web_trust().ca;
	send.options.plain_off_loopback = web_trust().plain_off_loopback;
	enum error error = send_serve(&send, work, options, fault);
	return error == E_STOPPED && send.stopped ? E_OK : error;
}
