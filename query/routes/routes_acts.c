/* What people do here about themselves: report an access, give and revoke a power of attorney, and ask for whom they
 * may act. spec/http.md (Acting)
 *
 *   token ─► cell ─► body ─► snapshot ─► what is in the log already ─► events ─► the sender of reads ─► receipt ─► 201
 *
 * Nothing is written here: each act is an event of the ledger's own sender, and the answer waits until it is in the log
 * (503 where it cannot be). A bearer token comes with no request by itself, so no other site can act in somebody's
 * place. What was done under the same name before is answered with where it stands and done no second time. */
#include "ledger/base/clock.h"
#include "ledger/json/json_read.h"
#include "ledger/subject/subject.h"
#include "ledger/text/timestamp.h"
#include "ledger/text/visible.h"
#include "query/answer/acting.h"
#include "query/routes/call.h"

#include <inttypes.h>
#include <sodium.h>

#define ID_BYTES 16u        /* of a hash */
#define ID_TEXT_MAX 34u     /* "r-", 32 digits */
#define NAMED_BYTES_MAX 64u /* what the asker calls it */
#define YEAR_S (366 * 86400ull)

/* ---- bodies ---- */

/* A body of one JSON object with no other members than these. */
static json_t *read_body(struct call *call, const char *const members[])
{
	json_auto_t *body = call_object(call);
	const char *name;
	json_t *value;
	json_object_foreach(body, name, value)
	{
		size_t i = 0;
		while (members[i] != NULL && strcmp(members[i], name) != 0)
			i++;
		if (members[i] == NULL) {
			call_problem(call, 400, E_UNKNOWN_FIELD, "the body has a member that is not known here");
			return NULL;
		}
	}
	return OWN_TAKE(body);
}

/* A text that an event takes; *out NULL where there is none. */
static bool read_text(
	struct call *call, const json_t *body, const char *name, size_t bytes_max, const char *detail, const char **out)
{
	const json_t *value = json_object_get(body, name);
	*out = NULL;
	if (value == NULL)
		return true;
	struct bytes text = bytes_of(json_string_value(value), json_string_length(value));
	if (!json_is_string(value) || text.len == 0 || text.len > bytes_max ||
		strlen(json_string_value(value)) != text.len || !visible_clean(text) || visible_blank(text))
		return call_refuse_param(call, detail);
	*out = json_string_value(value);
	return true;
}

/* The name of what is done: the same for the same name of the same asker, and else a new one. Under a key of the
 * ledger's own: an organisation sees it, and is not to find out by trying who reported in somebody's place. */
static bool make_id(
	struct call *call, const json_t *body, char front, const struct asking *asking, char out[ID_TEXT_MAX + 1])
{
	const char *named;
	struct hash hash;
	if (!read_text(call, body, "key", NAMED_BYTES_MAX, "member 'key' must be a text of 1 to 64 bytes", &named))
		return false;
	if (named == NULL) {
		randombytes_buf(&hash, sizeof hash);
	} else {
		const struct bytes parts[] = {BYTES_LITERAL("act\n"), bytes_of(asking->who.id, strlen(asking->who.id) + 1),
			bytes_of(asking->subject, strlen(asking->subject) + 1), bytes_text(named)};
		hash_blake2b(&call->routes->cursor_key, parts, sizeof parts / sizeof parts[0], &hash);
	}
	out[0] = front;
	out[1] = '-';
	sodium_bin2hex(out + 2, ID_TEXT_MAX - 1, hash.b, ID_BYTES);
	return true;
}

/* ---- answers ---- */

static void answer(struct call *call, const char *id, const uint64_t *index)
{
	json_auto_t *json = json_pack("{s:s}", "id", id);
	if (json != NULL && index != NULL && json_object_set_new(json, "index", json_integer((json_int_t)*index)) != 0)
		return call_internal(call, E_NO_MEMORY);
	call_json(call, json, "no-store");
}

/* What was done before under its name; `same`: it is what is asked for now. */
static void answer_again(struct call *call, const char *id, uint64_t index, bool same)
{
	if (same)
		answer(call, id, &index);
	else
		call_refuse_param(call, "member 'key' was used for something else already; take another");
}

/* 201, once both events are in the log; the index of the first of them is put in then. */
static void make(struct call *call, const char *id, json_t *first, json_t *second)
{
	OWNED_MEMORY char *a = first != NULL ? json_write(first, JSON_COMPACT) : NULL;
	OWNED_MEMORY char *b = second != NULL ? json_write(second, JSON_COMPACT) : NULL;
	char *lines = NULL;
	if (a == NULL || b == NULL || asprintf(&lines, "%s\n%s", a, b) < 0)
		return call_internal(call, E_NO_MEMORY);
	answer(call, id, NULL);
	if (call->response->status != 200) {
		free(lines);
		return;
	}
	call->response->status = 201;
	call->response->indexed = true;
	call->response->report = lines;
}

