/* The subcommands of `indsigt`: one list (COMMANDS) drives dispatch, `indsigt help` and what shells complete; of each
 * command its row of options (ledger/options/options.h) drives reading, usage and `--help`.
 *
 * A command is a file tools/ROOM/NAME.c that defines its row, and a word in COMMANDS. Exit codes are those of
 * ledger/base/error.h. Results go to stdout, everything else to stderr. */
#pragma once

#include "ledger/options/options.h"

/* What a command does with what its options say; the error and its fault are told, and give the exit code. */
typedef enum error command_work(void *given, struct fault *fault);

/* A command either has work, and then what is given to it, or runs itself; or it is another program's, and then the
 * work stands there while options and help stand here, since `indsigt help` and completion show them as well. */
struct command {
	struct options options; /* its name begins with COMMAND_PROGRAM */
	command_work *work;
	const void *given; /* the struct that the options go into, as it is before them (COMMAND_GIVEN) */
	size_t given_bytes;
	/* In place of these, where an exit code says more than an error does. The arguments follow behind `argv[0]`. */
	int (*run)(int argc, char **argv);
	const char *beside;  /* or the program that is it (program.h), installed beside this one */
	bool replaces_store; /* what it read may be gone at its end, since it has put another there itself */
};

#define COMMAND_GIVEN(T, ...) .given = &(const T){__VA_ARGS__}, .given_bytes = sizeof(T)
#define COMMAND_PROGRAM "indsigt "

/* One word or two: "init", "sender add". */
static inline const char *command_name(const struct command *command)
{
	return command->options.name + sizeof COMMAND_PROGRAM - 1;
}

/* All of them, in the order of help (set up, run, use, check); ended by NULL. */
extern const struct command *const commands[];

/* The next command of two words that begins with this one, "sender", from `*at` in a table that NULL ends; NULL: there
 * is no more. */
const struct command *command_next(const char *first, const struct command *const **at);

/* Says on stderr that behind a first word no second one stands (`given`: one that there is not), and that there is
 * this one. */
void command_wanted(const char *first, bool given);
void command_offered(const struct command *command);

/* Reads the arguments, does the work, tells the error; the exit code. `work` may be another program's (program.c), for
 * a command that has none. */
int command_run(const struct command *command, command_work *work, int argc, char **argv);
/* Reads the arguments into the command's own struct. EXIT_DONE: they are understood; else what ends the command, which
 * has been said (command_end). For a command that runs itself. Nothing that was typed is repeated in what is said: a
 * value may be about somebody. */
int command_read(const struct command *command, int argc, char **argv, void *out) MUST_USE;

/* "indsigt: <what>" on stderr, with the fault's text or else the error's own; gives the exit code (error_exit). E_OK
 * prints nothing, E_USAGE also the usage line. `fault` may be NULL. */
int command_end(const struct command *command, enum error error, const struct fault *fault);
/* For arguments that are not understood: says so (with the fault's text, if it has one), the usage line and where the
 * help is. EXIT_USAGE. */
int command_usage(const struct command *command, const struct fault *fault);

/* clang-format off */
#define COMMANDS(X) \
	X(init) X(own) X(vkey) X(sender_add) X(sender_endorse) X(sender_list) X(sender_show) \
	X(sender_report) X(sender_policy) X(sender_rotate) X(sender_revoke) \
	X(issuer_check) X(serve) X(send) X(gateway) X(spool) X(epoch) X(clock) X(evidence) \
	X(token) X(who) X(statement) X(filing) X(proof) X(verify) X(audit) X(export) X(page_write) X(page_verify) X(copy) X(cosign) X(recover) \
	X(mirror_init) X(mirror_serve) X(witness_init) X(witness_add) X(witness_serve) \
	X(notify_key) X(notify_status) X(notify) X(bench) X(completion) \
	X(help)
#define X(name) extern const struct command command_##name;
COMMANDS(X)
#undef X
/* clang-format on */

/* ---- program.c: a program of its own for some of the commands ----
 * What these must not be able to do is not in it. It is called with the command's last word, as `indsigt` hands it on,
 * and reads and tells everything as that does. */

/* What the program is called with decides only by the last word of a command's name, so two commands of one program
 * must not end in the same word. */
struct program_command {
	const struct command *command;
	command_work *work;
};

int program_main(const struct program_command *mine, size_t count, int argc, char **argv);
