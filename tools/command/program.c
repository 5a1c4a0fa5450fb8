#include "tools/command/command.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static int help(const struct program_command *mine, size_t count)
{
	for (size_t i = 0; i < count; i++)
		options_help(&mine[i].command->options, stdout);
	return EXIT_DONE;
}

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

int program_main(const struct program_command *mine, size_t count, int argc, char **argv)
{
	if (argc < 1 || sodium_init() < 0)
		return EXIT_NOT_LOOKED;
	int code = dispatch(mine, count, argc, argv);
	if (fflush(stdout) != 0 && code == EXIT_DONE) {
		fprintf(stderr, "indsigt: the output cannot be written: %m\n");
		return EXIT_NOT_LOOKED;
	}
	return code;
}