/* An event of the ledger's own about what this person does; NULL: no memory. `id` is its own name, too. */
static json_t *event_of(const struct asking *asking, const struct sender *reporter, const char *subject, const char *id,
	const char *activity, const char *purpose)
{
	char time[TIMESTAMP_TEXT_MAX];
	char own[GRANT_ID_BYTES_MAX + 16];
	bool proxy = asking->who.role == ROLE_PROXY && !asking->own; /* who may act for others acts for themselves, too */
	snprintf(own, sizeof own, "%s/%d", id, (int)subject_list(bytes_text(subject)));
	timestamp_format_s(
		(uint64_t)clock_wall_ns() / 1000000000, time); /* a grant holds from the second it was given in */
	json_auto_t *event = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:s}",
		"subject", subject, "time", time, "action", "create", "outcome", "ok", "org", "id", reporter->org, "name",
		reporter->name, "system", "Indsigt", "activity", activity, "purpose", purpose, "actor", "kind", "human", "id",
		asking->who.id, "role", proxy ? "repræsentant" : "den registrerede", "id", own);
	if (event == NULL ||
		(proxy && (json_object_set_new(event, "consent", json_string(asking->grant)) != 0 ||
					  json_object_set_new(event, "on_behalf_of",
						  json_pack("{s:s, s:s}", "id", asking->subject, "role", "den registrerede")) != 0)))
		return NULL;
	return OWN_TAKE(event);
}

/* The sender that may report this; where there is none the response is made. */
static bool find_reporter(struct call *call, uint16_t right, struct sender *out)
{
	if (!call_reporter(call, out))
		return false;
	if (out->id != 0 && (out->mandate.rights & right) == right)
		return true;
	call_problem(call, 503, E_UNRECORDED,
		"what people do here has to be on record, and this ledger has no sender that may report it yet");
	return false;
}

/* Before anything is made; what was done before under its name is answered all the same. */
static bool within_day(struct call *call, size_t today)
{
	if (today < ACTS_A_DAY)
		return true;
	call_problem(call, 429, E_TOO_MANY, "this person has done this 50 times within 24 hours; try again tomorrow");
	_Static_assert(ACTS_A_DAY == 50, "the text names the limit");
	return false;
}

/* ---- reports of suspicion ---- */

static json_t *report_event(
	const struct asking *asking, const struct sender *reporter, const char *subject, const json_t *report)
{
	json_auto_t *event = event_of(asking, reporter, subject, json_string_value(json_object_get(report, "id")),
		"Opslag anmeldt som mistænkeligt", "indberetning fra den registrerede");
	if (event == NULL || json_object_set_new(event, "report", json_deep_copy(report)) != 0)
		return NULL;
	return OWN_TAKE(event);
}

static void make_report(
	struct call *call, const struct asking *asking, const char *id, uint64_t index, const char *text)
{
	char org[ORG_BYTES_MAX + 1], list[SUBJECT_BYTES_MAX + 1];
	struct sender reporter = {.id = 0};
	enum error error = acting_access(call->snapshot, bytes_text(asking->subject), index, call->now_s, org, NULL);
	if (error == E_NOT_FOUND)
		return call_problem(call, 404, error, "there is no access at this index that this person can see");
	if (!call_good(call, error) || !find_reporter(call, RIGHT_READS, &reporter))
		return;
	subject_of_list(LIST_OF_REPORTS, bytes_text(org), list);
	json_auto_t *report =
		json_pack("{s:s, s:I, s:s, s:s*}", "id", id, "index", (json_int_t)index, "org", org, "text", text);
	json_auto_t *own = report ? report_event(asking, &reporter, asking->subject, report) : NULL;
	if (own == NULL || json_object_set_new(report, "by", json_string(asking->subject)) != 0)
		return call_internal(call, E_NO_MEMORY);
	json_auto_t *copy = report_event(asking, &reporter, list, report);
	make(call, id, own, copy);
}

