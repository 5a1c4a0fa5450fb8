/* indsigt statement: the self-contained proof of who accessed a person's data, as a file.
 *
 * From a directory it is made here, from an address it is asked for; either way the file is the same text, and its
 * reader trusts neither. It is written whole or not at all, and what it covers is told afterwards, on stderr: a date is
 * another instant in another zone, and what came after the newest epoch stands in it as not yet covered.
 *
 * What fails: no epoch yet, or more events than a statement holds: the ledger says so, and what to do (wait a moment; a
 * window). An answer about somebody else is refused: with another person's token the ledger answers about that
 * person. */
#include "ingest/net/fetch.h"
#include "query/cosigned/cosigned.h"
#include "query/statement/statement_make.h"
#include "tools/command/command.h"
#include "tools/show/answer.h"
#include "tools/show/asked.h"
#include "tools/show/output.h"

#include <time.h>

struct statement_request {
	struct asked_whom whom;
	const char *ledger;
	const char *token;
	const char *reference; /* of a supervisor's case; or NULL */
	const char *from;
	const char *to;
	const char *output;
	bool signatures;
};

/* ---- asking ---- */

/* Waits a moment for witnesses, as the daemon does: a statement that rests on the log's signature alone proves less. */
static enum error make_from_directory(const struct statement_request *request, const char *subject,
	const struct asked_window *window, struct text *out, size_t *later, struct fault *fault)
{
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(cosigned_release) struct cosigned *cosigned = NULL;
	OWNED(cosigned_memory_release) struct cosigned_memory memory = COSIGNED_MEMORY;
	struct statement_query query = {.subject = bytes_text(subject),
		.from_s = window->from_s,
		.to_s = window->to_s,
		.signatures = request->signatures,
		.now_s = (uint64_t)time(NULL)};
	TRY(archive_open(request->ledger, true, &archive, fault));
	cosigned_await(archive, &memory);
	TRY(snapshot_begin(archive, &snapshot, fault));
	query.cosigned = cosigned = cosigned_look(archive, &memory);
	return statement_make(snapshot, &query, out, later, fault);
}

/* What comes is not verified here: that is `indsigt verify`, with a key from somewhere else than the address. */
static enum error fetch_from_url(const struct statement_request *request, const char *subject,
	const struct asked_window *window, struct text *out, size_t *later, struct fault *fault)
{
	json_auto_t *made = NULL;
	OWNED(fetch_release) struct fetch *fetch = NULL;
	const struct web_param params[] = {
		{"from", request->from != NULL ? window->from : NULL},
		{"to", request->to != NULL ? window->to : NULL},
		{"signatures", request->signatures ? "1" : NULL},
	};
	TRY(fetch_open(request->ledger, request->token, &fetch, fault));
	TRY(fetch_about(fetch, subject, request->reference));
	TRY(fetch_json(fetch, "/v1/statement", params, sizeof params / sizeof params[0], &made, fault));
	const char *about = json_string_value(json_object_get(made, "subject"));
	if (about == NULL || strcmp(about, subject) != 0)
		return fault_set(
			fault, E_FORBIDDEN, "the ledger's answer is not about the subject asked for; is it their token?");
	text_json(out, NULL, made);
	*later = json_array_size(json_object_get(made, "later"));
	return text_done(out);
}

/* ---- writing ---- */

/* A date is another instant in another zone: whoever asks sees which one it was. Only where one was asked for. */
static void tell_window(const struct asked_window *window)
{
	if (window->from[0] != '\0' || window->to[0] != '\0')
		fprintf(stderr, "indsigt: the statement is about what was reported %s%s%s%s%s\n",
			window->from[0] != '\0' ? "from " : "", window->from,
			window->from[0] != '\0' && window->to[0] != '\0' ? " on, and "
			: window->from[0] != '\0'                        ? " on"
															 : "",
			window->to[0] != '\0' ? "before " : "", window->to);
}

static void tell_later(size_t later)
{
	if (later > 0)
		fprintf(stderr,
			"indsigt: %zu newer %s not covered yet; the statement lists %s as such. A newer epoch covers %s within "
			"seconds.\n",
			later, later == 1 ? "access is" : "accesses are", later == 1 ? "it" : "them", later == 1 ? "it" : "them");
}

static enum error statement(void *given, struct fault *fault)
{
	struct statement_request *request = given;
	char subject[SUBJECT_BYTES_MAX + 1];
	size_t later = 0;
	struct asked_window window;
	OWNED(text_release) struct text text = {.room = NULL};
	TRY(asked_window(request->from, request->to, &window, fault));
	TRY(asked_subject(&request->whom, subject, fault));
	TRY(asked_token(request->ledger, &request->token, fault));
	if (answer_is_url(request->ledger))
		TRY(fetch_from_url(request, subject, &window, &text, &later, fault));
	else
		TRY(make_from_directory(request, subject, &window, &text, &later, fault));
	TRY(output_write(request->output, bytes_of(text.data, text.len), fault));
	tell_window(&window);
	tell_later(later);
	return E_OK;
}

#define T struct statement_request
static const struct option_row rows[] = {
	ASKED_WHOM_ROWS(T, whom),
	OPTION_TEXT(T, ledger, "ledger", "DIR|URL", .required = REQUIRED,
		.help = "a ledger's directory, or the address of its query daemon"),
	OPTION_TEXT(T, reference, "case", "TEXT", .help = "the case that a supervisor asks in, at an address"),
	OPTION_TEXT(T, token, "token", "T",
		.help = "bearer token for an address; or INDSIGT_TOKEN, which other users of the machine do not see"),
	WEB_TRUST_ROWS(),
	OPTION_TEXT(T, from, "from", "TIME",
		.help = "reported from then on: a date (its midnight here, in the zone of this machine), or RFC 3339 with a "
				"zone; the statement says the instant, in UTC"),
	OPTION_TEXT(T, to, "to", "TIME", .help = "reported before then"),
	OPTION_FLAG(T, signatures, "signatures",
		.help = "with each event's way to the signature of the authority that reported it"),
	OPTION_TEXT(T, output, "output", "FILE", .letter = 'o', .required = REQUIRED,
		.help = "where to write it (0600); '-' is standard output"),
};

const struct command command_statement = {
	.options = {.name = "indsigt statement",
		.summary = "the self-contained proof of who accessed this person's data",
		.text = "Writes one file that proves, offline and to anybody who has the log's vkey, that the list of accesses "
				"in it is complete up to the newest epoch, or that there are none. 'indsigt verify FILE --vkey VKEY' "
				"checks it. A SUBJECT of '-' is read from standard input: arguments stand in the list of processes.\n",
		OPTION_ROWS(rows),
		.after =
			"Accesses that came after the newest epoch are listed as not yet covered. Each access takes some 570 bytes "
			"of the file (45,000 of them 25 MB, and a third of that on the line), and 20 us to make and 30 us to "
			"verify; "
			"with --signatures nearly twice as much. At most 131,072 accesses and 52 MiB: for more ask for a window of "
			"time, which costs what is in it.\n"},
	.work = statement,
	COMMAND_GIVEN(struct statement_request, .signatures = false),
};
