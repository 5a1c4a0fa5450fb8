#include "tools/command/command.h"

#include "ledger/base/own.h"

#include <stdio.h>
#include <string.h>

const struct command *command_next(const char *first, const struct command *const **at)
{
	size_t len = strlen(first);
	while (**at != NULL) {
		const struct command *command = *(*at)++;
		if (strncmp(command_name(command), first, len) == 0 && command_name(command)[len] == ' ')
			return command;
	}
	return NULL;
}

void command_wanted(const char *first, bool given)
{
	fprintf(stderr,
		given ? "indsigt: '%s' has no command of that name; there are:\n"
			  : "indsigt: behind '%s' a command is missing; there are:\n",
		first);
}

void command_offered(const struct command *command)
{
	fprintf(stderr, "  indsigt %-16s %s\n", command_name(command), command->options.summary);
}

bool command_read(const struct command *command, int argc, char **argv, void *out)
{
	struct fault fault = {.text = ""};
	return options_read(&command->options, argc, argv, out, &fault) == E_OK ||
		   command_usage(command, &fault) == EXIT_DONE;
}

int command_run(const struct command *command, command_work *work, int argc, char **argv)
{
	struct fault fault = {.text = ""};
	if (work == NULL)
		return command->run(argc, argv);
	OWNED_MEMORY void *given = malloc(command->given_bytes);
	if (given == NULL)
		return command_end(command, E_NO_MEMORY, NULL);
	memcpy(given, command->given, command->given_bytes);
	return command_read(command, argc, argv, given) ? command_end(command, work(given, &fault), &fault) : EXIT_USAGE;
}

int command_end(const struct command *command, enum error error, const struct fault *fault)
{
	if (error == E_OK)
		return EXIT_DONE;
	if (error == E_USAGE)
		return command_usage(command, fault);
	fprintf(stderr, "indsigt: %s\n", fault && fault->text[0] ? fault->text : error_reason(error));
	return error_exit(error);
}

int command_usage(const struct command *command, const struct fault *fault)
{
	if (fault && fault->text[0])
		fprintf(stderr, "indsigt: %s\n", fault->text);
	options_usage(&command->options, stderr);
	fprintf(stderr, "indsigt: '%s --help' says more\n", command->options.name);
	return EXIT_USAGE;
}
