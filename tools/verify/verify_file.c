/* What kind of file it is that somebody wants verified, and what comes out.
 *
 * Somebody has a file and a key, and may not know what kind of file it is. So the kind is found by what it says of
 * itself, and then checked in full by its own verifier. Four answers are told apart, since each wants something else
 * done:
 *
 *   holds ──────────► what is proven
 *   refused ─┬─ not whole: cut off, or something else stands in it ─► nothing was looked at; ask for it anew
 *            ├─ names another log ─────────────────────────────────► nothing can be said with this key
 *            └─ whole, of this log ────────────────────────────────► it was altered, or never held
 *
 * Being cut off is only asked when it was refused: a file that holds is whole. */
#include "ledger/json/json_number.h"
#include "ledger/json/json_read.h"
#include "ledger/proof/form.h"
#include "tools/verify/verify.h"

enum kind { KIND_STATEMENT, KIND_FILING, KIND_FORK, KIND_TLOG_PROOF, KIND_RECEIPTS, KIND_UNKNOWN };

/* What each is called, how its type begins, with which version it ends, and a mark by which it is known where that is
 * cut off. */
static const struct {
	const char *name, *type, *mark, *version;
	enum error (*verify)(const struct verify_call *call, struct finding *finding);
} kinds[] = {
	[KIND_STATEMENT] = {"statement", "indsigt-statement/", "\"indsigt-statement/", "/v3", verify_statement},
	[KIND_FILING] = {"filing", "indsigt-filing", "\"indsigt-filing", "/v1", verify_filing},
	[KIND_FORK] = {"fork", "indsigt-fork/", "\"indsigt-fork/", "/v1", verify_fork},
	[KIND_TLOG_PROOF] = {"tlog-proof", NULL, NULL, NULL, verify_tlog_proof},
	[KIND_RECEIPTS] = {"receipts", NULL, "\"first_index\"", NULL, NULL},
	[KIND_UNKNOWN] = {"unknown", NULL, NULL, NULL, NULL},
};

/* Whether the text is one piece of JSON from its beginning to its end. Numbers and depths that jansson does not take
 * are somebody's doing, and no sign of a cut. A number that is too large or a nesting that is too deep was put there by
 * somebody, so the file counts as whole. */
static enum error is_json(struct bytes text, bool *out)
{
	json_auto_t *json = NULL;
	json_error_t detail = {.line = 0};
	enum error error = json_read(text, JSON_ALLOW_NUL | JSON_DECODE_ANY, &detail, &json);
	*out = error == E_OK || json_error_code(&detail) == json_error_numeric_overflow ||
		   json_error_code(&detail) == json_error_stack_overflow;
	return error == E_NO_MEMORY ? error : E_OK;
}

static bool has(struct bytes text, const char *mark)
{
	return text.len > 0 && memmem(text.data, text.len, mark, strlen(mark)) != NULL;
}

/* The JSON that the text begins with, be it cut off behind that or not, is a receipt's, and not another kind's that
 * lacks its type. */
static enum error is_receipt(struct bytes text, bool *out)
{
	json_auto_t *json = NULL;
	enum error error = json_read(text, JSON_DISABLE_EOF_CHECK, NULL, &json);
	*out = json_object_get(json, "first_index") != NULL;
	return error == E_NO_MEMORY ? error : E_OK;
}

/* What a text that is no JSON was before somebody cut it off, as far as it can be seen. By marks anywhere in the text:
 * what is left of it may be any part. */
static enum kind torn_kind(struct bytes text)
{
	enum kind kind = KIND_STATEMENT;
	while (kind < KIND_UNKNOWN && (kinds[kind].mark == NULL || !has(text, kinds[kind].mark)))
		kind++;
	return kind;
}

/* A file of another version may well hold: this program cannot tell. */
static bool is_of_other_version(const char *type, const char *version)
{
	const char *own = strrchr(type, '/');
	return own != NULL && own[1] == 'v' && own[2] != '\0' && strspn(own + 2, "0123456789") == strlen(own + 2) &&
		   strcmp(own, version) != 0;
}

