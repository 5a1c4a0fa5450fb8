/* What a sender is shown in place of a filing proof when the ledger has lost what a batch, or a part of it, was about:
 * that the log itself says so. spec/filing.md, spec/loss.md
 *
 *   vkey ─► checkpoint ─┬► batch entry ─► some of its events stand ...
 *                       └► loss entry  ─► ... in its range */
#pragma once

#include "ledger/proof/anchor.h"

struct filing_lost {
	struct entry_batch batch;
	uint64_t first_index; /* log index of the batch's first event */
	uint64_t size;        /* of the checkpoint */
	uint64_t loss_index;  /* of the loss entry */
	uint32_t events;      /* of the batch that it declares lost; others may be lost by other entries */
	struct witnessed seen;
};

/* True if the text calls itself such a file; whether it holds is another question. */
bool filing_lost_is(struct bytes text);
/* `policy` may be NULL: then cosignatures are not looked at.
 * E_BAD_VALUE for the form, E_BAD_PROOF for what does not hold, with `finding` (may be NULL); E_NO_MEMORY. */
enum error filing_lost_verify(struct bytes text, const struct vkey *log, const struct witness_policy *policy,
	struct filing_lost *out, struct finding *finding) MUST_USE;
