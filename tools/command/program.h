/* A program of its own for some of the commands of `indsigt`: what these must not be able to do is not in it. It is
 * called with the command's last word, as `indsigt` hands it on, and reads and tells everything as that does. */
#pragma once

#include "tools/command/command.h"

struct program_command {
	const struct command *command;
	int (*run)(int argc, char **argv);
};

int program_main(const struct program_command *mine, size_t count, int argc, char **argv);
