/* Everything that a command says about its own use goes through here, so that all of them say it alike: the usage,
 * then the fault in one line that begins with the program's name, last so that no usage of twenty lines pushes it out
 * of sight, then where the help is. What a command prints as its result is its own business, and goes to stdout;
 * nothing here writes there, so a script that reads a result never meets a complaint in it. But one that 'indsigt
 * serve' keeps running hands its fault to that, which knows if it has said it before, and typed the arguments itself.
 *
 * What fails: no memory for what is given, which is told and ends with EXIT_NOT_LOOKED; and arguments that are not
 * understood, which never reach the command's work. */
#include "tools/command/command.h"

#include "ledger/base/own.h"
#include "ledger/process/process.h"
#include "ledger/text/visible.h"

/* The table is in the order of help, where commands of one family stand side by side; but nothing here rests on that,
 * so a family may be torn apart without being lost. */
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

/* The two sentences differ because the mistakes do: somebody who typed nothing wants the list, somebody who typed a
 * word wants to know first that it was this word. */
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

int command_read(const struct command *command, int argc, char **argv, void *out)
{
	struct fault fault = {.text = ""};
	return command_end(command, options_read(&command->options, argc, argv, out, &fault), &fault);
}

/* The options go into memory of their own, as long as the work takes: what they are before is shared by all calls and
 * never written, and some of them are larger than a stack should bear. A secret never stands in it: tokens are borrowed
 * from the arguments, and keys are read by the work. */
int command_run(const struct command *command, command_work *work, int argc, char **argv)
{
	struct fault fault = {.text = ""};
	if (work == NULL)
		return command->run(argc, argv);
	OWNED_MEMORY void *given = malloc(command->given_bytes);
	if (given == NULL)
		return command_end(command, E_NO_MEMORY, NULL);
	memcpy(given, command->given, command->given_bytes);
	int misread = command_read(command, argc, argv, given);
	return misread != EXIT_DONE ? misread : command_end(command, work(given, &fault), &fault);
}

/* What is told may hold somebody else's words: of a file, of a ledger. */
static void complain(const char *text)
{
	FILE *out = process_is_kept() ? stdout : stderr;
	fputs(process_is_kept() ? "ended " : "indsigt: ", out);
	visible_print(text, strlen(text), out);
	putc('\n', out);
	fflush(out);
}

/* Usage is shown for E_USAGE alone: after any other error the arguments were right, and many lines about them would
 * hide the one that says what is wrong. */
int command_end(const struct command *command, enum error error, const struct fault *fault)
{
	if (error == E_OK)
		return EXIT_DONE;
	if (error == E_USAGE)
		return command_usage(command, fault);
	complain(fault && fault->text[0] ? fault->text : error_reason(error));
	return error_exit(error);
}

/* Also for what was found by a command itself, after its options had been read: whoever typed it does not care which of
 * the two has noticed. */
int command_usage(const struct command *command, const struct fault *fault)
{
	if (!process_is_kept())
		options_usage(&command->options, stderr);
	if (fault && fault->text[0])
		complain(fault->text);
	if (!process_is_kept())
		fprintf(stderr, "indsigt: '%s --help' says more\n", command->options.name);
	return EXIT_USAGE;
}
