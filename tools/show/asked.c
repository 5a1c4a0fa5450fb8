#include "tools/show/asked.h"

#include "ledger/subject/subject.h"
#include "query/answer/accesses.h"
#include "tools/show/words.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum error asked_subject(const char *argument, char out[SUBJECT_BYTES_MAX + 1], struct fault *fault)
{
	char line[SUBJECT_BYTES_MAX + 3]; /* CR, LF, end mark */
	if (strcmp(argument, "-") != 0)
		return subject_canonical(bytes_text(argument), out, fault) == E_OK ? E_OK : E_USAGE;
	if (fgets(line, sizeof line, stdin) == NULL)
		return ferror(stdin) ? fault_set(fault, E_IO, "standard input cannot be read: %m")
							 : fault_set(fault, E_USAGE, "'-' reads the subject from standard input, which is empty");
	line[strcspn(line, "\r\n")] = '\0';
	enum error error = subject_canonical(bytes_text(line), out, fault);
	sodium_memzero(line, sizeof line);
	return error == E_OK ? E_OK : E_USAGE;
}

/* "2026-11-23" */
static bool local_midnight(const char *text, uint64_t *out)
{
	struct tm parts = {.tm_isdst = -1};
	uint64_t checked;
	const char *end = strlen(text) == strlen("2026-11-23") ? strptime(text, "%Y-%m-%d", &parts) : NULL;
	if (end == NULL || *end != '\0' || accesses_time(text, &checked) != E_OK)
		return false;
	time_t at = mktime(&parts);
	*out = at > 0 ? (uint64_t)at : 0;
	return true;
}

enum error asked_time(const char *name, const char *text, uint64_t *out, struct fault *fault)
{
	if (local_midnight(text, out) || accesses_time(text, out) == E_OK)
		return E_OK;
	return fault_set(fault, E_USAGE,
		"%s must be a date (2026-11-23, its midnight here) or an RFC 3339 time with a zone "
		"(2026-11-23T08:00:00+01:00)",
		name);
}
