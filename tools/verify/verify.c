/* indsigt verify: what a file proves, offline.
 *
 * Everything that a file's verification needs is on the command line: the log's key, and where wanted a policy, an
 * auditor, a subject. Nothing is asked of any network, and no file beside these is read, so it can be done on a machine
 * that nobody reaches.
 *
 * What fails on the way to the file (not there, too long, no memory, a policy that cannot be read) says nothing about
 * the file, and never gives the exit code that it does not hold. What holds is told in words, with what is not proven
 * in the same place. */
#include "tools/verify/verify.h"

#include "tools/command/command.h"
#include "tools/show/asked.h"
#include "tools/show/vkey_option.h"

#include <time.h>

struct verify_options {
	const char *file;
	struct vkey vkey;
	struct asked_whom whom;
	const char *policy;
	const char *auditor;
	const char *lang;
	bool json;
};

/* ---- the file ---- */

/* Standard input stays open: it is not this program's. */
static void file_close(FILE **file)
{
	if (*file != NULL && *file != stdin)
		fclose(*file);
}

/* The whole file, to be freed, or none of it: of a part nothing can be said. One byte more than the limit is enough to
 * know that it is over. In pieces that double, because the length of a pipe is not known. */
static enum error read_file(const char *path, uint8_t **out, size_t *out_len, struct fault *fault)
{
	size_t len = 0, room = 65536;
	OWNED(file_close) FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	OWNED_MEMORY uint8_t *text = malloc(room);
	if (file == NULL)
		return fault_set(fault, E_IO, "%s: %m", path);
	while (text != NULL && len <= STATEMENT_BYTES_MAX) {
		size_t got = fread(text + len, 1, room - len, file);
		len += got;
		if (got == 0)
			break;
		if (len < room || len > STATEMENT_BYTES_MAX)
			continue;
		size_t more = room < STATEMENT_BYTES_MAX ? 2 * room : STATEMENT_BYTES_MAX + 1;
		uint8_t *larger = realloc(text, more);
		TRY(allocated(larger));
		text = larger;
		room = more;
	}
	TRY(allocated(text));
	if (ferror(file))
		return fault_set(fault, E_IO, "%s: %m", path);
	if (len > STATEMENT_BYTES_MAX)
		return fault_set(fault, E_IO,
			"%s has more than the %u bytes that are looked at in one file; receipts can be given in parts, some lines "
			"each",
			path, STATEMENT_BYTES_MAX);
	*out = OWN_TAKE(text);
	*out_len = len;
	return E_OK;
}

/* To be freed. */
static enum error read_policy(const char *path, struct witness_policy **out, struct fault *fault)
{
	struct bytes file;
	OWNED_MEMORY uint8_t *text = NULL;
	OWNED_MEMORY struct witness_policy *policy = NULL;
	TRY(read_file(path, &text, &file.len, fault));
	file.data = text;
	enum error error = witness_policy_parse(file, &policy, fault);
	if (error != E_OK) /* that says nothing of the file that is to be verified */
		return error == E_NO_MEMORY ? error : E_USAGE;
	*out = OWN_TAKE(policy);
	return E_OK;
}

/* Options are read before the file, so that a mistyped key does not cost the reading of 256 MiB. */
static enum error verify(const struct verify_options *options, enum exit_code *out, struct fault *fault)
{
	char subject[SUBJECT_BYTES_MAX + 1];
	const char *lang = options->lang ? options->lang : words_environment();
	struct vkey auditor;
	struct verify_call call = {.log = options->vkey,
		.words = verify_words_for(lang),
		.json = options->json,
		.now_s = (uint64_t)time(NULL),
		.out = stdout};
	OWNED_MEMORY uint8_t *text = NULL;
	OWNED_MEMORY struct witness_policy *policy = NULL;
	if (options->whom.argument != NULL || options->whom.file != NULL) {
		TRY(asked_subject(&options->whom, subject, fault));
		call.subject = subject;
	}
	if (options->auditor != NULL) {
		if (vkey_parse(bytes_text(options->auditor), &auditor) != E_OK || auditor.type != NOTE_KEY_ED25519)
			return fault_set(fault, E_USAGE, "--auditor is malformed; it is an auditor's verification key");
		call.auditor = &auditor;
	}
	if (options->policy != NULL) {
		TRY(read_policy(options->policy, &policy, fault));
		call.policy = policy;
	}
	TRY(read_file(options->file, &text, &call.text.len, fault));
	call.text.data = text;
	return verify_file(&call, out, fault);
}

#define T struct verify_options
static const struct option_row rows[] = {
	ARGUMENT(T, file, "FILE"),
	OPTION_VKEY(T, vkey, .required = REQUIRED, .help = "the log's verification key, from somewhere else than FILE"),
	OPTION_TEXT(T, whom.argument, "subject", "ID", .group = 1,
		.help = "refuse a statement about anybody else; it always says about whom it is ('-': the ID is on standard "
				"input)"),
	OPTION_TEXT(T, whom.file, "subject-file", "FILE", .group = 1, .help = "the same of the ID in that file, one line"),
	OPTION_TEXT(T, policy, "policy", "FILE",
		.help = "a witness policy that the cosignatures must fulfil; of a statement it also proves how fresh it is"),
	OPTION_TEXT(T, auditor, "auditor", "VKEY", .help = "refuse a statement without an auditor's note of this key"),
	OPTION_WORD(T, lang, "lang", "da|en", .help = "Danish or English; otherwise as LC_ALL, LC_MESSAGES or LANG say"),
	OPTION_FLAG(T, json, "json", .help = "what is proven, as one line of JSON"),
};

static int run(int argc, char **argv)
{
	struct verify_options options = {.lang = NULL};
	struct fault fault = {0};
	enum exit_code code = EXIT_DONE;
	int misread = command_read(&command_verify, argc, argv, &options);
	if (misread != EXIT_DONE)
		return misread;
	enum error error = verify(&options, &code, &fault);
	return error == E_OK ? (int)code : command_end(&command_verify, error, &fault);
}

const struct command command_verify = {
	.options = {.name = "indsigt verify",
		.summary = "what a statement, a filing proof or receipts prove, offline",
		.text = "Reads FILE ('-': standard input) and nothing else, and says in plain words what it proves, or the "
				"first thing that does not hold. FILE is a statement ('indsigt statement'), a filing proof, the "
				"receipts that 'indsigt send' printed, or a .tlog-proof.\n",
		OPTION_ROWS(rows),
		.after = "An option that a kind of file has no place for is refused, never ignored. Exit 1 if something does "
				 "not hold; 4 if FILE cannot be read, is not whole (cut off, or with something else in it: ask for it "
				 "anew), is of no kind that can be verified, or has more than 256 MiB (receipts can be given in parts, "
				 "some lines each). 5 if FILE is of another log than the key's: it does not name it.\n"},
	.run = run,
};
