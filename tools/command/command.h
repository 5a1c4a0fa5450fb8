/* The subcommands of `indsigt`: one table (main.c) drives dispatch, `indsigt help` and `--help`.
 *
 * A command is a file tools/<name>.c that defines its row; the row is declared here and listed in main.c. Exit codes
 * are those of ledger/base/error.h. Results go to stdout, everything else to stderr. */
#pragma once

#include "ledger/base/error.h"

struct command {
	const char *name;      /* one word or two: "init", "sender add" */
	const char *arguments; /* as the usage line shows them */
	const char *summary;   /* one line, no full stop */
	const char *text;      /* the rest of --help: paragraphs and options, ending in a newline; may be empty */
	/* `argv[0]` is "indsigt" (so that getopt_long's own messages begin as all others), the arguments follow. `--help`
	 * never comes here. Gives the exit code. */
	int (*run)(int argc, char **argv);
	bool replaces_store; /* what it read may be gone at its end, since it has put another there itself */
};

/* "indsigt: <what>" on stderr, with the fault's text or else the error's own; gives the exit code (error_exit). E_OK
 * prints nothing, E_USAGE also the usage line. `fault` may be NULL. */
int command_end(const struct command *command, enum error error, const struct fault *fault);
/* For arguments that are not understood: says so (with the fault's text, if it has one), the usage line and where the
 * help is. EXIT_USAGE. */
int command_usage(const struct command *command, const struct fault *fault);

/* For what has to be given and is not: "--key is missing" (NULL: nothing that could be named). EXIT_USAGE. */
int command_lacks(const struct command *command, const char *what);

extern const struct command command_init;
extern const struct command command_vkey;
extern const struct command command_who;
extern const struct command command_statement;
extern const struct command command_filing;
extern const struct command command_token;
extern const struct command command_verify;
extern const struct command command_audit;
extern const struct command command_proof;
extern const struct command command_sender_add;
extern const struct command command_sender_endorse;
extern const struct command command_sender_list;
extern const struct command command_sender_policy;
extern const struct command command_sender_rotate;
extern const struct command command_sender_revoke;
extern const struct command command_epoch;
extern const struct command command_clock;
extern const struct command command_evidence;
extern const struct command command_send;
extern const struct command command_spool;
extern const struct command command_serve;
extern const struct command command_bench;
extern const struct command command_export;
extern const struct command command_copy;
extern const struct command command_cosign;
extern const struct command command_recover;
extern const struct command command_witness_init;
extern const struct command command_witness_add;
extern const struct command command_witness_serve;
extern const struct command command_mirror_init;
extern const struct command command_mirror_serve;
