/* indsigt completion: what shells complete, from the tables that the commands read their options by.
 *
 * A shell has a few lines that ask 'indsigt completion words' at each press of the key. The words of the line so far go
 * in through standard input, since arguments stand in the list of processes; what may stand in the last one's place
 * comes out, a line each, with what it is behind a tab, or FILES alone. */
#include "ledger/base/own.h"
#include "tools/command/command.h"

#define FILES ":"
#define WORDS_MAX 64
#define WORD_BYTES 256 /* longer ones are no options */

struct line {
	char words[WORDS_MAX][WORD_BYTES];
	size_t count;
	const char *begun; /* of the last word what is completed: all of it, or what stands behind "--OPTION=" */
	bool whole;
};

/* Each calls the program that stands on the line, which may be another than the one in PATH; bash has cut the words at
 * the signs in COMP_WORDBREAKS, so that they are put together again, and what stood before the cut is left out. */
static const struct {
	const char *shell;
	const char *script;
} scripts[] = {
	{"bash", "_indsigt()\n"
			 "{\n"
			 "\tlocal rest=$COMP_LINE space word words=()\n"
			 "\tfor word in \"${COMP_WORDS[@]:0:COMP_CWORD + 1}\"; do\n"
			 "\t\tspace=${rest%%[![:space:]]*}\n"
			 "\t\trest=${rest#\"$space$word\"}\n"
			 "\t\tif [[ -n $space || ${#words[@]} -eq 0 ]]; then words+=(\"$word\"); else words[-1]+=$word; fi\n"
			 "\tdone\n"
			 "\tlocal cut=${words[-1]%\"${word##[=:]*}\"}\n"
			 "\tmapfile -t COMPREPLY < <(printf '%s\\n' \"${words[@]}\" |\n"
			 "\t\t\"${words[0]/#\\~\\//\"$HOME\"/}\" completion words 2>/dev/null)\n"
			 "\tCOMPREPLY=(\"${COMPREPLY[@]%%$'\\t'*}\")\n"
			 "\tif [[ ${COMPREPLY[0]} == " FILES " ]]; then\n"
			 "\t\tcompopt -o default\n"
			 "\t\tCOMPREPLY=()\n"
			 "\tfi\n"
			 "\tCOMPREPLY=(\"${COMPREPLY[@]#\"$cut\"}\")\n"
			 "}\n"
			 "complete -F _indsigt indsigt"},
	{"zsh", "#compdef indsigt\n"
			"local -a found\n"
			"local program=${${(Q)words[1]}/#\\~\\//$HOME/}\n"
			"found=(\"${(@f)$(print -rl -- \"${(@)words[1,CURRENT]}\" | $program completion words 2>/dev/null)}\")\n"
			"if [[ $found[1] == " FILES " ]]; then\n"
			"\tcompset -P '--*='\n"
			"\t_files\n"
			"else\n"
			"\tfound=(\"${(@)found//:/\\\\:}\")\n"
			"\tfound=(\"${(@)found/$'\\t'/:}\")\n"
			"\t_describe indsigt found\n"
			"fi"},
	{"fish", "function __indsigt\n"
			 "\tset -l line (commandline -opc) (commandline -ct)\n"
			 "\tset -l program (string replace -r '^~/' \"$HOME/\" -- $line[1])\n"
			 "\tset -l found (printf '%s\\n' $line | $program completion words 2>/dev/null)\n"
			 "\tif test \"$found[1]\" = " FILES "\n"
			 "\t\tset -l option (string match -r -- '^--[^=]*=' $line[-1])\n"
			 "\t\tfor path in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' $line[-1]))\n"
			 "\t\t\tprintf '%s%s\\n' \"$option\" $path\n"
			 "\t\tend\n"
			 "\telse\n"
			 "\t\tprintf '%s\\n' $found\n"
			 "\tend\n"
			 "end\n"
			 "complete -c indsigt -f -a '(__indsigt)'"},
};

/* ---- what may stand there ---- */

static const char *last_word(const struct line *line)
{
	return line->words[line->count - 1];
}

/* The first `len` bytes of `word`, if they go on from what is there. What stands before the place that is completed is
 * given back with each offer, because shells replace the whole word: "--format=f" becomes "--format=fhir". Of a summary
 * the part before a semicolon is enough for one line. */
static void offer(const struct line *line, const char *word, size_t len, const char *what)
{
	size_t begun = strlen(line->begun);
	int before = (int)(line->begun - last_word(line));
	if (begun <= len && memcmp(line->begun, word, begun) == 0)
		printf("%.*s%.*s\t%.*s\n", before, last_word(line), (int)len, word, what != NULL ? (int)strcspn(what, ";") : 0,
			what != NULL ? what : "");
}

/* What stands for a value: "json|fhir|dicom" are words of their own, a FILE is a file, of others nothing is known. DIR
 * and FILE are names that a usage line shows; that they mean files is known only here, so a new one has to be added, or
 * nothing is completed in its place. */
static void offer_value(const struct line *line, const char *value)
{
	static const char *const files[] = {"DIR", "FILE", "OUT", "TO", "NEWKEY", "F"};
	size_t len = strcspn(value, "|.");
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (strlen(files[i]) == len && memcmp(value, files[i], len) == 0)
			puts(FILES);
	bool words = strchr(value, '|') != NULL && value[0] >= 'a' && value[0] <= 'z';
	for (; words; value += len + 1) {
		len = strcspn(value, "|");
		offer(line, value, len, NULL);
		words = value[len] != '\0';
	}
}

/* Of a family only its first word, once. Families stand together in the table, so a look at the one before is
 * enough. */
