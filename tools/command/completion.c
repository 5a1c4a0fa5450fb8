/* indsigt completion: what shells complete, from the tables that the commands read their options by. */
#include "tools/command/command.h"

#include <stdio.h>
#include <string.h>

/* What stands behind an option or in an argument's place. */
enum place { PLACE_NONE, PLACE_FILE, PLACE_WORDS };

static enum place place_of(const char *what)
{
	static const char *const files[] = {"DIR", "FILE", "OUT", "TO", "NEWKEY", "F"};
	for (size_t i = 0; what != NULL && i < sizeof files / sizeof files[0]; i++)
		if (strncmp(what, files[i], strlen(files[i])) == 0 && strchr("|.", what[strlen(files[i])]) != NULL)
			return PLACE_FILE;
	bool words = what != NULL && strchr(what, '|') != NULL && what[0] >= 'a' && what[0] <= 'z';
	return words ? PLACE_WORDS : PLACE_NONE;
}

static bool is_option(const struct option_row *row)
{
	return row->name != NULL && !row->argument;
}

/* The words of "json|fhir|dicom", with blanks between them. */
static void print_words(const char *words)
{
	for (; *words != '\0'; words++)
		putchar(*words == '|' ? ' ' : *words);
}

/* Up to the first full stop or semicolon, without what the shells' own quoting takes. */
static void print_short(const char *text)
{
	for (size_t i = 0; text != NULL && text[i] != '\0' && strchr(";[]", text[i]) == NULL; i++)
		if (text[i] != '\'' && text[i] != ':' && text[i] != '\\' && text[i] != '`' && text[i] != '$')
			putchar(text[i]);
}

static size_t first_word(const struct command *command)
{
	return strcspn(command_name(command), " ");
}

/* The second words of a command whose first one is not the one before's; false: it has only one. */
static bool begins_family(size_t i)
{
	const char *name = command_name(commands[i]);
	size_t len = first_word(commands[i]);
	return name[len] == ' ' && (i == 0 || strncmp(command_name(commands[i - 1]), name, len + 1) != 0);
}

static void print_family(size_t i)
{
	const char *name = command_name(commands[i]);
	size_t len = first_word(commands[i]) + 1;
	for (; commands[i] != NULL && strncmp(command_name(commands[i]), name, len) == 0; i++)
		printf(" %s", command_name(commands[i]) + len);
}

static void print_first_words(void)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (begins_family(i) || command_name(commands[i])[first_word(commands[i])] == '\0')
			printf(" %.*s", (int)first_word(commands[i]), command_name(commands[i]));
}

/* The words of a command's first argument, "bash|zsh|fish"; NULL: it is something else. */
static const char *argument_words(const struct options *options)
{
	const struct option_row *row = options->rows;
	return options->row_count > 0 && row->argument && place_of(row->name) == PLACE_WORDS ? row->name : NULL;
}

/* ---- bash ---- */

static void print_bash_command(const struct options *options)
{
	printf("\t'%s '*)\n\t\toptions='--help", options->name + strlen(COMMAND_PROGRAM));
	for (size_t i = 0; i < options->row_count; i++)
		if (is_option(&options->rows[i])) {
			printf(" --%s", options->rows[i].name);
			if (options->rows[i].letter != 0)
				printf(" -%c", options->rows[i].letter);
		}
	printf("'\n\t\tcase $previous in\n");
	for (size_t i = 0; i < options->row_count; i++) {
		const struct option_row *row = &options->rows[i];
		if (!is_option(row) || row->value == NULL)
			continue;
		printf("\t\t--%s", row->name);
		if (row->letter != 0)
			printf("|-%c", row->letter);
		printf(") value=");
		if (place_of(row->value) == PLACE_WORDS) {
			printf("words words='");
			print_words(row->value);
			puts("' ;;");
		} else {
			puts(place_of(row->value) == PLACE_FILE ? "file ;;" : "none ;;");
		}
	}
	printf("\t\tesac ;;\n");
}

