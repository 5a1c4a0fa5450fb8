/* What may be asked about a person: by that person, and by others as far as the table of roles lets them (roles.h).
 *
 * There is no parameter for a person, so nothing personal stands in an address. In this order: who asks, about whom,
 * what is asked, and only then the store is touched. */
#include "ledger/subject/subject.h"
#include "ledger/text/number.h"
#include "query/http/cursor.h"
#include "query/routes/call.h"
#include "query/statement/statement_make.h"

static bool read_limit(struct call *call, const char *text, uint32_t *out)
{
	static const char detail[] = "parameter 'limit' must be a whole number from 1 to 1000";
	_Static_assert(QUERY_PAGE_MAX == 1000, "the text names the limit");
	if (text == NULL) {
		*out = QUERY_PAGE_DEFAULT;
		return true;
	}
	uint64_t value;
	if (!number_parse(text, 1, QUERY_PAGE_MAX, &value))
		return call_refuse_param(call, detail);
	*out = (uint32_t)value;
	return true;
}

/* The cursor is opened last, since it is bound to all the rest. */
static bool read_query(struct call *call, const struct params *params, struct accesses_query *query)
{
	const char *org = params_get(params, "org");
	const char *cursor = params_get(params, "cursor");
	if (!call_window(call, params, &query->from_s, &query->to_s) ||
		!read_limit(call, params_get(params, "limit"), &query->limit))
		return false;
	if (org && (strlen(org) > ORG_BYTES_MAX || !subject_org_valid(bytes_text(org))))
		return call_refuse_param(call, "parameter 'org' must be SCHEME:ID of 1 to 128 bytes");
	_Static_assert(ORG_BYTES_MAX == 128, "the text names the limit");
	if (org)
		query->org = bytes_text(org);
	struct hash question;
	accesses_question(query, &question);
	if (cursor && cursor_open(&call->routes->cursor_key, &question, cursor, &query->before) != E_OK)
		return call_refuse_param(
			call, "parameter 'cursor' is not from this question's previous page; start again without it");
	return true;
}

/* Pages behind the first name the coverage that it had. */
static bool read_form(struct call *call, const struct params *params, enum coverage_form *out)
{
	const char *wanted = params_get(params, "coverage");
	*out = params_get(params, "cursor") != NULL ? COVERAGE_NAMED : COVERAGE_COUNTED;
	if (wanted == NULL)
		return true;
	if (strcmp(wanted, "whole") != 0)
		return call_refuse_param(call, "parameter 'coverage' must be whole, or not be there");
	*out = COVERAGE_WHOLE;
	return true;
}

/* What only supervisors may ask for, and say that they do. */
static bool read_whole(struct call *call, const struct params *params, bool *out)
{
	const char *wanted = params_get(params, "whole");
	if (wanted != NULL && strcmp(wanted, "1") != 0)
		return call_refuse_param(call, "parameter 'whole' must be 1, or not be there");
	*out = wanted != NULL;
	return true;
}

void route_accesses(struct call *call)
{
	struct asking asking;
	struct params params;
	struct fault fault;
	enum coverage_form form;
	if (call->request->event_stream && strcmp(call->request->method, "GET") == 0) {
		route_following(call);
		return;
	}
	if (!call_asking(call, &asking, &params))
		return;
	struct accesses_query query = {
		.subject = bytes_text(asking.subject),
		.to_s = UINT64_MAX,
		.before = ACCESSES_FROM_START,
		.now_s = call->now_s,
		.cursor_key = &call->routes->cursor_key,
	};
	if (asking.reach == REACH_ORGANISATION) {
		query.org = bytes_text(asking.who.organisation);
		query.org_alone = true;
	}
	if (!read_whole(call, &params, &query.whole) || !read_query(call, &params, &query) ||
		!read_form(call, &params, &form) || !call_snapshot(call) || !call_granted(call, &asking))
		return;
	const struct coverage_query coverage = call_coverage(call, form);
	OWNED(text_release) struct text text = {.room = NULL};
	uint64_t next = 0;
	call_text(call, accesses_page(call->snapshot, &query, &coverage, &text, &next, &fault), &text, "no-store");
	bool grants = subject_list(query.subject) != LIST_OF_PERSON;
	call_record(
		call, &asking, &(struct read){"read", grants ? "Opslag i registrerede fuldmagter" : "Opslag i adgangsloggen"});
}

/* The witnesses are waited for before the snapshot, which would otherwise be of before they came. */
void route_statement(struct call *call)
{
	struct asking asking;
	struct params params;
	struct fault fault = {.text = ""};
	if (!call_asking(call, &asking, &params))
		return;
	const char *signatures = params_get(&params, "signatures");
	struct statement_query query = {.subject = bytes_text(asking.subject), .to_s = UINT64_MAX, .now_s = call->now_s};
	if (signatures != NULL && strcmp(signatures, "0") != 0 && strcmp(signatures, "1") != 0) {
		call_refuse_param(call, "parameter 'signatures' must be 0 or 1");
		return;
	}
	query.signatures = signatures != NULL && *signatures == '1';
	if (!call_window(call, &params, &query.from_s, &query.to_s))
		return;
	if (call->routes->cosigned != NULL)
		cosigned_await(call->routes->archive, call->routes->cosigned);
	if (!call_snapshot(call) || !call_granted(call, &asking))
		return;
	query.cosigned = call_cosigned(call);
	size_t later;
	OWNED(text_release) struct text text = {.room = call->request->room, .gzip = call->request->gzip};
	enum error error = statement_make(call->snapshot, &query, &text, &later, &fault);
	if (error == E_NOT_FOUND)
		call_problem(call, 404, error, fault.text);
	else if (error == E_TOO_LONG)
		call_problem(call, 400, error, fault.text);
	else
		call_text(call, error, &text, "no-store");
	if (error != E_OK)
		return;
	response_header(call->response, "Content-Disposition", "attachment; filename=\"statement.json\"");
	response_header(call->response, "Vary", "Accept-Encoding");
	call_record(call, &asking, &(struct read){"export", "Udtræk af adgangsloggen med bevis"});
}
