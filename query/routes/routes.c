/* One table decides which addresses there are. One that is for this machine alone is not there for others (404), so
 * that they do not learn what runs here. Snapshot and cosignatures are taken by the steps that need them and let go
 * here, whatever the route did. */
#include "query/routes/routes.h"

#include "query/routes/call.h"

#define READS "GET, HEAD"
#define ACTS "POST"
#define BOTH READS ", " ACTS
#define KEPT READS ", PUT" /* read, and put in place of what was there */

struct route {
	const char *path;    /* ending in '/': and all below it */
	bool local;          /* for the machine itself only */
	const char *methods; /* as in Allow; NULL: of the address */
	void (*answer)(struct call *call);
};

/* Where it stands in the log is one word for all of its files. */
static void route_page(struct call *call)
{
	enum error error = page_answer(call->routes->page, call->request, call->response);
	if (error == E_NOT_FOUND) /* gone meanwhile */
		call_problem(call, 404, error, "there is nothing at this address");
	else if (error != E_OK)
		call_internal(call, error);
}

static void route_demo(struct call *call)
{
	demo_provider_answer(call->routes->demo, call->request, call->now_s, call->response);
}

static const struct route routes_table[] = {
	{"/checkpoint", false, READS, route_checkpoint},
	{"/tile/", false, READS, route_tile},
	{"/v1/coverage", false, READS, route_coverage},
	{"/v1/numbers", false, READS, route_numbers},
	{"/v1/quality", false, READS, route_quality},
	{"/v1/accesses", false, READS, route_accesses},
	{"/v1/statement", false, READS, route_statement},
	{"/v1/labels", false, READS, route_labels},
	{"/v1/filing", false, READS, route_filing},
	{"/v1/reports", false, BOTH, route_reports},
	{"/v1/grants", false, ACTS, route_grants},
	{"/v1/grants/revoke", false, ACTS, route_grants_revoke},
	{"/v1/mandates", false, READS, route_mandates},
	{"/v1/notifications", false, KEPT, route_notifications},
	{"/fhir/", false, BOTH, route_fhir},
	{"/healthz", true, READS, route_health},
	{"/metrics", true, READS, route_metrics},
};
static const struct route page_route = {"/", false, READS, route_page};
static const struct route demo_route = {DEMO_PATH, false, NULL, route_demo};

/* In the table's order, where no path is the beginning of another but by a slash; signing in comes after. Without a
 * look at the page, which may be about to be read again. */
static const struct route *route_but_page(const struct routes *routes, const struct request *request)
{
	for (size_t i = 0; i < sizeof routes_table / sizeof routes_table[0]; i++) {
		const struct route *route = &routes_table[i];
		size_t len = strlen(route->path);
		bool below = route->path[len - 1] == '/' && strncmp(route->path, request->path, len) == 0;
		if (below || strcmp(route->path, request->path) == 0)
			return route->local && !request->local ? NULL : route;
	}
	return routes->demo != NULL && demo_provider_methods(request->path) != NULL ? &demo_route : NULL;
}

/* The page is last: its files have endings, and so none is called as what is not there for who asks. */
static const struct route *route_of(const struct routes *routes, const struct request *request)
{
	const struct route *route = route_but_page(routes, request);
	bool page = route == NULL && routes->page != NULL && page_has(routes->page, request->path);
	return page ? &page_route : route;
}

static const char *methods_of(const struct route *route, const struct request *request)
{
	return route->methods != NULL ? route->methods : demo_provider_methods(request->path);
}

/* Both are of capital letters; no method's name is the beginning of another's. */
static bool allows(const char *methods, const char *method)
{
	return strstr(methods, method) != NULL;
}

/* By the table alone: the loop asks, and may not wait. */
bool routes_take_body(const struct routes *routes, const struct request *request)
{
	const struct route *route = route_but_page(routes, request);
	bool writes = strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0;
	return route != NULL && writes && allows(methods_of(route, request), request->method);
}

static void answer_call(struct call *call)
{
	const struct route *route = route_of(call->routes, call->request);
	if (route == NULL) {
		if (strcmp(call->request->path, "/fhir") == 0)
			call->response->route = "/fhir/";
		call_problem(call, 404, E_NOT_FOUND, "there is nothing at this address");
		return;
	}
	const char *methods = methods_of(route, call->request);
	call->response->route = route->path;
	if (allows(methods, call->request->method)) {
		route->answer(call);
		return;
	}
	call_problem(call, 405, E_BAD_VALUE,
		strcmp(methods, READS) == 0 ? "this address answers GET and HEAD"
									: "this address answers the methods in Allow");
	response_header(call->response, "Allow", methods);
}

static bool has_policy(const struct response *response)
{
	for (size_t i = 0; i < response->header_count; i++)
		if (strcmp(response->headers[i].name, "Content-Security-Policy") == 0)
			return true;
	return false;
}

/* An answer is data: nothing in it is to run, to be framed, or to tell the next site where somebody came from. What is
 * made for a browser has its own. */
static void add_security(struct response *response)
{
	if (has_policy(response))
		return;
	response_header(response, "X-Content-Type-Options", "nosniff");
	response_header(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	response_header(response, "Referrer-Policy", "no-referrer");
}

void routes_problem(int status, enum error error, const char *detail, struct response *out)
{
	struct call call = {.response = out};
	call_problem(&call, status, error, detail);
	add_security(out);
}

void routes_answer(const struct routes *routes, const struct request *request, uint64_t now_s, struct response *out)
{
	*out = (struct response){.route = "-", .room = request->room};
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(cosigned_release) struct cosigned *cosigned = NULL;
	struct call call = {.routes = routes, .request = request, .now_s = now_s, .response = out};
	answer_call(&call);
	snapshot = call.snapshot;
	cosigned = call.cosigned;
	add_security(out);
}