static void route_report(struct call *call)
{
	static const char *const members[] = {"index", "comment", "key", NULL};
	struct asking asking;
	struct params params;
	char id[ID_TEXT_MAX + 1];
	const char *text;
	struct reported before;
	if (!call_asking(call, &asking, &params))
		return;
	if (subject_list(bytes_text(asking.subject)) != LIST_OF_PERSON) {
		call_refuse_param(call, "header Indsigt-Subject must be a person");
		return;
	}
	json_auto_t *body = read_body(call, members);
	if (body == NULL)
		return;
	const json_t *index = json_object_get(body, "index");
	if (!json_is_integer(index) || json_integer_value(index) < 0 || json_integer_value(index) >= 1ll << 53) {
		call_refuse_param(call, "member 'index' must be the log index of an access");
		return;
	}
	if (!read_text(call, body, "comment", EVENT_TEXT_BYTES_MAX,
			"member 'comment' must be a text of 1 to 1024 bytes without control characters", &text) ||
		!make_id(call, body, 'r', &asking, id) || !call_snapshot(call) || !call_granted(call, &asking))
		return;
	_Static_assert(EVENT_TEXT_BYTES_MAX == 1024, "the text names the limit");
	enum error error = acting_report(call->snapshot, bytes_text(asking.subject), id, call->now_s, &before, NULL);
	if (error == E_OK)
		answer_again(call, id, before.index, before.about == (uint64_t)json_integer_value(index));
	else if (error != E_NOT_FOUND)
		call_internal(call, error);
	else if (within_day(call, before.today))
		make_report(call, &asking, id, (uint64_t)json_integer_value(index), text);
}

/* Each of them is about somebody, so the reading of all is on record as what is read about many is. */
static void route_waiting(struct call *call)
{
	struct asking asking;
	struct params params;
	json_t *list = NULL;
	uint64_t looked = 0;
	if (!call_asking(call, &asking, &params) || !call_snapshot(call) ||
		!call_good(call, acting_waiting(call->snapshot, asking.who.organisation, &list, &looked, NULL)))
		return;
	json_auto_t *json =
		json_pack("{s:s, s:o, s:b}", "org", asking.who.organisation, "open", list, "whole", looked < REPORTS_OPEN_MAX);
	call_json(call, json, "no-store");
	call_record(call, &asking, &(struct read){"read", "Opslag i ubesvarede anmeldelser"});
}

void route_reports(struct call *call)
{
	if (request_reads(call->request))
		route_waiting(call);
	else
		route_report(call);
}

/* ---- powers of attorney ---- */

static json_t *grant_event(
	const struct asking *asking, const struct sender *reporter, const char *list, json_t *grant, uint64_t years)
{
	bool revoked = json_object_get(grant, "revoked") != NULL;
	char name[GRANT_ID_BYTES_MAX + 8];
	snprintf(name, sizeof name, "%s%s", json_string_value(json_object_get(grant, "id")), revoked ? "-end" : "");
	json_auto_t *event =
		event_of(asking, reporter, list, name, revoked ? "Fuldmagt tilbagekaldt" : "Fuldmagt givet", "fuldmagt");
	json_auto_t *retention = json_sprintf("%" PRIu64 "y", years);
	if (event == NULL || retention == NULL || json_object_set(event, "grant", grant) != 0 ||
		json_object_set(event, "retention", retention) != 0)
		return NULL;
	return OWN_TAKE(event);
}

/* The same in both lists, with the other person's id in each. Takes nothing. */
static void make_grant(
	struct call *call, const struct asking *asking, const char *id, const json_t *grant, const char *to, uint64_t years)
{
	char given[SUBJECT_BYTES_MAX + 1], held[SUBJECT_BYTES_MAX + 1];
	struct sender reporter = {.id = 0};
	if (!find_reporter(call, RIGHT_READS | RIGHT_GRANTS, &reporter))
		return;
	if (!subject_of_list(LIST_OF_GRANTS, bytes_text(asking->who.id), given) ||
		!subject_of_list(LIST_OF_MANDATES, bytes_text(to), held)) {
		call_refuse_param(call, "an id of this length can have no list of grants");
		return;
	}
	json_auto_t *giving = json_deep_copy(grant), *holding = json_deep_copy(grant);
	json_object_del(holding, "name"); /* what the giver calls the holder */
	if (giving == NULL || holding == NULL || json_object_set_new(giving, "to", json_string(to)) != 0 ||
		json_object_set_new(holding, "from", json_string(asking->who.id)) != 0)
		return call_internal(call, E_NO_MEMORY);
	json_auto_t *first = grant_event(asking, &reporter, given, giving, years);
	json_auto_t *second = grant_event(asking, &reporter, held, holding, years);
	make(call, id, first, second);
}

/* What outlasts the grant: one that was erased is none. */
static uint64_t years_until(uint64_t now_s, int64_t until_ns)
{
	uint64_t years = ((uint64_t)until_ns / 1000000000 - now_s) / YEAR_S * 366 / 365 + 2;
	return years > RETENTION_YEARS_MAX       ? RETENTION_YEARS_MAX
		   : years < RETENTION_YEARS_DEFAULT ? RETENTION_YEARS_DEFAULT
											 : years;
}

