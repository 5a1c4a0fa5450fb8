/* indsigt who: who accessed this person's data, verified and readable.
 *
 * One question and one answer for a person. Everything is verified before anything is shown (answer.h), so an answer
 * that does not hold shows nothing. What leaves something out says so: a filter stands above the table, and where it
 * leaves nothing over it is said how many there are without it, because "nobody" would be read as an all-clear.
 *
 *   options ─► window, organisation ─► subject ─► all pages, verified ─► table, or JSON */
#include "ingest/net/web.h"
#include "ledger/subject/subject.h"
#include "tools/ask/who_text.h"
#include "tools/command/command.h"
#include "tools/show/answer.h"
#include "tools/show/asked.h"
#include "tools/show/output.h"
#include "tools/show/vkey_option.h"

struct who_options {
	struct answer_query query;
	struct asked_whom whom;
	const char *lang; /* NULL: as the environment says */
	struct vkey vkey;
	bool json;
	struct who_filters filters;
};

/* Dates are days here; the ledger is asked in UTC. In the order in which they are typed wrong most often. */
static enum error check_options(struct who_options *options, struct fault *fault)
{
	struct answer_query *query = &options->query;
	struct asked_window *window = &options->filters.window;
	options->filters.org = query->org;
	if (query->org && !subject_org_valid(bytes_text(query->org)))
		return fault_set(fault, E_USAGE, "--org must be SCHEME:ID, such as cvr:55133018; names are not searched for");
	TRY(asked_window(query->from, query->to, window, fault));
	query->from = query->from != NULL ? window->from : NULL;
	query->to = query->to != NULL ? window->to : NULL;
	query->vkey = options->vkey.name[0] != '\0' ? &options->vkey : NULL;
	return asked_token(query->ledger, &query->token, fault);
}

/* Nothing within the filters: how much there is outside of them. Only where the filtered answer is empty: it asks once
 * more for everything. */
static enum error count_all(struct who_options *options, struct fault *fault)
{
	struct answer_query query = options->query;
	OWNED(answer_release) struct answer all = {0};
	query.from = query.to = query.org = NULL;
	TRY(answer_ask(&query, &all, fault));
	options->filters.all = all.open + all.withheld + all.erased;
	return E_OK;
}

static enum error print_answer(const struct answer *answer, const struct who_options *options)
{
	if (!options->json)
		return who_text(
			answer, &options->filters, words_for(options->lang ? options->lang : words_environment()), stdout);
	return output_json(json_incref(answer->json), stdout);
}

/* The subject is read last of the arguments, since reading it may wait for standard input. */
static enum error who(void *given, struct fault *fault)
{
	struct who_options *options = given;
	char subject[SUBJECT_BYTES_MAX + 1];
	OWNED(answer_release) struct answer answer = {0};
	TRY(check_options(options, fault));
	TRY(asked_subject(&options->whom, subject, fault));
	options->query.subject = subject;
	TRY(answer_ask(&options->query, &answer, fault));
	if (!options->json && answer.open + answer.withheld + answer.erased == 0 &&
		(options->query.from || options->query.to || options->query.org))
		TRY(count_all(options, fault));
	TRY(print_answer(&answer, options));
	return fflush(stdout) == 0 ? E_OK : fault_set(fault, E_IO, "the answer cannot be written: %m");
}

#define T struct who_options
static const struct option_row rows[] = {
	ASKED_WHOM_ROWS(T, whom),
	OPTION_TEXT(T, query.ledger, "ledger", "DIR|URL", .required = REQUIRED,
		.help = "a ledger's directory, or the address of its query daemon"),
	OPTION_TEXT(T, query.reference, "case", "TEXT", .help = "the case that a supervisor asks in, at an address"),
	OPTION_TEXT(T, query.token, "token", "T",
		.help = "bearer token for an address; or INDSIGT_TOKEN, which other users of the machine do not see"),
	WEB_TRUST_ROWS(),
	OPTION_TEXT(T, query.from, "from", "TIME",
		.help = "reported from then on: a date (its midnight here, in the zone that times are shown in), or RFC 3339 "
				"with a zone"),
	OPTION_TEXT(T, query.to, "to", "TIME", .help = "reported before then"),
	OPTION_TEXT(
		T, query.org, "org", "ID", .help = "only accesses of this organisation (cvr:55133018), or reported by it"),
	OPTION_VKEY(T, vkey, .help = "check the log's signature with this key (on a directory: its own, unless given)"),
	OPTION_FLAG(T, json, "json", .help = "the whole answer with its proofs, all pages in one"),
	OPTION_WORD(T, lang, "lang", "da|en", .help = "Danish or English; otherwise as LC_ALL, LC_MESSAGES or LANG say"),
};

const struct command command_who = {
	.options = {.name = "indsigt who",
		.summary = "who accessed this person's data",
		.text = "Asks for every access to the data of SUBJECT (cpr:0101701234; '-' reads it from standard input, since "
				"arguments stand in the list of processes), checks that each one stands in the log exactly as shown, "
				"and prints a table. Repeats of one day share a row. On a directory the right to read its key files is "
				"the authorisation; an address wants a token.\n",
		OPTION_ROWS(rows),
		.after = "\"reported by NAME (ID)\" behind an organisation is the one whose system reported the access in its "
				 "name. Exit 1 if the answer does not verify, 4 if it cannot be had, 5 if it is another log's.\n"},
	.work = who,
	COMMAND_GIVEN(struct who_options, .json = false),
};
