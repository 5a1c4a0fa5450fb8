/* indsigt token: a token of the local demo issuer. */
#include "query/http/token.h"
#include "ledger/base/own.h"
#include "tools/command/command.h"
#include "tools/show/asked.h"

#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct token_options {
	const char *dir;
	const char *subject;
	enum token_role role;
	uint32_t hours;
};

static void issuer_wipe(struct token_issuer *issuer)
{
	sodium_memzero(issuer, sizeof *issuer);
}

static bool read_hours(const char *text, uint32_t *out)
{
	size_t len = strspn(text, "0123456789");
	unsigned long hours = strtoul(text, NULL, 10);
	if (len == 0 || len > 5 || text[len] != '\0' || hours < 1 || hours > TOKEN_HOURS_MAX)
		return false;
	*out = (uint32_t)hours;
	return true;
}

static bool read_options(int argc, char **argv, struct token_options *out, struct fault *fault)
{
	static const struct option known[] = {
		{"role", required_argument, NULL, 'r'},
		{"hours", required_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	*out = (struct token_options){.role = TOKEN_SUBJECT, .hours = TOKEN_HOURS_DEFAULT};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == 'r' && !token_role_parse(optarg, &out->role)) {
			fault_set(fault, E_USAGE, "--role must be subject, proxy or auditor");
			return false;
		}
		if (option == 'h' && !read_hours(optarg, &out->hours)) {
			fault_set(fault, E_USAGE, "--hours must be a whole number from 1 to %u", TOKEN_HOURS_MAX);
			return false;
		}
		if (option == '?')
			return false;
	}
	if (optind + 2 != argc)
		return false;
	out->dir = argv[optind];
	out->subject = argv[optind + 1];
	return true;
}

static enum error print_token(const struct token_options *options, struct fault *fault)
{
	char text[TOKEN_TEXT_MAX + 1];
	uint64_t now_s = (uint64_t)time(NULL);
	OWNED(issuer_wipe) struct token_issuer issuer = {0};
	struct token_claims claims = {
		.role = options->role, .issued_s = now_s, .expires_s = now_s + (uint64_t)options->hours * 3600};
	TRY(asked_subject(options->subject, claims.subject, fault));
	TRY(token_issuer_open(options->dir, true, &issuer, fault));
	TRY(token_issue(&issuer, &claims, text));
	if (puts(text) < 0 || fflush(stdout) != 0)
		return fault_set(fault, E_IO, "the token cannot be written: %m");
	return E_OK;
}

static int run(int argc, char **argv)
{
	struct token_options options;
	struct fault fault = {0};
	if (!read_options(argc, argv, &options, &fault))
		return command_usage(&command_token, &fault);
	return command_end(&command_token, print_token(&options, &fault), &fault);
}

const struct command command_token = {
	.name = "token",
	.arguments = "DIR SUBJECT [--role subject|proxy|auditor] [--hours N]",
	.summary = "a token of the local demo issuer",
	.text =
		"Prints a bearer token with which SUBJECT (cpr:0101701234) can ask a query daemon that runs with "
		"--demo-tokens. For\n"
		"trying things out: whoever can read DIR's keys can be anybody. Makes DIR/keys/token if it is not there.\n"
		"\n"
		"A SUBJECT of '-' is read from standard input: arguments stand in the list of processes.\n"
		"\n"
		"  --role R    subject (as which the token's owner asks about themselves), proxy, auditor; default subject\n"
		"  --hours N   how long it is valid, 1 to 8760; default 12\n",
	.run = run,
};
