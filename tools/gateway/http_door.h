/* The doors that speak HTTP, in front of whoever takes what is posted: for applications on this machine, and for
 * systems that speak FHIR. spec/gateway.md
 *
 *   request ─► may it be heard? ─► route ─► posted ─► http_door_take ─► ... ─► http_door_answer ─► response
 *    (loops and workers of the servers, threads of their own)           (the thread that sends)
 *
 * What was posted waits in nobody's hands until it is answered, which is when it is durable. */
#pragma once

#include "ledger/text/address.h"
#include "ledger/tls/tls_server.h"
#include "tools/posted/post.h"

#define HTTP_DOOR_CONNECTIONS_MAX 512u
#define HTTP_DOOR_FILES_MAX 4096u /* of the process, all doors and the sender together; more than they can have */
#define HTTP_DOOR_BODY_BYTES_MAX 1048576u
#define HTTP_DOOR_POSTS_MAX 256u /* that wait; over it: 503 */
#define HTTP_DOOR_TOKEN_MAX 256u
#define HTTP_DOOR_BASE_MAX 64u

struct http_door;

struct http_door_options {
	const char *listen;     /* HOST:PORT, on this machine, for events; NULL: there is no such door */
	const char *fhir;       /* HOST:PORT for FHIR; NULL: there is none. Both the same: one server */
	const char *base;       /* of FHIR's addresses; NULL: "/fhir" */
	const char *token_path; /* a file (0600) with what callers show as a bearer token; NULL: nobody is asked for one */
	struct tls_files tls;   /* of FHIR */
	const char *spool;      /* of the counts that are told */
	const char *client_ca;  /* of FHIR: who is let in; NULL: whose keys the registration names */
	const char *issuers;    /* of FHIR: a file of whose access tokens are taken, too; NULL: nobody's */
};

/* Where they listen; empty: there is no such door. */
struct http_door_addresses {
	char events[ADDRESS_TEXT_MAX + 1], fhir[ADDRESS_TEXT_MAX + 1];
};

/* Listens; threads begin. `options` outlive it. E_USAGE (reached by other machines, and should not be), E_IO,
 * E_PERMISSION (the token's file can be read by others), errors of tls_server_open. */
enum error http_door_open(const struct http_door_options *options, struct http_door_addresses *out_addresses,
	struct http_door **out, struct fault *fault) MUST_USE;
/* Readable when something was posted. */
int http_door_fd(const struct http_door *door);
/* All that was posted, oldest first, by `next`; makes the descriptor unreadable. Each is answered once. */
struct post *http_door_take(struct http_door *door);
/* With its status, answer and location. Frees it. */
void http_door_answer(struct http_door *door, struct post *post);
/* Certificates are read anew. */
void http_door_reload(struct http_door *door);
/* What is posted from now on is refused; what was is still to be taken and answered, before http_door_close. */
void http_door_stop(struct http_door *door);
void http_door_close(struct http_door *door);
