/* The subcommands of `indsigt`: one table (main.c) drives dispatch, `indsigt help` and what shells complete; of each
 * command its row of options (ledger/options/options.h) drives reading, usage and `--help`.
 *
 * A command is a file tools/ROOM/NAME.c that defines its row; the row is declared here and listed in main.c. Exit codes
 * are those of ledger/base/error.h. Results go to stdout, everything else to stderr. */
#pragma once

#include "ledger/options/options.h"

struct command {
	struct options options; /* its name begins with COMMAND_PROGRAM */
	/* The arguments follow behind `argv[0]`. `--help` never comes here. Gives the exit code. */
	int (*run)(int argc, char **argv);
	const char *beside;  /* or the program that is it (program.h), installed beside this one */
	bool replaces_store; /* what it read may be gone at its end, since it has put another there itself */
};

#define COMMAND_PROGRAM "indsigt "

/* One word or two: "init", "sender add". */
static inline const char *command_name(const struct command *command)
{
	return command->options.name + sizeof COMMAND_PROGRAM - 1;
}

/* All of them, in the order of help; ended by NULL. */
extern const struct command *const commands[];

/* The next command of two words that begins with this one, "sender", from `*at` in a table that NULL ends; NULL: there
 * is no more. */
const struct command *command_next(const char *first, const struct command *const **at);

/* Says on stderr that behind a first word no second one stands (`given`: one that there is not), and that there is
 * this one. */
void command_wanted(const char *first, bool given);
void command_offered(const struct command *command);

/* Reads the arguments into the command's own struct. False: they are not understood, which has been said
 * (command_usage). */
bool command_read(const struct command *command, int argc, char **argv, void *out) MUST_USE;

/* "indsigt: <what>" on stderr, with the fault's text or else the error's own; gives the exit code (error_exit). E_OK
 * prints nothing, E_USAGE also the usage line. `fault` may be NULL. */
int command_end(const struct command *command, enum error error, const struct fault *fault);
/* For arguments that are not understood: says so (with the fault's text, if it has one), the usage line and where the
 * help is. EXIT_USAGE. */
int command_usage(const struct command *command, const struct fault *fault);

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
extern const struct command command_completion;

/* ---- program.c: a program of its own for some of the commands ----
 * What these must not be able to do is not in it. It is called with the command's last word, as `indsigt` hands it on,
 * and reads and tells everything as that does. */

struct program_command {
	const struct command *command;
	int (*run)(int argc, char **argv);
};

int program_main(const struct program_command *mine, size_t count, int argc, char **argv);
