/* One request while it is answered: what the route files share. Not for others.
 *
 *   call.c             responses, problems, who asks, snapshots
 *   roles.c            which role may ask what (roles.h)
 *   asking.c           who asks about whom
 *   reading.c          what is on record of a read
 *   routes_public.c    checkpoint, coverage, numbers, health
 *   routes_quality.c   how well senders report
 *   routes_metrics.c   figures for the machine itself
 *   routes_personal.c  accesses, statement
 *   routes_following.c events as they come
 *   routes_auditor.c   label stream
 *   routes_acts.c      what people do: report, give, revoke
 *   routes_notifications.c  what a person wishes to be told
 *   routes_sender.c    filing proof
 *   routes_fhir.c      events in FHIR
 *   routes_tiles.c     tiles
 *   routes.c           the table, and what is the same for every route */
#pragma once

#include "query/answer/accesses.h"
#include "query/http/params.h"
#include "query/routes/roles.h"
#include "query/routes/routes.h"

/* What a route works with. */
struct call {
	const struct routes *routes;
	const struct request *request;
	uint64_t now_s;
	struct snapshot *snapshot;
	struct cosigned *cosigned; /* of call_cosigned */
	struct response *response;
	const char *type; /* of JSON that is answered; NULL: application/json */
};

/* ---- responses ---- */

/* `detail` never repeats what was sent. Below /fhir an OperationOutcome, elsewhere problem details. */
void call_problem(struct call *call, int status, enum error error, const char *detail);
/* What is not the asker's fault: they learn that it failed, and where an operator finds out more. */
void call_internal(struct call *call, enum error error);
/* 200 with a body, which it takes (NULL: there is no memory, which is answered); `cache` is the value of Cache-Control.
 */
void call_body(struct call *call, char *body, size_t len, const char *type, const char *cache);
/* The same with the JSON text. */
void call_json(struct call *call, json_t *json, const char *cache);
/* The same with what was written, if `error` is E_OK, and else what is not the asker's fault; takes the text, with its
 * room, only in the first case. */
void call_text(struct call *call, enum error error, struct text *text, const char *cache);

/* ---- steps; false: the response is made ---- */

/* Whether a step came off; where not, as call_internal. */
bool call_good(struct call *call, enum error error);
bool call_snapshot(struct call *call);
/* What witnesses have given, after call_snapshot; NULL when out of memory. */
const struct cosigned *call_cosigned(struct call *call);
/* What coverage is asked for, after call_snapshot. */
struct coverage_query call_coverage(struct call *call, enum coverage_form form);
/* The parameters, of which only those in the NULL-terminated list are known. */
bool call_params(struct call *call, const char *const known[], struct params *out);
bool call_no_params(struct call *call);
/* Who asks, by a valid bearer token; what their role may ask is call_asking's business. */
bool call_identity(struct call *call, struct identity *out);
/* 400; always false. */
bool call_refuse_param(struct call *call, const char *detail);
/* Parameters 'from' and 'to', half-open, ledger time in seconds; left as they are where there is none. */
bool call_window(struct call *call, const struct params *params, uint64_t *from_s, uint64_t *to_s);

/* ---- who asks about whom (asking.c) ---- */

struct asking {
	struct identity who;
	enum reach reach;
	char subject[SUBJECT_BYTES_MAX + 1]; /* canonical; "": nobody in particular (REACH_ALL) */
	bool own;                            /* about the asker */
	char grant[GRANT_ID_BYTES_MAX + 1];  /* that a proxy reads by, once it was found */
};

/* What the table of roles says to this question: who asks, whether their role may ask it, about whom it is and with
 * which parameters. Before anything of the ledger is looked at; what a proxy may is then still open. */
bool call_asking(struct call *call, struct asking *out, struct params *params);
/* The same for a question of another form: the row is that of `method` and `path`, and its parameters are looked at by
 * whoever asks. */
bool call_asker(
	struct call *call, const char *method, const char *path, struct asking *out, const struct permission **permission);
/* After call_snapshot: whether a proxy may read for who it is about, now. */
bool call_granted(struct call *call, struct asking *asking);

/* What was done, as an event says it. */
struct read {
	const char *action;
	const char *activity;
};

/* Last, when the answer is made: counts who read about themselves, and has every other read put on record before its
 * answer goes out (the response's report). Makes another response where that cannot be. */
void call_record(struct call *call, const struct asking *asking, const struct read *read);

/* The ledger's own sender, which reports what is read and done here; its id is 0 where there is none. */
bool call_reporter(struct call *call, struct sender *out);

/* ---- routes ---- */

void route_reports(struct call *call);
void route_grants(struct call *call);
void route_grants_revoke(struct call *call);
void route_mandates(struct call *call);
void route_notifications(struct call *call);

/* A body of one JSON object, by its Content-Type and with no name twice; a new reference, or NULL: the response is
 * made.
 */
json_t *call_object(struct call *call);

void route_checkpoint(struct call *call);
void route_coverage(struct call *call);
void route_numbers(struct call *call);
void route_quality(struct call *call);
/* The same figures as Prometheus text, after call_snapshot. */
enum error quality_metrics(FILE *out, struct call *call, const struct status *status) MUST_USE;
/* A label's value: backslash and quote are escaped. */
void metric_label(FILE *out, const char *text);
void route_health(struct call *call);
void route_metrics(struct call *call);
void route_accesses(struct call *call);
/* The same, to be told of what comes (request.event_stream). */
void route_following(struct call *call);
void route_statement(struct call *call);
void route_labels(struct call *call);
void route_filing(struct call *call);
void route_tile(struct call *call);
void route_fhir(struct call *call);
