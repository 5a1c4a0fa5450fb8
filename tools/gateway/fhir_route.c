/* A body goes through what it came in, from outside in: gzip, XML, then what it is. What is wrong about the request is
 * answered here and kept nowhere; what is wrong about the resource goes with it to whoever keeps what is refused. */
#include "tools/gateway/fhir_route.h"

#include "ledger/base/own.h"
#include "ledger/json/json_read.h"
#include "ledger/json/json_text.h"
#include "tools/fhir/fhir_outcome.h"
#include "tools/fhirbody/fhir_xml.h"
#include "tools/posted/unpack.h"

#include <stdlib.h>
#include <string.h>

/* ---- paths ---- */

/* Clients of R4B and R5 that want a server of their own version. */
static const char *const versions[FHIR_VERSIONS] = {[FHIR_R4] = "/R4", [FHIR_R4B] = "/R4B", [FHIR_R5] = "/R5"};

bool fhir_route_is(const char *base, const char *path)
{
	size_t len = strlen(base);
	return strncmp(path, base, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* What stands behind the base and a version, without a '/' at the end. `version` is left where there is none. */
static struct bytes below(const char *base, const char *path, enum fhir_version *version)
{
	const char *at = path + strlen(base);
	for (unsigned i = 0; i < FHIR_VERSIONS; i++) {
		size_t len = strlen(versions[i]);
		if (strncmp(at, versions[i], len) != 0 || (at[len] != '\0' && at[len] != '/'))
			continue;
		*version = (enum fhir_version)i;
		at += len;
		break;
	}
	size_t len = strlen(at);
	return bytes_of(at, len > 0 && at[len - 1] == '/' ? len - 1 : len);
}

static bool reads(const char *base, const struct request *request, struct bytes path)
{
	enum fhir_version version = FHIR_R4;
	return fhir_route_is(base, request->path) && request_reads(request) &&
		   bytes_equal(below(base, request->path, &version), path);
}

bool fhir_route_is_metadata(const char *base, const struct request *request)
{
	return reads(base, request, BYTES_LITERAL("/metadata"));
}

bool fhir_route_is_smart(const char *base, const struct request *request)
{
	return reads(base, request, BYTES_LITERAL("/.well-known/smart-configuration"));
}

/* ---- answers ---- */

void fhir_route_refuse(int status, enum error error, const char *line, struct response *out)
{
	post_respond(out, status, fhir_outcome(error, line, NULL), POST_TYPE_FHIR);
}

static void give_metadata(const struct request *request, enum fhir_version version,
	const struct fhir_security *security, struct response *out)
{
	if (!fhir_media_takes_json(request->accept, request->query))
		fhir_route_refuse(406, E_USAGE, "what is answered here is JSON: Accept: application/fhir+json", out);
	else
		post_respond(out, 200, fhir_capability(version, security), POST_TYPE_FHIR);
}

/* ---- bodies ---- */

static const struct unpacking unpacking = {.bytes_max = FHIR_ROUTE_BODY_BYTES_MAX,
	.too_long = "the body becomes longer than 1048576 bytes; send smaller Bundles",
	.x_gzip = true,
	.refuse = fhir_route_refuse};

/* All that is wrong about a post before its body is looked at; true if nothing is. */
static bool is_post(const struct request *request, enum fhir_form form, struct response *out)
{
	if (form == FHIR_FORM_NONE) {
		fhir_route_refuse(415, E_USAGE, "header Content-Type: application/fhir+json or application/fhir+xml", out);
		response_header(out, "Accept-Post", "application/fhir+json, application/json, application/fhir+xml");
	} else if (!fhir_media_is_plain(request->query)) {
		fhir_route_refuse(400, E_USAGE, "there are no parameters here but _format, which says nothing of a post", out);
	} else if (request->if_none_exist != NULL) {
		fhir_route_refuse(501, E_USAGE,
			"header If-None-Exist: nothing is searched here; leave it out, a resource that is given again is taken "
			"once",
			out);
	} else if (request->body.len == 0) {
		fhir_route_refuse(400, E_MISSING_FIELD, "the body is empty", out);
	} else if (request->body.len > FHIR_ROUTE_BODY_BYTES_MAX) {
		fhir_route_refuse(413, E_TOO_LONG, "the body is longer than 1048576 bytes; send smaller Bundles", out);
	} else {
		return true;
	}
	return false;
}

/* XML that cannot be read stays as it came, with the reason. NULL: no memory. */
static struct post *post_of(enum post_kind kind, const struct request *request, enum fhir_form form, struct bytes body)
{
	json_auto_t *json = NULL;
	OWNED_MEMORY char *text = NULL;
	struct fault fault = {.error = E_OK};
	if (form == FHIR_FORM_XML && fhir_xml_read(body, &json, &fault) == E_OK) {
		text = json_write(json, JSON_COMPACT);
		if (text == NULL)
			return NULL;
		body = bytes_text(text);
	}
	struct post *post = post_new(kind, request, body);
	if (post != NULL)
		post->fault = fault;
	return post;
}

/* `Parameters` hold the resource under that name; it goes on in their place. */
static enum error unwrap(struct post **post, const struct request *request)
{
	json_auto_t *root = NULL;
	struct fault fault;
	const json_t *parameter;
	size_t i;
	if (json_text_parse((*post)->body, &root, &fault) != E_OK)
		return E_OK; /* is refused as what it is */
	const char *type = json_string_value(json_object_get(root, "resourceType"));
	if (type == NULL || strcmp(type, "Parameters") != 0)
		return E_OK;
	json_array_foreach(json_object_get(root, "parameter"), i, parameter)
	{
		const char *name = json_string_value(json_object_get(parameter, "name"));
		if (name == NULL || strcmp(name, "resource") != 0)
			continue;
		OWNED_MEMORY char *text = json_write(json_object_get(parameter, "resource"), JSON_COMPACT);
		struct post *inner = text != NULL ? post_new((*post)->kind, request, bytes_text(text)) : NULL;
		TRY(allocated(inner != NULL));
		inner->wish = (*post)->wish;
		inner->to_be_registered = (*post)->to_be_registered;
		post_free(*post);
		*post = inner;
		break;
	}
	return E_OK;
}

static void take(enum post_kind kind, bool to_be_registered, const struct request *request, struct response *out)
{
	OWNED_MEMORY char *owned = NULL;
	struct bytes body;
	enum fhir_form form = fhir_media_content(request->content_type);
	enum error error = E_OK;
	if (to_be_registered && request->certificate == NULL) {
		fhir_route_refuse(403, E_FORBIDDEN, "this door is for who shows a certificate", out);
		return;
	}
	if (!is_post(request, form, out) || !unpack(&unpacking, request, &owned, &body, out))
		return;
	struct post *post = post_of(kind, request, form, body);
	if (post != NULL) {
		post->to_be_registered = to_be_registered;
		post->wish = fhir_media_return(request->prefer);
		if (kind == POST_BUNDLE && post->fault.error == E_OK)
			error = fhir_bundle_read(post->body, &post->bundle, &post->fault);
		else if (kind == POST_CHECK && post->fault.error == E_OK)
			error = unwrap(&post, request);
	}
	if (post != NULL && error == E_NO_MEMORY) {
		post_free(post);
		post = NULL;
	}
	if (post == NULL)
		fhir_route_refuse(503, E_NO_MEMORY, error_text(E_NO_MEMORY), out);
	out->question = (char *)post;
}

/* ---- routes ---- */

static const struct {
	const char *path, *route;
	enum post_kind kind;
} routes[] = {{"", "POST /fhir", POST_BUNDLE}, {"/AuditEvent", "POST /fhir/AuditEvent", POST_CREATE},
	{"/AuditEvent/$validate", "POST /fhir/AuditEvent/$validate", POST_CHECK}};

void fhir_route(const char *base, bool to_be_registered, const struct fhir_security *security,
	const struct request *request, struct response *out)
{
	enum fhir_version version = fhir_media_version(request->accept);
	struct bytes path = below(base, request->path, &version);
	out->route = "/fhir";
	if (fhir_route_is_metadata(base, request)) {
		give_metadata(request, version, security, out);
		return;
	}
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (!bytes_equal(path, bytes_text(routes[i].path)))
			continue;
		out->route = routes[i].route;
		if (strcmp(request->method, "POST") == 0) {
			take(routes[i].kind, to_be_registered, request, out);
			return;
		}
		fhir_route_refuse(
			405, E_USAGE, "only POST: what was reported is searched at the ledger, and nobody changes it", out);
		response_header(out, "Allow", "POST");
		return;
	}
	fhir_route_refuse(404, E_NOT_FOUND,
		"here are GET metadata, POST AuditEvent, POST AuditEvent/$validate, and POST of a Bundle to the base", out);
}