static enum kind typed_kind(const char *type)
{
	enum kind kind = KIND_STATEMENT;
	while (kind < KIND_UNKNOWN &&
		   (kinds[kind].type == NULL || strncmp(type, kinds[kind].type, strlen(kinds[kind].type)) != 0))
		kind++;
	return kind < KIND_UNKNOWN && is_of_other_version(type, kinds[kind].version) ? KIND_UNKNOWN : kind;
}

/* By the member `type` of the JSON that it begins with, which the verifier then checks in full. Receipts have none.
 * Jansson's answers are asked for one after the other, and no memory is never taken for "no JSON". */
static enum error kind_of(struct bytes text, enum kind *out)
{
	static const char tlog_proof[] = "c2sp.org/tlog-proof@";
	char type[FORM_TYPE_MAX + 1];
	bool receipt = false, whole = true;
	*out = KIND_TLOG_PROOF;
	if (text.len >= sizeof tlog_proof - 1 && memcmp(text.data, tlog_proof, sizeof tlog_proof - 1) == 0)
		return E_OK;
	enum error error = form_type(text, type);
	if (error == E_NO_MEMORY)
		return error;
	if (error == E_NOT_FOUND)
		TRY(is_receipt(text, &receipt));
	else if (error != E_OK)
		TRY(is_json(text, &whole));
	*out = receipt ? KIND_RECEIPTS : whole ? typed_kind(type) : torn_kind(text);
	return E_OK;
}

/* A proof file ends with a line of a signature: what is cut off has another one last, or half of it. What a signature
 * line begins with is the format's own (an em dash), and stands nowhere else at the beginning of a line of it. */
static bool is_whole_note(struct bytes text)
{
	static const char signature[] = "\n\xe2\x80\x94 ";
	const uint8_t *last = text.len > 1 ? memrchr(text.data, '\n', text.len - 1) : NULL;
	size_t left = last != NULL ? text.len - (size_t)(last - text.data) : 0;
	return left >= sizeof signature && text.data[text.len - 1] == '\n' &&
		   memcmp(last, signature, sizeof signature - 1) == 0;
}

/* From 1; empty when there is none. By the number that is told, so that what is judged is the very line. */
static struct bytes line_of(struct bytes text, uint64_t number)
{
	struct bytes line = BYTES_EMPTY;
	for (; number > 0; number--) {
		const uint8_t *end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
		line = end ? bytes_of(text.data, (size_t)(end - text.data)) : text;
		text = end ? bytes_of(end + 1, text.len - line.len - 1) : BYTES_EMPTY;
	}
	return line;
}

/* What is refused and not whole was not looked at, and says nothing of who made it; what is whole and does not hold was
 * altered. `number`: of the receipt that was refused. Of a proof file the last line decides, of all others whether it
 * is one piece of JSON. */
static enum error is_whole(const struct verify_call *call, enum kind kind, uint64_t number, bool *out)
{
	*out = kind != KIND_TLOG_PROOF || is_whole_note(call->text);
	if (kind == KIND_UNKNOWN || kind == KIND_TLOG_PROOF)
		return E_OK;
	return is_json(kind == KIND_RECEIPTS ? line_of(call->text, number) : call->text, out);
}

/* An option that asks for a check is never left out without a word. Else somebody who asks for a check reads "holds",
 * and believes that it was made. */
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

/* What the checkpoints of a file say. `own` without `any` cannot be: a line that names the log is a line. */
struct named {
	const char *log;
	bool any; /* there is text of several lines, as a checkpoint is */
	bool own; /* and a line of it is the log's name */
};

static void name_lines(struct bytes text, struct named *named)
{
	size_t len = strlen(named->log);
	while (text.len > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		if (end == NULL)
			return;
		size_t line = (size_t)(end - text.data);
		named->any = true;
		named->own = named->own || (line == len && memcmp(text.data, named->log, len) == 0);
		text = bytes_of(end + 1, text.len - line - 1);
	}
}

/* The texts at the top of the document: every format has its checkpoints there. */
static void name_members(json_t *json, struct named *named)
{
	const char *key;
	json_t *member;
	json_object_foreach(json, key, member)
	{
		if (json_is_string(member))
			name_lines(bytes_of((const uint8_t *)json_string_value(member), json_string_length(member)), named);
	}
}

