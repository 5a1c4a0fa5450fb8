/* What a sender is shown in place of a filing proof when the ledger has lost what a batch was about: that the log
 * itself says so. spec/filing.md, spec/loss.md
 *
 *   vkey ─► checkpoint ─┬► batch entry ─► its events stand below ...
 *                       └► loss entry  ─► ... it, and not below its `first` */
#pragma once

#include "ledger/evidence.h"

struct filing_lost {
	struct entry_batch batch;
	uint64_t first_index; /* log index of the batch's first event */
	uint64_t size;        /* of the checkpoint */
	uint64_t loss_index;  /* of the loss entry */
	struct witnessed seen;
};

/* True if the text calls itself such a file; whether it holds is another question. */
bool filing_lost_is(struct bytes text);
/* `policy` may be NULL: then cosignatures are not looked at.
 * E_BAD_VALUE for the form, E_BAD_PROOF for what does not hold, with `finding` (may be NULL); E_NO_MEMORY. */
enum error filing_lost_verify(struct bytes text, const struct vkey *log, const struct witness_policy *policy,
	struct filing_lost *out, struct finding *finding) MUST_USE;
