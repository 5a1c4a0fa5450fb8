/* indsigt who: who accessed this person's data, verified and readable. */
#include "ledger/subject.h"
#include "tools/answer.h"
#include "tools/command.h"
#include "tools/who_text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

struct who_options {
	struct answer_query query;
	const char *subject;
	const char *lang;
	const char *vkey;
	bool json;
};

static bool read_options(int argc, char **argv, struct who_options *out)
{
	static const struct option known[] = {
		{"ledger", required_argument, NULL, 'l'},
		{"token", required_argument, NULL, 't'},
		{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 'u'},
		{"org", required_argument, NULL, 'o'},
		{"vkey", required_argument, NULL, 'v'},
		{"lang", required_argument, NULL, 'g'},
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	*out = (struct who_options){.query.token = getenv("INDSIGT_TOKEN"), .lang = words_environment()};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (option) {
		case 'l':
			out->query.ledger = optarg;
			break;
		case 't':
			out->query.token = optarg;
			break;
		case 'f':
			out->query.from = optarg;
			break;
		case 'u':
			out->query.to = optarg;
			break;
		case 'o':
			out->query.org = optarg;
			break;
		case 'v':
			out->vkey = optarg;
			break;
		case 'g':
			out->lang = optarg;
			break;
		case 'j':
			out->json = true;
			break;
		default:
			return false;
		}
	}
	out->subject = optind + 1 == argc ? argv[optind] : NULL;
	return out->subject && out->query.ledger;
}

static enum error print_answer(const struct answer *answer, const struct who_options *options)
{
	if (!options->json)
		return who_text(answer, words_for(options->lang), stdout);
	return json_dumpf(answer->json, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF ? E_OK : E_IO;
}

static enum error who(struct who_options *options, struct fault *fault)
{
	char subject[SUBJECT_BYTES_MAX + 1];
	struct vkey vkey;
	__attribute__((cleanup(answer_release))) struct answer answer = {0};
	if (subject_canonical(bytes_text(options->subject), subject, fault) != E_OK)
		return E_USAGE;
	options->query.subject = subject;
	if (options->vkey) {
		if (vkey_parse(bytes_text(options->vkey), &vkey) != E_OK)
			return fault_set(fault, E_USAGE, "--vkey is malformed; 'indsigt vkey DIR' prints it");
		options->query.vkey = &vkey;
	}
	if (answer_is_url(options->query.ledger) && options->query.token == NULL)
		return fault_set(fault, E_USAGE, "an address wants --token (or INDSIGT_TOKEN); see 'indsigt token'");
	TRY(answer_ask(&options->query, &answer, fault));
	TRY(print_answer(&answer, options));
	return fflush(stdout) == 0 ? E_OK : fault_set(fault, E_IO, "the answer cannot be written: %m");
}

static int run(int argc, char **argv)
{
	struct who_options options;
	struct fault fault = {0};
	if (!read_options(argc, argv, &options))
		return command_usage(&command_who, NULL);
	return command_end(&command_who, who(&options, &fault), &fault);
}

const struct command command_who = {
	.name = "who",
	.arguments = "SUBJECT --ledger DIR|URL [--token T] [--from TIME] [--to TIME] [--org ID] [--json] ...",
	.summary = "who accessed this person's data",
	.text = "Asks for every access to the data of SUBJECT (cpr:0101701234), checks that each one stands in the log "
			"exactly as\n"
			"shown, and prints a table. Repeats of one day share a row. On a directory the right to read its key files "
			"is the\n"
			"authorisation; an address wants a token.\n"
			"\n"
			"  --ledger DIR|URL  a ledger's directory, or the address of its query daemon\n"
			"  --token T         bearer token for an address; or INDSIGT_TOKEN, which other users of the machine do "
			"not see\n"
			"  --from TIME       from this ledger time on: a date (its midnight in UTC), or RFC 3339 with a zone\n"
			"  --to TIME         before this ledger time\n"
			"  --org ID          only accesses by this organisation (cvr:55133018)\n"
			"  --vkey VKEY       check the log's signature with this key (on a directory: its own, unless given)\n"
			"  --json            the whole answer with its proofs, all pages in one\n"
			"  --lang da|en      Danish or English; otherwise as LC_ALL, LC_MESSAGES or LANG say\n"
			"\n"
			"Exit 1 if the answer cannot be had or does not verify.\n",
	.run = run,
};
