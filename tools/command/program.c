#include "tools/command/command.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static int list(const struct program_command *mine, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++)
		options_help(&mine[i].command->options, out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int dispatch(const struct program_command *mine, size_t count, int argc, char **argv)
{
	for (size_t i = 0; i < count && argc > 1; i++) {
		const struct options *options = &mine[i].command->options;
		if (strcmp(strrchr(options->name, ' ') + 1, argv[1]) != 0)
			continue;
		if (!options_ask_help(argc, argv))
			return mine[i].run(argc - 1, argv + 1);
		options_help(options, stdout);
		return EXIT_DONE;
	}
	return list(mine, count, argc > 1 && options_ask_help(argc, argv) ? stdout : stderr);
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
