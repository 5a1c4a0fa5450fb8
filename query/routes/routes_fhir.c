/* FHIR's addresses: what is asked there, by whom, and what is answered; refusals are OperationOutcomes.
 *
 *   format ─► token ─► what is asked ─► about whom: patient.identifier, a page's link, Indsigt-Subject, or who asks
 *          ─► role ─► snapshot ─► grant ─► answer ─► on record
 *
 * The table of roles and the record of reads are those of /v1/accesses. A person is named in an address where IHE wants
 * it; whoever would rather not posts to _search. Links that follow have the question sealed. */
#include "ledger/subject/subject.h"
#include "ledger/text/number.h"
#include "query/fhir/terms.h"
#include "query/routes/call.h"
#include "query/search/media.h"
#include "query/searchset/capability.h"
#include "query/searchset/searchset.h"

#include <stdio.h>
#include <strings.h>

#define PATH_EVENTS "/fhir/AuditEvent"
#define PATH_SEARCH PATH_EVENTS "/_search"
#define BASE_BYTES_MAX 300

/* One request while it is answered. */
struct asked {
	struct request request; /* with whom it is about */
	struct search search;
	struct continuation from;
	bool continued;
	char base[BASE_BYTES_MAX];
	struct asking asking;
	struct searchset_query query;
};

static bool refuse(struct call *call, int status, enum error error, const char *detail)
{
	call_problem(call, status, error, detail);
	return false;
}

/* The address that was asked: links have to lead back to it. */
static bool find_base(struct call *call, char out[BASE_BYTES_MAX])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
	const char *host = call->request->host;
	if (host == NULL || *host == '\0' || host[strspn(host, allowed)] != '\0' || strlen(host) > 255)
		return refuse(call, 400, E_BAD_VALUE, "header Host must be a name or an address, with or without a port");
	snprintf(out, BASE_BYTES_MAX, "%s://%s/fhir", call->request->certificate_ends_s != 0 ? "https" : "http", host);
	return true;
}

static bool check_format(struct call *call, const char *format)
{
	return media_takes_json(format, call->request->accept) ||
		   refuse(call, 406, E_BAD_VALUE, "answers are application/fhir+json, FHIR R4 (4.0)");
}

/* ---- metadata ---- */

static void answer_metadata(struct call *call)
{
	struct search search;
	struct fault fault;
	char base[BASE_BYTES_MAX];
	json_auto_t *statement = NULL;
	enum error error = search_parse(call->request->query, NULL, true, call->now_s, &search, &fault);
	if (error != E_OK) {
		call_problem(call, 400, error, fault.text);
		return;
	}
	if (check_format(call, search.format) && find_base(call, base) &&
		call_good(call, capability_json(base, &statement)))
		call_json(call, statement, "no-cache");
}

/* ---- what is asked ---- */

