/* What people read of a table: its usage, its --help. */
#include "ledger/options/options.h"

#include <string.h>

#define WIDTH 112       /* columns */
#define VALUE_COLUMN 24 /* where at the latest an option's text begins */

/* ---- usage ---- */

/* Each wants the other: they are one word of the usage, which begins with the one that stands first. */
static bool is_pair(const struct option_row *row, const struct option_row *other)
{
	return row->wants != NULL && other->wants != NULL && strcmp(row->wants, other->name) == 0 &&
		   strcmp(other->wants, row->name) == 0;
}

/* A row as it is typed, with what only goes with it. */
static void write_row(const struct options *options, const struct option_row *row, unsigned form, FILE *out)
{
	char name[OPTION_SPELLED_MAX];
	fprintf(out, "%s%s%s", option_spelled(row, name), row->value ? " " : "", row->value ? row->value : "");
	for (size_t i = 0; i < options->row_count; i++) {
		const struct option_row *other = &options->rows[i];
		if (other->wants == NULL || !option_in_form(other, form) || strcmp(other->wants, row->name) != 0)
			continue;
		bool pair = is_pair(row, other);
		if (pair && other < row)
			continue;
		fputs(pair ? " " : " [", out);
		write_row(options, other, form, out);
		fputs(pair ? "" : "]", out);
	}
}

static bool is_nested(const struct options *options, const struct option_row *row, unsigned form)
{
	for (size_t i = 0; row->wants != NULL && i < options->row_count; i++) {
		const struct option_row *other = &options->rows[i];
		if (option_in_form(other, form) && strcmp(other->name, row->wants) == 0)
			return other < row || !is_pair(row, other);
	}
	return false;
}

/* One word of the usage: a row, or all rows of a group; nothing if another row shows it. */
static void write_word(const struct options *options, const struct option_row *row, unsigned form, FILE *out)
{
	bool required = (row->required & FORM(form)) != 0;
	bool first = true;
	if (is_nested(options, row, form))
		return;
	for (const struct option_row *other = options->rows; other < options->rows + options->row_count; other++) {
		bool shown = other == row || (row->group != 0 && other->group == row->group && option_in_form(other, form));
		if (!shown)
			continue;
		if (first && other != row)
			return; /* the group's first member has shown it */
		fputs(!first ? " | " : required ? "" : "[", out);
		write_row(options, other, form, out);
		first = false;
	}
	fprintf(out, "%s%s", required ? "" : "]", row->repeats ? "..." : "");
}

/* A word is written into memory first, because whether it fits the line shows only then. */
static void print_form(const struct options *options, unsigned form, FILE *out)
{
	int indent = (int)(strlen("usage: ") + strlen(options->name));
	int column = fprintf(out, "%s%s", form == 0 ? "usage: " : "       ", options->name);
	for (unsigned pass = 0; pass < 2; pass++) { /* what must be there stands first */
		for (size_t i = 0; i < options->row_count; i++) {
			const struct option_row *row = &options->rows[i];
			char word[256] = "";
			bool required = (row->required & FORM(form)) != 0;
			if (!option_in_form(row, form) || required == (pass > 0))
				continue;
			FILE *text = fmemopen(word, sizeof word, "w");
			if (text == NULL)
				continue;
			write_word(options, row, form, text);
			fclose(text);
			if (word[0] == '\0')
				continue;
			if (column + 1 + (int)strlen(word) > WIDTH)
				column = fprintf(out, "\n%*s", indent, "") - 1;
			column += fprintf(out, " %s", word);
		}
	}
	fputc('\n', out);
}

void options_usage(const struct options *options, FILE *out)
{
	for (unsigned form = 0; form < options_forms(options); form++)
		print_form(options, form, out);
}

/* ---- help ---- */

void options_wrapped(const char *text, size_t indent, FILE *out)
{
	size_t column = indent;
	for (const char *word = text; *word != '\0' && *word != '\n';) {
		size_t len = strcspn(word, " \n");
		if (word > text && column + 1 + len > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (word > text) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)len, word);
		column += len;
		word += len + strspn(word + len, " ");
	}
	fputc('\n', out);
}

static void print_paragraphs(const char *text, FILE *out)
{
	for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (*text == ' ')
			fprintf(out, "%.*s\n", (int)len, text);
		else
			options_wrapped(text, 0, out);
	}
}

static size_t left_width(const struct option_row *row)
{
	char name[OPTION_SPELLED_MAX];
	return strlen("  ") + strlen(option_spelled(row, name)) + (row->value ? 1 + strlen(row->value) : 0);
}

void options_help(const struct options *options, FILE *out)
{
	size_t indent = 0;
	char name[OPTION_SPELLED_MAX];
	bool space = options->text[0] != '\0';
	options_usage(options, out);
	fprintf(out, "\n%s.\n%s", options->summary, space ? "\n" : "");
	print_paragraphs(options->text, out);
	for (size_t i = 0; i < options->row_count; i++) {
		size_t width =
			options->rows[i].name != NULL && options->rows[i].help != NULL ? left_width(&options->rows[i]) : 0;
		indent = width > indent && width + 2 <= VALUE_COLUMN ? width : indent;
	}
	indent = (indent == 0 ? VALUE_COLUMN - 2 : indent) + 2;
	for (size_t i = 0, shown = 0; i < options->row_count; i++) {
		const struct option_row *row = &options->rows[i];
		if (row->help == NULL)
			continue;
		if (shown++ == 0 || row->name == NULL)
			fputc('\n', out);
		if (row->name == NULL) {
			options_wrapped(row->help, 0, out);
			continue;
		}
		size_t width = left_width(row);
		fprintf(out, "  %s%s%s", option_spelled(row, name), row->value ? " " : "", row->value ? row->value : "");
		if (width + 2 > indent)
			fprintf(out, "\n%*s", (int)indent, "");
		else
			fprintf(out, "%*s", (int)(indent - width), "");
		options_wrapped(row->help, indent, out);
	}
	if (options->after == NULL)
		return;
	fputc('\n', out);
	print_paragraphs(options->after, out);
}

/* What is asked for goes to stdout, what was done wrong to stderr, so that a help text can be piped and an error is
 * not. */
int options_begin(const struct options *options, int argc, char **argv, void *out)
{
	struct fault fault = {.text = ""};
	if (options_ask_help(argc, argv)) {
		options_help(options, stdout);
		return fflush(stdout) == 0 ? EXIT_DONE : EXIT_NOT_LOOKED;
	}
	enum error error = options_read(options, argc, argv, out, &fault);
	if (error == E_OK)
		return -1;
	if (error == E_USAGE)
		options_usage(options, stderr);
	fprintf(stderr, "%s: %s\n", options->name, fault.text);
	return error_exit(error);
}
