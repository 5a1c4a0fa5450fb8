/* A table is laid out when all of it is known, since the widest cell of a column decides. It is as wide as its texts
 * where there is room (or nobody knows how wide the terminal is, in a pipe); else the widest columns give way, one
 * column of letters at a time, as long as no word has to be cut; and where that is not enough each row becomes a block
 * of lines. So a table can be read on any terminal, and a script that reads it from a pipe finds one row on one line.
 *
 * Whatever is printed goes through visible_print: a name out of an event must not be able to move the cursor, ring the
 * bell or recolour the screen of whoever reads it. */
#include "tools/show/table.h"

#include "ledger/base/grow.h"
#include "ledger/text/visible.h"

#include <assert.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#define GAP 2

/* Invariant: rows * columns cells are set, none of them NULL; `capacity` counts cells, and is at least that. */
struct table {
	const char *const *headings;
	size_t columns;
	size_t rows;
	size_t capacity; /* of the cells */
	char **cells;    /* rows times columns */
};

struct table *table_new(const char *const headings[], size_t columns)
{
	struct table *table = calloc(1, sizeof *table);
	if (table) {
		table->headings = headings;
		table->columns = columns;
	}
	return table;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

/* A row that could not be copied whole is not there at all. */
bool table_add(struct table *table, const char *const cells[])
{
	if (GROW(table->cells, table->capacity, (table->rows + 1) * table->columns) != E_OK)
		return false;
	assert(table->rows * table->columns < table->capacity && table->columns <= TABLE_COLUMNS_MAX);
	char **row = table->cells + table->rows * table->columns;
	for (size_t i = 0; i < table->columns; i++) {
		row[i] = strdup(cells[i] ? cells[i] : "");
		if (row[i] == NULL) {
			while (i > 0)
				free(row[--i]);
			return false;
		}
	}
	table->rows++;
	return true;
}

/* 0 also where the terminal does not say how wide it is (a serial line): as wide as it gets is right there. */
size_t table_terminal_width(FILE *out)
{
	struct winsize size;
	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

void table_line(FILE *out, const char *format, ...)
{
	char text[TABLE_LINE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	visible_print(text, strlen(text), out);
	putc('\n', out);
}

/* Characters, for scripts whose characters are one column wide. */
static size_t text_width(const char *text, size_t len)
{
	size_t width = 0;
	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xC0) != 0x80;
	return width;
}

/* Bytes of the longest beginning of `text` that fits `width`, broken at a space if there is one. */
static size_t line_bytes(const char *text, size_t width)
{
	size_t at = 0;
	size_t space = 0;
	for (size_t used = 0; text[at]; used++) {
		if (used == width)
			return space ? space : at;
		if (text[at] == ' ')
			space = at;
		do
			at++;
		while (((unsigned char)text[at] & 0xC0) == 0x80);
	}
	return at;
}

/* A column without any text has no width and is left out, heading and all. */
static void natural_widths(const struct table *table, size_t *widths)
{
	for (size_t column = 0; column < table->columns; column++) {
		widths[column] = 0;
		for (size_t row = 0; row < table->rows; row++) {
			const char *cell = table->cells[row * table->columns + column];
			size_t width = text_width(cell, strlen(cell));
			widths[column] = width > widths[column] ? width : widths[column];
		}
		size_t heading = text_width(table->headings[column], strlen(table->headings[column]));
		if (widths[column] > 0 && widths[column] < heading)
			widths[column] = heading;
	}
}

/* The longest word of a text: no column is made narrower than those in it. */
static size_t word_width(const char *text)
{
	size_t longest = 0;
	while (*text) {
		size_t len = strcspn(text, " ");
		size_t width = text_width(text, len);
		longest = width > longest ? width : longest;
		text += len;
		text += strspn(text, " ");
	}
	return longest;
}

/* A heading counts as well: one that is cut in the middle of a word says nothing. */
static size_t narrowest(const struct table *table, size_t column)
{
	size_t width = word_width(table->headings[column]);
	for (size_t row = 0; row < table->rows; row++) {
		size_t word = word_width(table->cells[row * table->columns + column]);
		width = word > width ? word : width;
	}
	return width;
}

/* Takes from the widest column until the line fits. False if it does not without cutting words. One letter at a time
 * looks slow and is not: a terminal has a few hundred columns at most, and a table twelve. */
static bool fit(const struct table *table, size_t width, size_t *widths)
{
	size_t least[TABLE_COLUMNS_MAX];
	for (size_t i = 0; i < table->columns; i++)
		least[i] = narrowest(table, i);
	for (;;) {
		size_t total = 0;
		size_t widest = table->columns;
		for (size_t i = 0; i < table->columns; i++) {
			total += widths[i] ? widths[i] + GAP : 0;
			if (widths[i] > least[i] && (widest == table->columns || widths[i] > widths[widest]))
				widest = i;
		}
		if (total <= width + GAP)
			return true;
		if (widest == table->columns)
			return false;
		widths[widest]--;
	}
}

/* One row, on as many lines as its longest cell needs. Spaces at the end of a line would wrap on a terminal that is
 * exactly as wide, so they are only written when something comes behind them. */
static void print_row(const char *const *cells, const size_t *widths, size_t columns, FILE *out)
{
	const char *rest[TABLE_COLUMNS_MAX];
	bool more = true;
	memcpy(rest, cells, columns * sizeof *rest);
	while (more) {
		size_t pending = 0; /* spaces, written only before something else */
		more = false;
		for (size_t i = 0; i < columns; i++) {
			if (widths[i] == 0)
				continue;
			size_t len = line_bytes(rest[i], widths[i]);
			if (len > 0) {
				fprintf(out, "%*s", (int)pending, "");
				visible_print(rest[i], len, out);
				pending = 0;
			}
			pending += widths[i] - text_width(rest[i], len) + GAP;
			rest[i] += len;
			rest[i] += strspn(rest[i], " ");
			more |= *rest[i] != '\0';
		}
		putc('\n', out);
	}
}

/* A line for each cell that holds something, the first one as the title. */
static void print_block(const struct table *table, const char *const *cells, FILE *out)
{
	size_t label = 0;
	for (size_t i = 1; i < table->columns; i++) {
		size_t width = text_width(table->headings[i], strlen(table->headings[i]));
		label = width > label ? width : label;
	}
	visible_print(cells[0], strlen(cells[0]), out);
	putc('\n', out);
	for (size_t i = 1; i < table->columns; i++) {
		const char *heading = table->headings[i];
		if (cells[i][0] == '\0')
			continue;
		fprintf(out, "  %s%*s  ", heading, (int)(label - text_width(heading, strlen(heading))), "");
		visible_print(cells[i], strlen(cells[i]), out);
		putc('\n', out);
	}
}

void table_print(const struct table *table, size_t width, FILE *out)
{
	size_t widths[TABLE_COLUMNS_MAX];
	natural_widths(table, widths);
	bool blocks = width > 0 && !fit(table, width, widths);
	if (!blocks)
		print_row(table->headings, widths, table->columns, out);
	for (size_t row = 0; row < table->rows; row++) {
		const char *const *cells = (const char *const *)table->cells + row * table->columns;
		if (blocks)
			print_block(table, cells, out);
		else
			print_row(cells, widths, table->columns, out);
	}
}