static bool is_form(const char *type)
{
	static const char form[] = "application/x-www-form-urlencoded";
	size_t len = sizeof form - 1;
	return type != NULL && strncasecmp(type, form, len) == 0 &&
		   (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

/* Who asks is told first: to others a misspelt question says nothing. */
static bool refuse_question(struct call *call, enum error error, const char *detail)
{
	struct identity who;
	return call_identity(call, &who) && refuse(call, 400, error, detail);
}

static bool read_question(struct call *call, struct asked *asked)
{
	struct fault fault;
	const struct request *request = call->request;
	OWNED_MEMORY char *form = NULL;
	bool lenient = request->prefer != NULL && strcasestr(request->prefer, "handling=lenient") != NULL;
	if (!request_reads(request)) {
		if (!is_form(request->content_type))
			return refuse(call, 415, E_BAD_VALUE, "header Content-Type must be application/x-www-form-urlencoded");
		form = strndup(request->body.len > 0 ? (const char *)request->body.data : "", request->body.len);
		if (!call_good(call, allocated(form)))
			return false;
		if (strlen(form) != request->body.len)
			return refuse_question(call, E_BAD_VALUE, "the form has a NUL in it");
	}
	enum error error = search_parse(request->query, form, lenient, call->now_s, &asked->search, &fault);
	return error == E_OK || refuse_question(call, error, fault.text);
}

/* A link has the question in it, and the place. */
static bool read_continuation(struct call *call, struct asked *asked)
{
	struct fault fault;
	if (asked->search.continuation == NULL)
		return true;
	if (continuation_open(&call->routes->cursor_key, asked->search.continuation, &asked->from) != E_OK)
		return refuse_question(
			call, E_BAD_VALUE, "parameter '_page' is from no link of this ledger's; ask the question anew");
	enum error error = search_parse(asked->from.asked, NULL, false, call->now_s, &asked->search, &fault);
	asked->continued = true;
	return error == E_OK || refuse_question(call, error, fault.text);
}

/* About whom it is, in one voice, for the table of roles. */
static bool name_person(struct call *call, struct asked *asked)
{
	const char *header = call->request->subject;
	const char *named = asked->continued ? asked->from.subject : asked->search.named ? asked->search.person : NULL;
	asked->request = *call->request;
	if (named != NULL && header != NULL && strcmp(named, header) != 0)
		return refuse_question(call, E_BAD_VALUE, "header Indsigt-Subject and the question name two people");
	if (named != NULL)
		asked->request.subject = named;
	call->request = &asked->request;
	return true;
}

static bool read_asked(struct call *call, struct asked *asked)
{
	const struct permission *permission;
	if (!read_question(call, asked) || !check_format(call, asked->search.format) || !read_continuation(call, asked) ||
		!find_base(call, asked->base) || !name_person(call, asked) ||
		!call_asker(call, "GET", PATH_EVENTS, &asked->asking, &permission))
		return false;
	asked->query = (struct searchset_query){.subject = bytes_text(asked->asking.subject),
		.base = asked->base,
		.search = &asked->search,
		.from = asked->continued ? &asked->from : NULL,
		.key = &call->routes->cursor_key,
		.now_s = call->now_s};
	if (asked->asking.reach == REACH_ORGANISATION)
		asked->query.org = bytes_text(asked->asking.who.organisation);
	return call_snapshot(call) && call_granted(call, &asked->asking);
}

/* ---- answers ---- */

static void record(struct call *call, const struct asked *asked)
{
	bool grants = subject_list(asked->query.subject) != LIST_OF_PERSON;
	call_record(call, &asked->asking,
		&(struct read){"read", grants ? "Opslag i registrerede fuldmagter" : "Opslag i adgangsloggen"});
}

static void answer_search(struct call *call)
{
	struct asked asked = {.continued = false};
	struct fault fault = {.text = ""};
	if (!read_asked(call, &asked))
		return;
	OWNED(text_release) struct text text = {.room = NULL};
	enum error error = searchset_write(call->snapshot, &asked.query, &text, &fault);
	if (error == E_TOO_LONG) {
		call_problem(call, 400, error, fault.text);
		return;
	}
	call_text(call, error, &text, "no-store");
	record(call, &asked);
}

static void answer_event(struct call *call, const char *id)
{
	struct asked asked = {.continued = false};
	struct fault fault = {.text = ""};
	uint64_t index;
	if (!read_asked(call, &asked))
		return;
	if (asked.search.count > 0 || asked.search.shaped || asked.continued) {
		call_problem(call, 400, E_UNKNOWN_FIELD,
			"an event that is named takes no parameters but _format and patient.identifier");
		return;
	}
	OWNED(text_release) struct text text = {.room = NULL};
	enum error error = number_parse(id, 0, UINT64_MAX, &index)
						   ? searchset_event(call->snapshot, &asked.query, index, &text, &fault)
						   : E_NOT_FOUND;
	if (error == E_NOT_FOUND)
		call_problem(call, 404, error, "this person has no event with this id, as far as whoever asks may see");
	else if (error == E_FORBIDDEN)
		call_problem(call, 403, error, fault.text);
	else if (error == E_ERASED)
		call_problem(call, 410, error, fault.text);
	else
		call_text(call, error, &text, "no-store");
	record(call, &asked);
}

/* The pattern, for the log. */
static void go_to(struct call *call, const char *route)
{
	const char *rest = call->request->path + strlen(PATH_EVENTS "/");
	call->response->route = route;
	if (strcmp(route, "/fhir/metadata") == 0)
		answer_metadata(call);
	else if (strcmp(route, PATH_EVENTS "/") == 0)
		answer_event(call, rest);
	else
		answer_search(call);
}

void route_fhir(struct call *call)
{
	const char *path = call->request->path;
	bool posts = !request_reads(call->request), search = strcmp(path, PATH_SEARCH) == 0;
	call->type = TERMS_JSON;
	const char *route = strcmp(path, "/fhir/metadata") == 0                            ? "/fhir/metadata"
						: strcmp(path, PATH_EVENTS) == 0                               ? PATH_EVENTS
						: search                                                       ? PATH_SEARCH
						: strncmp(path, PATH_EVENTS "/", strlen(PATH_EVENTS "/")) == 0 ? PATH_EVENTS "/"
																					   : NULL;
	if (route == NULL)
		call_problem(call, 404, E_NOT_FOUND, "there is nothing at this address; /fhir/metadata says what there is");
	else if (posts == search)
		go_to(call, route);
	else {
		call_problem(call, 405, E_BAD_VALUE,
			posts ? "events are reported to a gateway (indsigt-gateway), not here; searches are posted to "
					"/fhir/AuditEvent/_search"
				  : "this address takes a POST");
		response_header(call->response, "Allow", posts ? "GET, HEAD" : "POST");
	}
}
