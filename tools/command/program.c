/* A mirror and a witness run for years beside machines of strangers. So they are programs of their own, in which the
 * linker has put nothing that could write a ledger (tests/linkage.py asks nm). This is the little that makes a program
 * of a few commands: find, help, run, flush.
 *
 * `indsigt mirror init` and `indsigt-mirror init` are the same to whoever calls them: same options, same help, same
 * exit codes. A word that is none of them is refused with the list of those that there are. A result that could not be
 * written is an error, though the work was done: whoever reads stdout has no result. */
#include "ledger/process/process.h"
#include "tools/command/command.h"

#include <sodium.h>
#include <string.h>

/* All of them, one after the other: a program has two or three, and nobody remembers which one they meant. */
static int help(const struct program_command *mine, size_t count)
{
	for (size_t i = 0; i < count; i++)
		options_help(&mine[i].command->options, stdout);
	return EXIT_DONE;
}

/* The family's name is that of the first command: all of a program are of one family. */
static int refuse(const struct program_command *mine, size_t count, bool given)
{
	char first[64];
	const char *name = command_name(mine[0].command);
	snprintf(first, sizeof first, "%.*s", (int)strcspn(name, " "), name);
	command_wanted(first, given);
	for (size_t i = 0; i < count; i++)
		command_offered(mine[i].command);
	return EXIT_USAGE;
}

/* Help is asked for behind a command or alone; "--help" behind a word that is none does not make it one. */
static int dispatch(const struct program_command *mine, size_t count, int argc, char **argv)
{
	for (size_t i = 0; i < count && argc > 1; i++) {
		const struct options *options = &mine[i].command->options;
		if (strcmp(strrchr(options->name, ' ') + 1, argv[1]) != 0)
			continue;
		if (!options_ask_help(argc, argv))
			return command_run(mine[i].command, mine[i].work, argc - 1, argv + 1);
		options_help(options, stdout);
		return EXIT_DONE;
	}
	return argc > 1 && options_ask_help(argc, argv) ? help(mine, count) : refuse(mine, count, argc > 1);
}

/* Without random numbers nothing that these programs sign would be safe, so it does not go on without libsodium. */
int program_main(const struct program_command *mine, size_t count, int argc, char **argv)
{
	struct fault fault;
	if (argc < 1 || sodium_init() < 0)
		return EXIT_NOT_LOOKED;
	if (process_hide(&fault) != E_OK) { /* these hold a key */
		fprintf(stderr, "indsigt: %s\n", fault.text);
		return EXIT_NOT_LOOKED;
	}
	int code = dispatch(mine, count, argc, argv);
	if (fflush(stdout) != 0 && code == EXIT_DONE) {
		fprintf(stderr, "indsigt: the output cannot be written: %m\n");
		return EXIT_NOT_LOOKED;
	}
	return code;
}