static void print_bash(void)
{
	printf("_indsigt()\n{\n"
		   "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} options= value= words=\n"
		   "\tCOMPREPLY=()\n"
		   "\tif ((COMP_CWORD == 1)); then\n\t\tCOMPREPLY=($(compgen -W '--help --version");
	print_first_words();
	printf("' -- \"$current\"))\n\t\treturn\n\tfi\n\tcase \"$COMP_CWORD ${COMP_WORDS[1]}\" in\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		if (begins_family(i)) {
			printf("\t'2 %.*s') value=words words='", (int)first_word(commands[i]), command_name(commands[i]));
			print_family(i);
			puts("' ;;");
		} else if (argument_words(&commands[i]->options) != NULL) {
			printf("\t'2 %s') value=words words='", command_name(commands[i]));
			print_words(argument_words(&commands[i]->options));
			puts("' ;;");
		}
	printf("\t'2 help') value=words words='");
	print_first_words();
	printf("' ;;\n\tesac\n\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[2]} \" in\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		print_bash_command(&commands[i]->options);
	puts("\tesac\n"
		 "\tcase $value:$current in\n"
		 "\tnone:*) ;;\n"
		 "\twords:*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
		 "\t:-*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
		 "\t*) compopt -o filenames 2>/dev/null\n"
		 "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
		 "\tesac\n}\n"
		 "complete -F _indsigt indsigt");
}

/* ---- zsh ---- */

static void print_zsh_command(const struct options *options)
{
	printf("\t'%s '*) _arguments -S", options->name + strlen(COMMAND_PROGRAM));
	for (size_t i = 0; i < options->row_count; i++) {
		const struct option_row *row = &options->rows[i];
		for (int letter = 0; is_option(row) && letter < (row->letter != 0 ? 2 : 1); letter++) {
			printf(" \\\n\t\t'%s", row->repeats ? "*" : "");
			if (letter)
				printf("-%c", row->letter);
			else
				printf("--%s", row->name);
			printf("[");
			print_short(row->help);
			printf("]");
			if (row->value != NULL)
				printf(":%s:", place_of(row->value) == PLACE_WORDS ? row->name : row->value);
			if (place_of(row->value) == PLACE_WORDS) {
				printf("(");
				print_words(row->value);
				printf(")");
			} else if (row->value != NULL) {
				printf(place_of(row->value) == PLACE_FILE ? "_files" : " ");
			}
			printf("'");
		}
	}
	puts(" \\\n\t\t'--help[how it works]' '*:argument:_files' ;;");
}

static void print_zsh(void)
{
	printf("#compdef indsigt\n\nif ((CURRENT == 2)); then\n\tcompadd -- --help --version");
	print_first_words();
	printf("\n\treturn\nfi\ncase \"$CURRENT $words[2]\" in\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		if (begins_family(i)) {
			printf("\t'3 %.*s') compadd --", (int)first_word(commands[i]), command_name(commands[i]));
			print_family(i);
			puts("; return ;;");
		} else if (argument_words(&commands[i]->options) != NULL) {
			printf("\t'3 %s') compadd -- ", command_name(commands[i]));
			print_words(argument_words(&commands[i]->options));
			puts("; return ;;");
		}
	printf("\t'3 help') compadd --");
	print_first_words();
	printf("; return ;;\nesac\ncase \"$words[2] $words[3] \" in\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		print_zsh_command(&commands[i]->options);
	puts("esac");
}

/* ---- fish ---- */

static void print_fish_command(const struct command *command)
{
	size_t len = first_word(command);
	const char *name = command_name(command);
	char here[128];
	if (name[len] == ' ')
		snprintf(here, sizeof here, "__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s", (int)len,
			name, name + len + 1);
	else
		snprintf(here, sizeof here, "__fish_seen_subcommand_from %s", name);
	for (size_t i = 0; i < command->options.row_count; i++) {
		const struct option_row *row = &command->options.rows[i];
		if (!is_option(row))
			continue;
		printf("complete -c indsigt -n '%s' -l %s", here, row->name);
		if (row->letter != 0)
			printf(" -s %c", row->letter);
		if (place_of(row->value) == PLACE_WORDS) {
			printf(" -x -a '");
			print_words(row->value);
			printf("'");
		} else if (row->value != NULL) {
			printf(place_of(row->value) == PLACE_FILE ? " -r" : " -x");
		}
		printf(" -d '");
		print_short(row->help);
		puts("'");
	}
}

static void print_fish(void)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		int len = (int)first_word(commands[i]);
		const char *name = command_name(commands[i]);
		if (name[len] == '\0' || begins_family(i))
			printf("complete -c indsigt -n '__fish_is_first_token' -f -a %.*s -d '", len, name);
		else
			printf(
				"complete -c indsigt -n '__fish_seen_subcommand_from %.*s' -f -a %s -d '", len, name, name + len + 1);
		print_short(commands[i]->options.summary);
		puts("'");
		if (argument_words(&commands[i]->options) != NULL) {
			printf("complete -c indsigt -n '__fish_seen_subcommand_from %s' -f -a '", name);
			print_words(argument_words(&commands[i]->options));
			puts("'");
		}
		print_fish_command(commands[i]);
	}
}

/* ---- command ---- */

struct completion_options {
	const char *shell;
};
static const struct option_row rows[] = {ARGUMENT(struct completion_options, shell, "bash|zsh|fish")};

static int run(int argc, char **argv)
{
	static const struct {
		const char *shell;
		void (*print)(void);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
	struct completion_options options = {.shell = NULL};
	struct fault fault = {.text = ""};
	if (!command_read(&command_completion, argc, argv, &options))
		return EXIT_USAGE;
	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
		if (strcmp(shells[i].shell, options.shell) == 0) {
			shells[i].print();
			return EXIT_DONE;
		}
	return command_end(&command_completion, fault_set(&fault, E_USAGE, "the shell is bash, zsh or fish"), &fault);
}

const struct command command_completion = {
	.options = {.name = "indsigt completion",
		.summary = "what a shell needs to complete commands and options",
		.text = "Where indsigt is installed, bash, zsh and fish have it already. Otherwise, for this shell alone:\n"
				"\n"
				"  source <(indsigt completion bash)\n",
		OPTION_ROWS(rows)},
	.run = run,
};
