/* The reader's side of an answer: recomputes everything that one page of /v1/accesses shows. spec/http.md
 *
 * What holds afterwards: every event on the page stands in the log under the page's checkpoint, names the subject that
 * was asked for and says what the page says it says; withheld events are withheld by their own committed header; and
 * where the page lists who reports, these are the senders that its hash and counts are of. What
 * this cannot show is that nothing was left out; that takes a statement. */
#pragma once

#include "ledger/note/note.h"

#include <jansson.h>

#define VERIFY_SKEW_S 60u /* how far the two clocks may be apart when a withholding ends */

/* Counted here from proofs that hold; the page's own numbers are only compared with these. */
struct verified {
	struct checkpoint checkpoint;
	bool signature; /* the checkpoint's signature was checked too: a vkey was given */
	uint64_t open;
	uint64_t withheld;
	uint64_t erased; /* shown as erased: that an erasure entry covers them is a statement's business */
	uint64_t lowest; /* index of the page's oldest event, UINT64_MAX if it has none */
};

/* Checks one page. `before`: every index must be lower (UINT64_MAX for the first page) and they must descend.
 * `vkey` may be NULL. The fault says the first thing that does not hold. E_BAD_VALUE when the page is malformed. */
enum error verify_page(const json_t *page, struct bytes subject, uint64_t before, uint64_t now_s,
	const struct vkey *vkey, struct verified *out, struct fault *fault) MUST_USE;
