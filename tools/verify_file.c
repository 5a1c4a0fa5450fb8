/* What kind of file it is that somebody wants verified, and what comes out. */
#include "ledger/form.h"
#include "ledger/json_number.h"
#include "tools/verify.h"

#include <string.h>

enum kind { KIND_STATEMENT, KIND_FILING, KIND_FORK, KIND_TLOG_PROOF, KIND_RECEIPTS, KIND_UNKNOWN };

static const char *const kinds[] = {[KIND_STATEMENT] = "statement",
	[KIND_FILING] = "filing",
	[KIND_FORK] = "fork",
	[KIND_TLOG_PROOF] = "tlog-proof",
	[KIND_RECEIPTS] = "receipts",
	[KIND_UNKNOWN] = "unknown"};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* By the member `type` of the JSON that it begins with, which the verifier then checks in full. Receipts have none. */
static enum error kind_of(struct bytes text, enum kind *out)
{
	static const char tlog_proof[] = "c2sp.org/tlog-proof@";
	char type[FORM_TYPE_MAX + 1];
	*out = KIND_TLOG_PROOF;
	if (text.len >= sizeof tlog_proof - 1 && memcmp(text.data, tlog_proof, sizeof tlog_proof - 1) == 0)
		return E_OK;
	enum error error = form_type(text, type);
	if (error == E_NO_MEMORY)
		return error;
	*out = error == E_NOT_FOUND                 ? KIND_RECEIPTS
		   : begins(type, "indsigt-statement/") ? KIND_STATEMENT
		   : begins(type, "indsigt-filing")     ? KIND_FILING
		   : begins(type, "indsigt-fork/")      ? KIND_FORK
												: KIND_UNKNOWN;
	return E_OK;
}

/* An option that asks for a check is never left out without a word. */
static enum error check_options(const struct verify_call *call, enum kind kind, struct fault *fault)
{
	if (kind == KIND_UNKNOWN || kind == KIND_STATEMENT)
		return E_OK; /* the one is refused in any case, the other has a place for all of them */
	if (call->subject != NULL)
		return fault_set(fault, E_USAGE, "--subject is for a statement, and this file is none");
	if (call->auditor != NULL)
		return fault_set(fault, E_USAGE, "--auditor is for a statement, and this file is none");
	if (call->policy != NULL && kind == KIND_FORK)
		return fault_set(fault, E_USAGE, "--policy says nothing about evidence of a fork; leave it out");
	return E_OK;
}

/* Whether the name stands here as a line or a value of its own; JSON may have "\\/" for its slashes. */
static bool names(struct bytes text, const char *name)
{
	size_t at = 0;
	for (; *name != '\0'; name++) {
		at += *name == '/' && at < text.len && text.data[at] == '\\';
		if (at == text.len || text.data[at++] != (uint8_t)*name)
			return false;
	}
	return at < text.len && (text.data[at] == '\n' || text.data[at] == '\\' || text.data[at] == '"');
}

/* A file that nowhere names the key's log is of another one: nothing can be said of it with this key. */
static bool is_of_other_log(const struct verify_call *call, enum kind kind)
{
	for (size_t i = 0; i < call->text.len; i++)
		if (names(bytes_of(call->text.data + i, call->text.len - i), call->log.name))
			return false;
	return kind != KIND_UNKNOWN;
}

static enum error print_refusal(
	const struct verify_call *call, enum kind kind, const struct finding *finding, uint64_t number)
{
	char text[FINDING_TEXT_MAX + 1];
	if (call->json) {
		json_t *json = json_pack("{s:s, s:b, s:s, s:s}", "kind", kinds[kind], "holds", false, "check",
			finding_name(finding->code), "text", finding->text);
		if (json != NULL && kind == KIND_RECEIPTS)
			json_object_set_new(json, "receipt", json_number(number));
		return verify_json(json, call->out);
	}
	verify_words_finding(call->words, finding, text);
	if (kind == KIND_UNKNOWN)
		verify_line(call->out, "%s", call->words->unknown);
	else if (is_of_other_log(call, kind))
		verify_line(call->out, call->words->other_log, call->log.name);
	else if (kind == KIND_RECEIPTS)
		verify_line(call->out, call->words->refused_line, (unsigned long long)number, text);
	else
		verify_line(call->out, call->words->refused, text);
	return E_OK;
}

static enum error verify_kind(const struct verify_call *call, enum kind kind, struct finding *finding, uint64_t *number)
{
	switch (kind) {
	case KIND_STATEMENT:
		return verify_statement(call, finding);
	case KIND_FILING:
		return verify_filing(call, finding);
	case KIND_FORK:
		return verify_fork(call, finding);
	case KIND_TLOG_PROOF:
		return verify_tlog_proof(call, finding);
	case KIND_RECEIPTS:
		return verify_receipts(call, finding, number);
	case KIND_UNKNOWN:
		break;
	}
	return finding_form(finding, "file", FINDING_NO_INDEX, NULL,
		"it begins neither with a JSON object of a type that can be verified, nor as a proof file");
}

enum error verify_file(const struct verify_call *call, enum exit_code *out, struct fault *fault)
{
	uint64_t number = 0;
	struct finding finding = {.code = FINDING_NONE};
	enum kind kind;
	TRY(kind_of(call->text, &kind));
	TRY(check_options(call, kind, fault));
	enum error error = verify_kind(call, kind, &finding, &number);
	/* What kept the check from being made is no finding, whatever was being looked at. */
	bool refused = error_judges(error) && finding.code != FINDING_NONE;
	if (refused)
		TRY(print_refusal(call, kind, &finding, number));
	else
		TRY(error);
	*out = !refused                      ? EXIT_DONE
		   : kind == KIND_UNKNOWN        ? EXIT_NOT_LOOKED
		   : is_of_other_log(call, kind) ? EXIT_WRONG_KEY
										 : EXIT_REFUSED;
	return fflush(call->out) == 0 ? E_OK : fault_set(fault, E_IO, "the result cannot be written: %m");
}
