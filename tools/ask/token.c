/* indsigt token: a token of the local demo issuer.
 *
 * For trying things out on one machine, where no identity provider is. Whoever can read the ledger's keys can be
 * anybody, so this gives nothing away that they do not have. A daemon trusts such tokens only with --demo-tokens, and
 * only on loopback addresses. */
#include "ledger/subject/subject.h"
#include "query/identity/demo_issuer.h"
#include "tools/command/command.h"
#include "tools/show/asked.h"

#include <time.h>

struct token_options {
	const char *dir;
	struct asked_whom whom;
	const char *org;
	enum role role;
	uint32_t hours;
};

/* Written and flushed before it is called done: a token that is cut off looks like a whole one. */
static enum error print_token(void *given, struct fault *fault)
{
	const struct token_options *options = given;
	char text[TOKEN_TEXT_MAX + 1];
	uint64_t now_s = (uint64_t)time(NULL);
	OWNED(demo_issuer_wipe) struct demo_issuer issuer = {0};
	struct identity identity = {.role = options->role, .expires_s = now_s + (uint64_t)options->hours * 3600};
	TRY(asked_subject(&options->whom, identity.id, fault));
	if ((options->role == ROLE_AUTHORITY) != (options->org != NULL))
		return fault_set(fault, E_USAGE, "--org is for --role authority, and needed there");
	if (options->org != NULL && (strlen(options->org) > ORG_BYTES_MAX || !subject_org_valid(bytes_text(options->org))))
		return fault_set(fault, E_USAGE, "--org must be SCHEME:ID of at most 128 bytes");
	_Static_assert(ORG_BYTES_MAX == 128, "the text names the limit");
	if (options->org != NULL)
		strcpy(identity.organisation, options->org);
	TRY(demo_issuer_open(options->dir, true, &issuer, fault));
	TRY(demo_issue(&issuer, &identity, now_s, text));
	if (puts(text) < 0 || fflush(stdout) != 0)
		return fault_set(fault, E_IO, "the token cannot be written: %m");
	return E_OK;
}

#define T struct token_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	ASKED_WHOM_ROWS(T, whom),
	OPTION_WORD(T, role, "role", "subject|proxy|authority|auditor|supervisor",
		.help = "subject (as which the token's owner asks about themselves), proxy, authority (with --org), auditor, "
				"supervisor; default subject"),
	OPTION_TEXT(T, org, "org", "SCHEME:ID", .help = "the organisation that an authority asks for"),
	OPTION_NUMBER(T, hours, "hours", "N", 1, DEMO_HOURS_MAX, .help = "how long it is valid, 1 to 8760; default 12"),
};
_Static_assert(ROLE_SUBJECT == 0 && ROLE_PROXY == 1 && ROLE_AUTHORITY == 2 && ROLE_AUDITOR == 3 && ROLE_SUPERVISOR == 4,
	"the words of --role in their order");

const struct command command_token = {
	.options = {.name = "indsigt token",
		.summary = "a token of the local demo issuer",
		.text = "Prints a bearer token with which SUBJECT (cpr:0101701234) can ask a query daemon that runs with "
				"--demo-tokens. For trying things out: whoever can read DIR's keys can be anybody. Makes "
				"DIR/keys/token if it is not there.\n\nA SUBJECT of '-' is read from standard input: arguments stand "
				"in the list of processes.\n",
		OPTION_ROWS(rows)},
	.work = print_token,
	COMMAND_GIVEN(struct token_options, .role = ROLE_SUBJECT, .hours = DEMO_HOURS_DEFAULT),
};
