/* What is asked about somebody is typed by somebody else, who may have it wrong: so each of these says what would be
 * right, and none of them repeats what was typed. A subject on the command line stands in the list of processes for
 * everybody on the machine and in a history for ever; so "-" takes it from standard input, and what held it is wiped.
 *
 * A date without a time is a day where the person sits (TZ): "from Monday" means their Monday. The ledger is asked in
 * UTC, and what it was asked is shown, since the same words are another instant on another machine. */
#include "tools/show/asked.h"

#include "ledger/subject/subject.h"
#include "query/answer/accesses.h"
#include "tools/show/answer.h"

#include <sodium.h>
#include <time.h>

static void close_file(FILE **file)
{
	if (*file != NULL && *file != stdin)
		fclose(*file);
}

/* Nothing of it stays in a buffer of the library's. */
static enum error open_whom(const struct asked_whom *whom, FILE **out, struct fault *fault)
{
	*out = whom->file != NULL ? fopen(whom->file, "re") : stdin;
	if (*out == NULL)
		return fault_set(
			fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "the file of --subject-file cannot be opened: %m");
	setvbuf(*out, NULL, _IONBF, 0);
	return E_OK;
}

/* Whatever is wrong with it is the caller's mistake (E_USAGE) but for what cannot be read. */
enum error asked_subject(const struct asked_whom *whom, char out[SUBJECT_BYTES_MAX + 1], struct fault *fault)
{
	char line[SUBJECT_BYTES_MAX + 3]; /* CR, LF, end mark */
	if (whom->file == NULL && strcmp(whom->argument, "-") != 0)
		return subject_canonical(bytes_text(whom->argument), out, fault) == E_OK ? E_OK : E_USAGE;
	OWNED(close_file) FILE *file = NULL;
	TRY(open_whom(whom, &file, fault));
	if (fgets(line, sizeof line, file) == NULL)
		return ferror(file) ? fault_set(fault, E_IO, "the subject cannot be read: %m")
							: fault_set(fault, E_USAGE, "the subject is read from %s, which is empty",
								  whom->file != NULL ? "the file of --subject-file" : "standard input ('-')");
	line[strcspn(line, "\r\n")] = '\0';
	enum error error = subject_canonical(bytes_text(line), out, fault);
	sodium_memzero(line, sizeof line);
	return error == E_OK ? E_OK : E_USAGE;
}

/* "2026-11-23" Both must take it: strptime forgives what is no date (the 31st of February), the ledger's own reader
 * does not. */
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

/* A time that is given is shown in the answer, so it is kept as it is sent. */
static enum error read_end(
	const char *name, const char *text, uint64_t *out, char utc[TIMESTAMP_TEXT_MAX], struct fault *fault)
{
	if (text == NULL)
		return E_OK;
	if (!local_midnight(text, out) && accesses_time(text, out) != E_OK)
		return fault_set(fault, E_USAGE,
			"%s must be a date (2026-11-23, its midnight here) or an RFC 3339 time with a zone "
			"(2026-11-23T08:00:00+01:00)",
			name);
	timestamp_format_s(*out, utc);
	return E_OK;
}

enum error asked_window(const char *from, const char *to, struct asked_window *out, struct fault *fault)
{
	*out = (struct asked_window){.to_s = UINT64_MAX};
	TRY(read_end("--from", from, &out->from_s, out->from, fault));
	TRY(read_end("--to", to, &out->to_s, out->to, fault));
	return out->from_s < out->to_s ? E_OK : fault_set(fault, E_USAGE, "--from must be earlier than --to");
}

/* Beside the option the environment, because other users of the machine see options and not that. */
enum error asked_token(const char *ledger, const char **token, struct fault *fault)
{
	if (*token == NULL)
		*token = getenv("INDSIGT_TOKEN");
	if (answer_is_url(ledger) && *token == NULL)
		return fault_set(fault, E_USAGE, "an address wants --token (or INDSIGT_TOKEN); see 'indsigt token'");
	return E_OK;
}
