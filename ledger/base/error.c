/* Unknown codes are the ledger's own fault (BLAME_LEDGER), and so a judgement: no row of the list has that blame. What
 * errno says is told for E_IO alone, for the other codes say themselves what was wrong; it is read first, before
 * anything here can change it. */
#include "ledger/base/error.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 32

struct error_row {
	enum error error;
	enum error_blame blame;
	const char *name;
	const char *text;
};

static const struct error_row rows[] = {
#define X(code, number, blame, text) {code, BLAME_##blame, #code, text},
	ERROR_LIST(X)
#undef X
};

/* Linear: errors are rare, and the numbers have gaps that stay. */
static const struct error_row *row_of(enum error error)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].error == error)
			return &rows[i];
	return NULL;
}

const char *error_text(enum error error)
{
	const struct error_row *row = row_of(error);
	return row ? row->text : "unknown error";
}

const char *error_reason(enum error error)
{
	static _Thread_local char said[128];
	int number = errno;
	if (error != E_IO || number == 0)
		return error_text(error);
	snprintf(said, sizeof said, "%s", strerrordesc_np(number) != NULL ? strerrordesc_np(number) : "unknown");
	return said;
}

enum error_blame error_blame(enum error error)
{
	const struct error_row *row = row_of(error);
	return row ? row->blame : BLAME_LEDGER;
}

bool error_judges(enum error error)
{
	enum error_blame blame = error_blame(error);
	return error != E_OK && blame != BLAME_PLACE && blame != BLAME_MIXED_UP;
}

/* A mix-up is no judgement but has a status of its own, because another key mends it and no disk does. */
int error_exit(enum error error)
{
	if (error == E_OK)
		return EXIT_DONE;
	if (error == E_USAGE)
		return EXIT_USAGE;
	if (error_judges(error))
		return EXIT_REFUSED;
	return error_blame(error) == BLAME_MIXED_UP ? EXIT_WRONG_KEY : EXIT_NOT_LOOKED;
}

static void write_name(const struct error_row *row, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%s", row ? row->name + 2 : "unknown");
	for (char *c = out; *c; c++)
		*c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
}

const char *error_name(enum error error)
{
	static _Thread_local char name[NAME_BYTES];
	write_name(row_of(error), name);
	return name;
}

enum error error_named(const char *name)
{
	char known[NAME_BYTES];
	for (size_t i = 0; name != NULL && i < sizeof rows / sizeof rows[0]; i++) {
		write_name(&rows[i], known);
		if (strcmp(known, name) == 0)
			return rows[i].error;
	}
	return E_OK;
}

enum error fault_set(struct fault *fault, enum error error, const char *format, ...)
{
	if (fault == NULL || error == E_OK)
		return error;
	fault->error = error;
	fault->event = FAULT_NO_EVENT;
	if (format[0] == '\0') {
		const char *reason = error_reason(error);
		snprintf(fault->text, sizeof fault->text, "%s%s",
			error == E_IO && reason != error_text(error) ? "reading or writing failed: " : "", reason);
		return error;
	}
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fault->text, sizeof fault->text, format, arguments);
	va_end(arguments);
	return error;
}

enum error fault_because(struct fault *fault, enum error error, const char *format, ...)
{
	char text[FAULT_TEXT_MAX + 1];
	const char *reason = error_reason(error);
	if (error == E_OK)
		return E_OK;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return fault_set(fault, error, "%s: %s", text, reason);
}

enum error error_of_system(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return E_FULL;
	case EROFS:
		return E_READ_ONLY;
	case ENOMEM:
		return E_NO_MEMORY;
	default:
		return E_IO;
	}
}