static void offer_first_words(const struct line *line)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		const char *name = command_name(commands[i]);
		size_t len = strcspn(name, " ");
		bool family = name[len] == ' ';
		if (!family || i == 0 || strncmp(command_name(commands[i - 1]), name, len + 1) != 0)
			offer(line, name, len, family ? NULL : commands[i]->options.summary);
	}
}

static void offer_second_words(const struct line *line)
{
	const struct command *const *at = commands;
	for (const struct command *command; (command = command_next(line->words[1], &at)) != NULL;) {
		const char *second = strchr(command_name(command), ' ') + 1;
		offer(line, second, strlen(second), command->options.summary);
	}
	if (strcmp(line->words[1], "help") == 0)
		offer_first_words(line);
}

/* A command of two words is only known when the second one is whole: before that it is being typed itself. */
static const struct command *command_of(const struct line *line)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		char name[2 * WORD_BYTES];
		bool family = strchr(command_name(commands[i]), ' ') != NULL;
		snprintf(name, sizeof name, "%s%s%s", line->words[1], family ? " " : "", family ? line->words[2] : "");
		if (line->count > 2 + (size_t)family && strcmp(name, command_name(commands[i])) == 0)
			return commands[i];
	}
	return NULL;
}

/* "--OPTION=" begins the last word; what is completed stands behind it. */
static bool holds_option(struct line *line)
{
	const char *last = last_word(line);
	const char *end = strncmp(last, "--", 2) == 0 ? strchr(last, '=') : NULL;
	if (end != NULL)
		line->begun = end + 1;
	return end != NULL;
}

/* As it is typed, long or short, whatever the usage shows. */
static bool is_option(const struct option_row *row, const char *word, size_t len)
{
	char name[OPTION_SPELLED_MAX], other[OPTION_SPELLED_MAX];
	snprintf(other, sizeof other, "--%s", row->name);
	const char *shown = option_spelled(row, name);
	return (strlen(other) == len && memcmp(word, other, len) == 0) ||
		   (strlen(shown) == len && memcmp(word, shown, len) == 0);
}

static void offer_names(const struct line *line, const struct options *options)
{
	char name[OPTION_SPELLED_MAX], other[OPTION_SPELLED_MAX];
	for (size_t i = 0; i < options->row_count; i++) {
		const struct option_row *row = &options->rows[i];
		if (row->name == NULL || row->argument)
			continue;
		snprintf(other, sizeof other, "--%s", row->name);
		offer(line, other, strlen(other), row->help);
		if (row->letter != 0)
			offer(line, option_spelled(row, name), 2, row->help);
	}
	offer(line, "--help", strlen("--help"), "how it works");
}

/* The value of the option in the same word or the one before, an option, or an argument. Behind an option that wants a
 * value stands the value; where that is nothing known, nothing is offered rather than something wrong. */
static void offer_options(struct line *line, const struct options *options)
{
	bool held = holds_option(line);
	const char *option = line->words[line->count - 1 - !held];
	size_t len = held ? strcspn(option, "=") : strlen(option);
	const char *argument = "FILE";
	for (size_t i = 0; i < options->row_count; i++) {
		const struct option_row *row = &options->rows[i];
		if (row->name == NULL)
			continue;
		if (row->argument) {
			argument = strchr(row->name, '|') != NULL ? row->name : argument;
		} else if (row->value != NULL && is_option(row, option, len)) {
			offer_value(line, row->value);
			return;
		}
	}
	if (last_word(line)[0] != '-')
		offer_value(line, argument);
	else if (!held)
		offer_names(line, options);
}

/* The first word of the line is the program itself. */
static void complete(struct line *line)
{
	const struct command *command = line->count > 2 ? command_of(line) : NULL;
	line->begun = last_word(line);
	if (line->count == 2)
		offer_first_words(line);
	if (line->count == 3)
		offer_second_words(line);
	if (command != NULL)
		offer_options(line, &command->options);
}

/* A word a line. Of one that is too long the beginning is kept, which nothing that is offered goes on from. Of too many
 * the last one, which is to be completed, is not there. */
static void read_line(struct line *out)
{
	OWNED_MEMORY char *word = NULL;
	size_t room = 0;
	while (out->count < WORDS_MAX && getline(&word, &room, stdin) >= 0)
		snprintf(out->words[out->count++], WORD_BYTES, "%.*s", (int)strcspn(word, "\n"), word);
	out->whole = getline(&word, &room, stdin) < 0 && feof(stdin);
}

/* ---- command ---- */

struct completion_options {
	const char *shell;
};
static const struct option_row rows[] = {ARGUMENT(struct completion_options, shell, "bash|zsh|fish")};

static int run(int argc, char **argv)
{
	struct completion_options options = {.shell = NULL};
	struct line line = {.count = 0};
	struct fault fault = {.text = ""};
	int misread = command_read(&command_completion, argc, argv, &options);
	if (misread != EXIT_DONE)
		return misread;
	for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
		if (strcmp(scripts[i].shell, options.shell) == 0)
			return puts(scripts[i].script) < 0 ? EXIT_NOT_LOOKED : EXIT_DONE;
	if (strcmp(options.shell, "words") != 0)
		return command_end(&command_completion, fault_set(&fault, E_USAGE, "the shell is bash, zsh or fish"), &fault);
	read_line(&line);
	if (line.count > 0 && line.whole)
		complete(&line);
	return EXIT_DONE;
}

const struct command command_completion = {
	.options = {.name = "indsigt completion",
		.summary = "what a shell needs to complete commands and options",
		.text = "Where indsigt is installed, bash, zsh and fish have it already. Otherwise, for this shell alone:\n\n  "
				"source <(indsigt completion bash)\n",
		OPTION_ROWS(rows)},
	.run = run,
};
