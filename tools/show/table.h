/* Text tables for people: columns as wide as what they hold, wrapped at spaces where the terminal is narrower, and a
 * block of lines for each row where it is too narrow for that.
 *
 * Control characters in what is printed are replaced, so that no text out of an event can move the cursor or change
 * colours of the terminal it is read on. */
#pragma once

#include "ledger/base/own.h"

#include <stdbool.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 12
#define TABLE_LINE_BYTES 12288 /* a line is cut here */

struct table;

/* `headings` is borrowed and has `columns` texts. NULL when out of memory. */
struct table *table_new(const char *const headings[], size_t columns);
void table_free(struct table *table);
OWN(table, table_free);
/* Copies `columns` cells; NULL is empty. False when out of memory. */
bool table_add(struct table *table, const char *const cells[]);
/* Columns without any text are left out. `width` 0: as wide as it gets. */
void table_print(const struct table *table, size_t width, FILE *out);
/* Width of the terminal behind `out`, or 0 if it is none. */
size_t table_terminal_width(FILE *out);
/* One line: a format filled in, with control characters replaced: whatever texts go in, no terminal obeys them. */
void table_line(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
