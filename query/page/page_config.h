/* What the citizen's page is configured with: config.json beside its index.html. spec/page.md
 *
 * The page believes it, and nothing that the ledger answers: the log's key, the witnesses' policy, who signs people in.
 * It is read strictly here, so that a page which could not work is refused where it is set up. */
#pragma once

#include "ledger/base/error.h"
#include "ledger/read/archive.h"

#include <jansson.h>

#define PAGE_CONFIG_NAME "config.json"
#define PAGE_CONFIG_LEDGER_NAME "page.json" /* the same, in the ledger's directory */
#define PAGE_CONFIG_BYTES_MAX 262144u       /* a policy's text may be long */
#define PAGE_ADDRESS_BYTES_MAX 255u
#define PAGE_ORIGINS_MAX 8u
#define PAGE_ORIGINS_BYTES_MAX (PAGE_ORIGINS_MAX * (PAGE_ADDRESS_BYTES_MAX + 1))

/* What is wanted of one that is made. Texts are borrowed, and NULL where there is nothing. */
struct page_wishes {
	const char *ledger;    /* where it is asked; default "./", beside the page */
	const char *issuer;    /* who signs people in; NULL: nobody, and the page shows what is public */
	const char *client_id; /* default "indsigt-page" */
	const char *scope;     /* default "openid" */
	const char *resource;
	const char *policy; /* a file; default that of the ledger's directory, where it is there */
	const char *download,
		*publisher; /* both or none: the address of the page as a signed file, and its signer's vkey */
	bool demo;
};

/* Of the ledger: its log's key, what its genesis entry says of lateness, its witness policy. E_BAD_VALUE, E_NOT_FOUND,
 * E_IO, E_NO_MEMORY. `*out` is a new reference. */
enum error page_config_make(
	struct archive *archive, const struct page_wishes *wishes, json_t **out, struct fault *fault) MUST_USE;

/* Whether the text is one, and which origins beside its own the page has to reach: each with a blank before it. The
 * fault names the member. E_BAD_JSON, E_BAD_VALUE, E_NO_MEMORY. */
enum error page_config_check(struct bytes text, char origins[PAGE_ORIGINS_BYTES_MAX + 1], struct fault *fault) MUST_USE;
