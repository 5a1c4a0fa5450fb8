/* queryd as a small OpenID provider for its own page (authorization code with PKCE), where tokens are for trying things
 * out: below /demo/, on addresses of this machine only, with no password. spec/identity.md
 *
 *   /demo/.well-known/openid-configuration, /demo/jwks
 *   GET  /demo/authorize?...  a page with a list of test persons
 *   POST /demo/authorize?...  one was picked: back to the page, with a code
 *   POST /demo/token          the code becomes a token of the demo issuer, and an ID token
 *
 * Whoever reaches it can be anybody to this ledger, as whoever has the key files can; so it answers to its own name
 * alone (a page elsewhere whose name is made to lead here has another), and sends codes nowhere but to its own page. */
#pragma once

#include "ledger/base/own.h"
#include "query/http/exchange.h"
#include "query/identity/demo_issuer.h"

#define DEMO_PATH "/demo/"

struct demo_provider;

/* In guarded memory. `address` as bound; `issuer` outlives it. Errors of demo_persons_read. */
enum error demo_provider_new(const struct demo_issuer *issuer, const char *dir, const char *address, bool tls,
	struct demo_provider **out, struct fault *fault) MUST_USE;
void demo_provider_free(struct demo_provider *provider);
OWN(demo_provider, demo_provider_free);
/* How it is called as an issuer: its address. */
const char *demo_provider_name(const struct demo_provider *provider);
/* What is answered at this path below DEMO_PATH, as in Allow; NULL: nothing is there. */
const char *demo_provider_methods(const char *path);
/* Always gives a response, with all headers, to such a method. */
void demo_provider_answer(
	struct demo_provider *provider, const struct request *request, uint64_t now_s, struct response *out);
