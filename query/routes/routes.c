/* One table decides which addresses there are. One that is for this machine alone is not there for others (404), so
 * that they do not learn what runs here. Snapshot and cosignatures are taken by the steps that need them and let go
 * here, whatever the route did. */
#include "query/routes/routes.h"

#include "query/routes/call.h"

struct route {
	const char *path; /* ending in '/': and all below it */
	bool local;       /* for the machine itself only */
	void (*answer)(struct call *call);
};

static const struct route routes_table[] = {
	{"/checkpoint", false, route_checkpoint},
	{"/tile/", false, route_tile},
	{"/v1/coverage", false, route_coverage},
	{"/v1/accesses", false, route_accesses},
	{"/v1/statement", false, route_statement},
	{"/v1/labels", false, route_labels},
	{"/v1/filing", false, route_filing},
	{"/healthz", true, route_health},
	{"/metrics", true, route_metrics},
};

/* In the table's order, where no path is the beginning of another but by a slash. */
static const struct route *route_of(const struct request *request)
{
	for (size_t i = 0; i < sizeof routes_table / sizeof routes_table[0]; i++) {
		const struct route *route = &routes_table[i];
		size_t len = strlen(route->path);
		bool below = route->path[len - 1] == '/' && strncmp(route->path, request->path, len) == 0;
		if (below || strcmp(route->path, request->path) == 0)
			return route->local && !request->local ? NULL : route;
	}
	return NULL;
}

/* Where it stands in the log is one word for all of its files. */
static void route_page(struct call *call)
{
	enum error error = page_answer(call->routes->page, call->request, call->response);
	if (error == E_NOT_FOUND) /* gone meanwhile */
		call_problem(call, 404, error, "there is nothing at this address");
	else if (error != E_OK)
		call_internal(call, error);
}

static const struct route page_route = {"/", false, route_page};

static void answer_call(struct call *call)
{
	const struct route *route = route_of(call->request);
	if (route == NULL && call->routes->page != NULL && page_has(call->routes->page, call->request->path))
		route = &page_route;
	if (route == NULL) {
		call_problem(call, 404, E_NOT_FOUND, "there is nothing at this address");
		return;
	}
	call->response->route = route->path;
	if (!request_reads(call->request)) {
		call_problem(call, 405, E_BAD_VALUE, "this address answers GET and HEAD");
		response_header(call->response, "Allow", "GET, HEAD");
		return;
	}
	route->answer(call);
}

/* An answer is data: nothing in it is to run, to be framed, or to tell the next site where somebody came from. The page
 * has its own. */
static void add_security(struct response *response)
{
	if (response->policy != NULL)
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
