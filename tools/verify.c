/* indsigt verify: what a file proves, offline. */
#include "tools/verify.h"

#include "ledger/subject.h"
#include "tools/command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct verify_options {
	const char *file;
	const char *vkey;
	const char *subject;
	const char *policy;
	const char *auditor;
	const char *lang;
	bool json;
};

static bool read_options(int argc, char **argv, struct verify_options *out)
{
	static const struct option known[] = {
		{"vkey", required_argument, NULL, 'v'},
		{"subject", required_argument, NULL, 's'},
		{"policy", required_argument, NULL, 'p'},
		{"auditor", required_argument, NULL, 'a'},
		{"lang", required_argument, NULL, 'g'},
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	*out = (struct verify_options){.lang = words_environment()};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (option) {
		case 'v':
			out->vkey = optarg;
			break;
		case 's':
			out->subject = optarg;
			break;
		case 'p':
			out->policy = optarg;
			break;
		case 'a':
			out->auditor = optarg;
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
	out->file = optind + 1 == argc ? argv[optind] : NULL;
	return out->file && out->vkey;
}

/* ---- the file ---- */

static void file_close(FILE **file)
{
	if (*file != NULL && *file != stdin)
		fclose(*file);
}

static void free_release(void *pointer)
{
	free(*(void **)pointer);
}

/* The whole file, to be freed. One byte more than the limit is enough to know that it is over. */
static enum error read_file(const char *path, uint8_t **out, size_t *out_len, struct fault *fault)
{
	size_t len = 0, room = 65536;
	__attribute__((cleanup(file_close))) FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	__attribute__((cleanup(free_release))) uint8_t *text = malloc(room);
	if (file == NULL)
		return fault_set(fault, E_IO, "%s: %m", path);
	while (text != NULL && len <= STATEMENT_BYTES_MAX) {
		size_t got = fread(text + len, 1, room - len, file);
		len += got;
		if (got == 0)
			break;
		if (len < room)
			continue;
		uint8_t *larger = realloc(text, 2 * room);
		if (larger == NULL)
			return E_NO_MEMORY;
		text = larger;
		room *= 2;
	}
	if (text == NULL)
		return E_NO_MEMORY;
	if (ferror(file))
		return fault_set(fault, E_IO, "%s: %m", path);
	*out = text;
	*out_len = len;
	text = NULL;
	return E_OK;
}

enum kind { KIND_STATEMENT, KIND_FILING, KIND_FORK, KIND_TLOG_PROOF, KIND_RECEIPTS };

/* By the name of the format, which the verifier then checks where it belongs. */
static enum kind kind_of(struct bytes text)
{
	static const char tlog_proof[] = "c2sp.org/tlog-proof@";
	static const char statement[] = "\"indsigt-statement/", filing[] = "\"indsigt-filing";
	static const char fork[] = "\"indsigt-fork/";
	if (text.len >= sizeof tlog_proof - 1 && memcmp(text.data, tlog_proof, sizeof tlog_proof - 1) == 0)
		return KIND_TLOG_PROOF;
	if (text.len > 0 && memmem(text.data, text.len, statement, sizeof statement - 1) != NULL)
		return KIND_STATEMENT;
	if (text.len > 0 && memmem(text.data, text.len, filing, sizeof filing - 1) != NULL)
		return KIND_FILING;
	if (text.len > 0 && memmem(text.data, text.len, fork, sizeof fork - 1) != NULL)
		return KIND_FORK;
	return KIND_RECEIPTS;
}

/* ---- what comes out ---- */

static enum error print_refusal(
	const struct verify_call *call, enum kind kind, const struct finding *finding, uint64_t number)
{
	static const char *const kinds[] = {[KIND_STATEMENT] = "statement",
		[KIND_FILING] = "filing",
		[KIND_FORK] = "fork",
		[KIND_TLOG_PROOF] = "tlog-proof",
		[KIND_RECEIPTS] = "receipts"};
	char text[FINDING_TEXT_MAX + 1];
	if (call->json)
		return verify_json(json_pack("{s:s, s:b, s:s, s:s}", "kind", kinds[kind], "holds", false, "check",
							   finding_name(finding->code), "text", finding->text),
			call->out);
	verify_words_finding(call->words, finding, text);
	if (kind == KIND_RECEIPTS)
		verify_line(call->out, call->words->refused_line, (unsigned long long)number, text);
	else
		verify_line(call->out, call->words->refused, text);
	return E_OK;
}

/* `refused` tells a file that does not hold from an error. */
static enum error verify_file(const struct verify_call *call, bool *refused, struct fault *fault)
{
	uint64_t number = 0;
	struct finding finding = {.code = FINDING_NONE};
	enum kind kind = kind_of(call->text);
	if (kind != KIND_STATEMENT && call->subject != NULL)
		return fault_set(fault, E_BAD_VALUE, "--subject is for a statement, and this file is none");
	enum error error = kind == KIND_STATEMENT    ? verify_statement(call, &finding)
					   : kind == KIND_FILING     ? verify_filing(call, &finding)
					   : kind == KIND_FORK       ? verify_fork(call, &finding)
					   : kind == KIND_TLOG_PROOF ? verify_tlog_proof(call, &finding)
												 : verify_receipts(call, &finding, &number);
	*refused = error != E_OK && finding.code != FINDING_NONE;
	if (*refused)
		TRY(print_refusal(call, kind, &finding, number));
	else
		TRY(error);
	return fflush(call->out) == 0 ? E_OK : fault_set(fault, E_IO, "the result cannot be written: %m");
}

/* To be freed. */
static enum error read_policy(
	const char *path, const struct vkey *log, struct witness_policy **out, struct fault *fault)
{
	struct bytes file;
	__attribute__((cleanup(free_release))) uint8_t *text = NULL;
	__attribute__((cleanup(free_release))) struct witness_policy *policy = NULL;
	TRY(read_file(path, &text, &file.len, fault));
	file.data = text;
	TRY(witness_policy_parse(file, &policy, fault));
	if (!witness_policy_has_log(policy, log))
		return fault_set(fault, E_BAD_VALUE, "the policy is for other logs than the one of --vkey");
	*out = policy;
	policy = NULL;
	return E_OK;
}

static enum error verify(const struct verify_options *options, bool *refused, struct fault *fault)
{
	char subject[SUBJECT_BYTES_MAX + 1];
	struct vkey auditor;
	struct verify_call call = {
		.words = verify_words_for(options->lang), .json = options->json, .now_s = (uint64_t)time(NULL), .out = stdout};
	__attribute__((cleanup(free_release))) uint8_t *text = NULL;
	__attribute__((cleanup(free_release))) struct witness_policy *policy = NULL;
	if (vkey_parse(bytes_text(options->vkey), &call.log) != E_OK || call.log.type != NOTE_KEY_ED25519)
		return fault_set(fault, E_USAGE, "--vkey is malformed; 'indsigt vkey DIR' prints it");
	if (options->subject != NULL) {
		if (subject_canonical(bytes_text(options->subject), subject, fault) != E_OK)
			return E_USAGE;
		call.subject = subject;
	}
	if (options->auditor != NULL) {
		if (vkey_parse(bytes_text(options->auditor), &auditor) != E_OK || auditor.type != NOTE_KEY_ED25519)
			return fault_set(fault, E_USAGE, "--auditor is malformed; it is an auditor's verification key");
		call.auditor = &auditor;
	}
	if (options->policy != NULL) {
		TRY(read_policy(options->policy, &call.log, &policy, fault));
		call.policy = policy;
	}
	TRY(read_file(options->file, &text, &call.text.len, fault));
	call.text.data = text;
	return verify_file(&call, refused, fault);
}

static int run(int argc, char **argv)
{
	struct verify_options options;
	struct fault fault = {0};
	bool refused = false;
	if (!read_options(argc, argv, &options))
		return command_usage(&command_verify, NULL);
	enum error error = verify(&options, &refused, &fault);
	return error == E_OK && refused ? EXIT_REFUSED : command_end(&command_verify, error, &fault);
}

const struct command command_verify = {
	.name = "verify",
	.arguments = "FILE --vkey VKEY [--subject SUBJECT] [--policy FILE] [--auditor VKEY] [--lang da|en] [--json]",
	.summary = "what a statement, a filing proof or receipts prove, offline",
	.text =
		"Reads FILE ('-': standard input) and nothing else, and says in plain words what it proves, or the first thing "
		"that\n"
		"does not hold. FILE is a statement ('indsigt statement'), a filing proof, the receipts that 'indsigt send' "
		"printed, "
		"or a\n"
		".tlog-proof.\n"
		"\n"
		"  --vkey VKEY       the log's verification key, from somewhere else than FILE\n"
		"  --subject ID      refuse a statement about anybody else; it always says about whom it is\n"
		"  --policy FILE     a witness policy that a statement's cosignatures must fulfil; it also proves how fresh it "
		"is\n"
		"  --auditor VKEY    check the auditor's note in a statement with this key\n"
		"  --lang da|en      Danish or English; otherwise as LC_ALL, LC_MESSAGES or LANG say\n"
		"  --json            what is proven, as one line of JSON\n"
		"\n"
		"Exit 1 if something does not hold.\n",
	.run = run,
};
