/* As for a mirror and a witness: options and help are known to `indsigt`, which shows and completes them, and to
 * indsigt-gateway, which has the work. */
#include "tools/gateway/gateway_command.h"

#include "ingest/net/web.h"

#define T struct gateway_options

static const struct option_row rows[] = {
	OPTION_TEXT(T, sending.server, "server", "[tls://]HOST:PORT", .required = REQUIRED,
		.help = "the ledger's ingest address, as for 'indsigt send'"),
	WEB_TRUST_ROWS(),
	OPTION_TEXT(T, sending.tls.pin, "pin", "FILE",
		.help = "to tls://: believe the first certificate in FILE (PEM) alone, whatever name it is made out for"),
	OPTION_TEXT(T, sending.tls.certificate, "tls-cert", "FILE",
		.help = "show this certificate (PEM) to the ledger, where it asks for one of this sender's"),
	OPTION_TEXT(T, sending.tls.key, "tls-key", "FILE", .help = "... and its private key (PEM, 0600)"),
	OPTION_TEXT(T, sending.key_path, "key", "FILE", .required = REQUIRED,
		.help = "the sender's key file, made by 'indsigt sender add'"),
	OPTION_TEXT(T, sending.spool, "spool", "DIR", .help = "in place of FILE.spool beside the key file"),
	OPTION_TEXT(T, rejected, "rejected", "FILE",
		.help =
			"refused messages are added to FILE, in place of rejected.jsonl in the spool; 'indsigt send' sends such "
			"a file"),
	OPTION_TEXT(T, sending.query, "query", "URL",
		.help = "check in the background how the ledger files these events, at its query daemon's address"),
	OPTION_TEXT(T, user, "user", "NAME", .help = "as root: go on as this user for good"),
	OPTION_HEADING("The door for syslog:"),
	OPTION_TEXT(T, syslog.listen, "syslog", "HOST:PORT",
		.help =
			"take audit messages there, by TCP: RFC 5424 and RFC 3164, octet-counted or by lines; 6514 is usual with "
			"TLS. Without TLS only on this machine"),
	OPTION_TEXT(T, syslog.tls.certificate, "syslog-cert", "FILE",
		.help =
			"speak TLS (1.3, and 1.2 for daemons that cannot do better), with this certificate (PEM), its chain behind "
			"it; read anew on SIGHUP"),
	OPTION_TEXT(T, syslog.tls.key, "syslog-key", "FILE", .help = "... and this private key (PEM, mode 0600)"),
	OPTION_TEXT(T, syslog.client_ca, "client-ca", "FILE",
		.help =
			"let in whoever shows a certificate that one of these (PEM) has signed, by TLS, at the door for FHIR too; "
			"without it, whose key the registration names (from=certificate:)"),
	OPTION_FLAG(T, syslog.tls.plain_off_loopback, "plain-syslog",
		.help = "without TLS also on an address that other machines reach: what they send can be read on the way"),
	OPTION_HEADING("The door for applications on this machine:"),
	OPTION_TEXT(T, http.listen, "http", "HOST:PORT",
		.help =
			"take events there, POST /v1/events: one as application/json, an event a line as application/x-ndjson. "
			"Answered once they are durable in the spool; give events an \"id\", and giving them again is harmless. "
			"OpenTelemetry: POST /v1/logs and /v1/traces (OTLP, protobuf and JSON) with the attributes of the Dutch "
			"processing log; CADF events of OpenStack: POST /v1/cadf"),
	OPTION_TEXT(T, http.token_path, "http-token", "FILE",
		.help =
			"of those who have this (0600, 16 to 256 characters) as a bearer token alone; without it, of everybody on "
			"this machine. So at the door for FHIR, where that speaks no TLS"),
	OPTION_HEADING("The door for FHIR:"),
	OPTION_TEXT(T, http.fhir, "fhir", "HOST:PORT",
		.help =
			"take AuditEvents there (R4, R4B, R5; JSON, XML): POST /fhir/AuditEvent, a Bundle to /fhir, "
			"/fhir/AuditEvent/$validate, GET /fhir/metadata. May be the address of --http. Without TLS only on this "
			"machine"),
	OPTION_TEXT(T, http.base, "fhir-base", "PATH", .wants = "fhir", .help = "in place of /fhir; may be empty"),
	OPTION_TEXT(T, http.tls.certificate, "fhir-cert", "FILE", .wants = "fhir",
		.help =
			"speak TLS 1.3, with this certificate (PEM), its chain behind it; read anew on SIGHUP. Who may come in is "
			"said by --client-ca or the registration"),
	OPTION_TEXT(
		T, http.tls.key, "fhir-key", "FILE", .wants = "fhir", .help = "... and this private key (PEM, mode 0600)"),
	OPTION_TEXT(T, http.issuers, "fhir-issuers", "FILE", .wants = "fhir",
		.help = "take the access tokens of these OAuth 2.0 providers (JSON, spec/gateway.md) with the scope "
				"system/AuditEvent.c: SMART Backend Services. A certificate does as well, where TLS is spoken; read "
				"anew on "
				"SIGHUP"),
	OPTION_FLAG(T, http.tls.old, "fhir-older", .wants = "fhir", .help = "take TLS 1.2, too (ECDHE and AEAD only)"),
};

const struct command command_gateway = {
	.options = {.name = "indsigt gateway",
		.summary = "takes messages by syslog (ATNA), AuditEvents by FHIR, records of OpenTelemetry and events by HTTP, "
				   "and sends them "
				   "to a ledger",
		.text =
			"For systems that report as they are: what syslog daemons and ATNA senders send over TCP or TLS becomes "
			"events as with 'indsigt send --format syslog', in the name of one sender, whose key and spool this "
			"program has. It reads only what it can make durable, so TCP slows the sender down while the disk is "
			"full or the ledger away; a message that is refused is kept whole with its reason, and the line goes on. "
			"There is no door for UDP: a datagram that nobody had room for is lost, and nobody is told.\n",
		OPTION_ROWS(rows),
		.after =
			"Prints 'listening syslog=HOST:PORT http=HOST:PORT fhir=HOST:PORT', of these what there is, once it does. "
			"SPOOL/gateway.json has its counts. SIGTERM: takes no "
			"new lines, reads what is on its way, and ends. How to set rsyslog, syslog-ng and others so that they "
			"lose nothing: spec/gateway.md.\n"},
	.beside = "indsigt-gateway",
	COMMAND_GIVEN(T, .syslog.tls.old = true),
};