/* Whom it is given, what it is and until when. */
static bool read_grant(struct call *call, const json_t *body, const struct asking *asking, const char **to,
	const char **until, int64_t *until_ns)
{
	const char *kind = json_string_value(json_object_get(body, "kind"));
	*to = json_string_value(json_object_get(body, "to"));
	if (*to == NULL || strlen(*to) > SUBJECT_BYTES_MAX || subject_list(bytes_text(*to)) != LIST_OF_PERSON ||
		subject_check(bytes_text(*to)) != E_OK || strcmp(*to, asking->who.id) == 0)
		return call_refuse_param(call, "member 'to' must be the canonical id of another person");
	if (kind == NULL || strcmp(kind, "attorney") != 0)
		return call_refuse_param(call, "member 'kind' must be attorney: other grants are registered by authorities");
	*until = json_string_value(json_object_get(body, "until"));
	*until_ns = 0;
	if (json_object_get(body, "until") != NULL &&
		(*until == NULL || timestamp_parse(bytes_text(*until), until_ns) != E_OK ||
			*until_ns / 1000000000 <= (int64_t)call->now_s + 60))
		return call_refuse_param(call, "member 'until' must be an RFC 3339 time that is to come");
	return true;
}

/* Only about who asks, whatever the header says: call_asking has refused all others. */
static bool begin(struct call *call, struct asking *asking, const char *const members[], json_t **body)
{
	struct params params;
	if (!call_asking(call, asking, &params))
		return false;
	*body = read_body(call, members);
	return *body != NULL;
}

void route_grants(struct call *call)
{
	static const char *const members[] = {"to", "kind", "until", "name", "key", NULL};
	struct asking asking;
	struct granted before;
	char id[ID_TEXT_MAX + 1];
	const char *to, *until = NULL, *name;
	int64_t until_ns = 0;
	json_auto_t *body = NULL;
	if (!begin(call, &asking, members, &body) || !read_grant(call, body, &asking, &to, &until, &until_ns) ||
		!read_text(call, body, "name", NAME_BYTES_MAX, "member 'name' must be a text of 1 to 255 bytes", &name) ||
		!make_id(call, body, 'f', &asking, id) || !call_snapshot(call))
		return;
	_Static_assert(NAME_BYTES_MAX == 255, "the text names the limit");
	enum error error =
		acting_grant(call->snapshot, bytes_text(asking.who.id), bytes_text(id), call->now_s, &before, NULL);
	if (error == E_OK)
		return answer_again(call, id, before.index, strcmp(before.to, to) == 0);
	json_auto_t *grant =
		json_pack("{s:s, s:s, s:s*, s:s*}", "id", id, "kind", "attorney", "until", until, "name", name);
	if (error != E_NOT_FOUND)
		call_internal(call, error);
	else if (within_day(call, before.today))
		make_grant(
			call, &asking, id, grant, to, until != NULL ? years_until(call->now_s, until_ns) : RETENTION_YEARS_MAX);
}

void route_grants_revoke(struct call *call)
{
	static const char *const members[] = {"id", NULL};
	struct asking asking;
	struct granted found;
	const char *id;
	json_auto_t *body = NULL;
	if (!begin(call, &asking, members, &body) ||
		!read_text(call, body, "id", GRANT_ID_BYTES_MAX, "member 'id' must be the id of a grant", &id))
		return;
	if (id == NULL) {
		call_refuse_param(call, "member 'id' must be the id of a grant");
		return;
	}
	if (!call_snapshot(call))
		return;
	enum error error =
		acting_grant(call->snapshot, bytes_text(asking.who.id), bytes_text(id), call->now_s, &found, NULL);
	if (error == E_NOT_FOUND)
		return call_problem(call, 404, error, "who asks has given no grant of this id");
	if (!call_good(call, error))
		return;
	if (!found.attorney)
		return call_problem(call, 403, E_FORBIDDEN, "only a power of attorney is a person's own to revoke");
	if (found.revoked)
		return answer(call, id, &found.index);
	json_auto_t *grant = json_pack("{s:s, s:s, s:b}", "id", id, "kind", "attorney", "revoked", 1);
	make_grant(call, &asking, id, grant, found.to, RETENTION_YEARS_MAX);
}

/* ---- mandates ---- */

void route_mandates(struct call *call)
{
	struct asking asking;
	struct params params;
	json_t *list = NULL;
	if (!call_asking(call, &asking, &params) || !call_snapshot(call) ||
		!call_good(call, acting_mandates(call->snapshot, bytes_text(asking.who.id), call->now_s, &list, NULL)))
		return;
	json_auto_t *json = json_pack("{s:o}", "mandates", list);
	call_json(call, json, "no-store");
}