/* Receipts are one document to a line, everything else is a single one. What is no JSON names no log. */
static enum error name_documents(struct bytes text, bool lines, struct named *named)
{
	while (text.len > 0) {
		json_auto_t *json = NULL;
		const uint8_t *end = lines ? memchr(text.data, '\n', text.len) : NULL;
		size_t len = end ? (size_t)(end - text.data) : text.len;
		enum error error = json_read(bytes_of(text.data, len), JSON_DISABLE_EOF_CHECK, NULL, &json);
		if (error == E_NO_MEMORY)
			return error;
		if (error == E_OK)
			name_members(json, named);
		text = end ? bytes_of(end + 1, text.len - len - 1) : BYTES_EMPTY;
	}
	return E_OK;
}

/* A file whose checkpoints nowhere name the key's log is of another one: nothing can be said of it with this key. One
 * without any is of no log, and does not hold. Asked of refused files only, and of every checkpoint in it: a file that
 * names the log anywhere was meant for it. */
static enum error is_of_other_log(const struct verify_call *call, enum kind kind, bool *out)
{
	struct named named = {.log = call->log.name};
	*out = false;
	if (kind == KIND_UNKNOWN)
		return E_OK;
	if (kind == KIND_TLOG_PROOF) {
		/* The lines before the checkpoint are the format's own, and no log's name; an empty one ends them. */
		name_lines(call->text, &named);
		named.any = memmem(call->text.data, call->text.len, "\n\n", 2) != NULL;
	} else {
		TRY(name_documents(call->text, kind == KIND_RECEIPTS, &named));
	}
	*out = named.any && !named.own;
	return E_OK;
}

static void print_torn(const struct verify_call *call, enum kind kind, uint64_t number)
{
	if (kind == KIND_RECEIPTS)
		table_line(call->out, call->words->not_whole_line, (unsigned long long)number);
	else
		table_line(call->out, call->words->not_whole, call->words->kinds[kind]);
}

/* As JSON the same distinctions are members, so that a program need not read sentences. */
static enum error print_refusal(const struct verify_call *call, enum kind kind, bool whole, bool other_log,
	const struct finding *finding, uint64_t number)
{
	char text[FINDING_TEXT_MAX + 1];
	if (call->json) {
		json_t *json = json_pack("{s:s, s:b, s:s, s:s}", "kind", kinds[kind].name, "holds", false, "check",
			finding_name(finding->code), "text", whole ? finding->text : "the file is not whole");
		bool failed = kind == KIND_RECEIPTS && json_object_set_new(json, "receipt", json_number(number)) != 0;
		return output_json(verify_json_whole(json, failed), call->out);
	}
	verify_words_finding(call->words, finding, text);
	if (kind == KIND_UNKNOWN)
		table_line(call->out, "%s", call->words->unknown);
	else if (!whole)
		print_torn(call, kind, number);
	else if (other_log)
		table_line(call->out, call->words->other_log, call->log.name);
	else if (kind == KIND_RECEIPTS)
		table_line(call->out, call->words->refused_line, (unsigned long long)number, text);
	else
		table_line(call->out, call->words->refused, text);
	return E_OK;
}

static enum error verify_kind(const struct verify_call *call, enum kind kind, struct finding *finding, uint64_t *number)
{
	if (kind == KIND_RECEIPTS)
		return verify_receipts(call, finding, number);
	if (kinds[kind].verify != NULL)
		return kinds[kind].verify(call, finding);
	return finding_form(finding, "file", FINDING_NO_INDEX, NULL,
		"it begins neither with a JSON object of a type that can be verified, nor as a proof file");
}

/* The exit code follows from the answers above; that a result could not be written is an error of its own. */
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
	bool whole = true, other_log = false;
	if (refused) {
		TRY(is_whole(call, kind, number, &whole));
		TRY(is_of_other_log(call, kind, &other_log));
		TRY(print_refusal(call, kind, whole, other_log, &finding, number));
	} else {
		TRY(error);
	}
	*out = !refused                         ? EXIT_DONE
		   : kind == KIND_UNKNOWN || !whole ? EXIT_NOT_LOOKED
		   : other_log                      ? EXIT_WRONG_KEY
											: EXIT_REFUSED;
	return fflush(call->out) == 0 ? E_OK : fault_set(fault, E_IO, "the result cannot be written: %m");
}
