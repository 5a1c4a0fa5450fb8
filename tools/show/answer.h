/* The whole answer to "who accessed this person's data": every page, each one verified, joined into one. */
#pragma once

#include "ledger/note/note.h"

#include <jansson.h>

/* Borrowed for as long as the question takes. */
struct answer_query {
	const char *subject;   /* canonical */
	const char *ledger;    /* a directory, or an http or https address */
	const char *token;     /* for an address */
	const char *reference; /* likewise: the case that a supervisor asks in; or NULL */
	const char *from;      /* as accesses_time reads them; NULL: open */
	const char *to;
	const char *org;         /* NULL: all */
	const struct vkey *vkey; /* NULL: the directory's own; from an address the signature is then not checked */
};

/* What was verified, and how many of each kind; the texts in `json` are what the proofs showed. */
struct answer {
	json_t *json; /* {"subject", "accesses", "complete_until", "withheld", "coverage", "origin", "checkpoint", ...} */
	bool signature;
	uint64_t open;
	uint64_t withheld;
	uint64_t erased;
};

/* True for "http://..." and "https://...". */
bool answer_is_url(const char *ledger);

/* Asks for all pages. What holds of the joined answer is what holds of its first page: later pages only go back in
 * time. E_USAGE for a bad window, E_PERMISSION for key files of somebody else, E_BAD_PROOF and the like when a page
 * does not verify; the fault says what. On success the caller calls answer_release. */
enum error answer_ask(const struct answer_query *query, struct answer *out, struct fault *fault) MUST_USE;
void answer_release(struct answer *answer);
