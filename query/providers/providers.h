/* All issuers that issuers.json, or a gateway's file, names: their keys in memory, kept fresh by a thread of its own,
 * which alone asks over the network. spec/identity.md
 *
 *     a request ─► providers_show ─► a key is here: judged at once
 *                        └─► none: E_PENDING, and the thread is woken ─► it asks ─► `woken`: judge again
 *
 * So nobody waits inside of providers_show, and an issuer that is slow holds up those alone who need something new of
 * it. What fails: a file that does not do is told and the issuers stay as they were; an issuer that cannot be asked is
 * told once, and once when it can; one that says nothing of tokens once a minute at most. */
#pragma once

#include "ledger/base/own.h"
#include "query/backend/backend.h"
#include "query/issuer/discovery.h"
#include "query/token/jws.h"

#define ISSUERS_FILE_NAME "issuers.json" /* in the ledger's directory, unless another is named */

struct providers;

/* Of the file at `path`, with the files that it names. The fault names the member. `may_come`: a file that is not there
 * yet is none that is wrong, and is looked for at each reload; until then nobody is believed. E_NOT_FOUND otherwise. */
enum error providers_open(const char *path, bool may_come, struct providers **out, struct fault *fault) MUST_USE;
/* Of a gateway's file: it is systems that come with these issuers' tokens. */
enum error providers_open_backends(const char *path, struct providers **out, struct fault *fault) MUST_USE;
void providers_close(struct providers *providers);
OWN(providers, providers_close);

struct providers_ears {
	void (*woken)(void *context); /* who was told to come again may come; in the thread */
	void *context;
	void (*tell)(const char *line); /* for an operator; in the thread */
};
/* Begins to ask. Ended by providers_stop, after which `ears` are not used. E_IO, E_NO_MEMORY. */
enum error providers_start(
	struct providers *providers, const struct providers_ears *ears, struct fault *fault) MUST_USE;
void providers_stop(struct providers *providers);
/* Whether the file names anybody, by now. Any thread. */
bool providers_any(struct providers *providers);
/* The file is read again, by the thread. One that was there and is gone changes nothing. */
void providers_reload(struct providers *providers);

/* As identity_show, without a case. `jws` is NULL for a token that is not of three parts. `arrived_ms`: when the
 * request came (clock_ms). E_PENDING: come again when woken; E_ISSUER: it could not be asked. Any thread. */
enum error providers_show(struct providers *providers, const char *token, const struct jws *jws, uint64_t arrived_ms,
	uint64_t now_s, struct identity *out, struct fault *fault) MUST_USE;

/* The same for a system's token, which is verified once and then remembered, of providers_open_backends. E_TOKEN: it
 * does not hold; E_FORBIDDEN: it does not allow this; E_PENDING, E_ISSUER as above. Whether it is shown by who it is
 * bound to is the caller's to look at. Any thread. */
enum error providers_show_backend(struct providers *providers, const char *token, uint64_t arrived_ms, uint64_t now_s,
	struct backend *out, struct fault *fault) MUST_USE;
/* What the first issuer of the file says to its clients; false: it could not be asked yet, or names no token_endpoint.
 * Any thread. */
bool providers_first(struct providers *providers, struct discovery *out);
