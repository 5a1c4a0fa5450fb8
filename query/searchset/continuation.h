/* Where the next page of a searchset begins, and what was asked, sealed: the link of a page that follows. spec/fhir.md
 *
 * A client goes where the link says with nothing but its token, and addresses end up in logs: so the whole question is
 * in it, with the person, and can be read by nobody but who made it. It gives no right: who asks is looked at anew.
 *
 * nonce (24) || XChaCha20-Poly1305(before (8) || size (8) || key (8) || subject length (1) || subject || question), in
 * base64url. */
#pragma once

#include "ledger/base/hash.h"
#include "query/search/search.h"

struct continuation {
	uint64_t before; /* index of the last one that was given */
	uint64_t size;   /* of the log when the first page was made: nothing newer is among the later ones */
	int64_t key;     /* that it was sorted by */
	char subject[SUBJECT_BYTES_MAX + 1];
	char asked[SEARCH_ASKED_MAX];
};

/* To be freed. E_NO_MEMORY. */
enum error continuation_seal(const struct key *key, const struct continuation *from, char **out) MUST_USE;
/* E_BAD_VALUE: malformed, or sealed under another key. */
enum error continuation_open(const struct key *key, const char *text, struct continuation *out) MUST_USE;
