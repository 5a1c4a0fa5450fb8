/* Proof files (C2SP tlog-proof): one entry of the log, with the proof that it stands there, in a form that other tools
 * read too. spec/proof-file.md
 *
 *   c2sp.org/tlog-proof@v1
 *   extra <base64 of the entry>
 *   index <decimal>
 *   <base64 of a hash>...         from the leaf's sibling up
 *
 *   <the signed checkpoint>
 *
 * The format leaves it open what the extra line holds; for entries of this project's logs it holds the entry, because
 * without it there is nothing to compute the leaf hash from. Pure. */
#pragma once

#include "ledger/evidence.h"

#define TLOG_PROOF_BYTES_MAX (ENTRY_BYTES_MAX / 3 * 4 + 4 + 64 * 64 + NOTE_BYTES_MAX)

/* What is proven: this entry stands at this place of the log. */
struct tlog_proof {
	struct checkpoint checkpoint;
	uint64_t index;
	struct entry entry;    /* what it borrows is in `memory` */
	struct witnessed seen; /* by whom the checkpoint was cosigned */
	uint8_t memory[ENTRY_BYTES_MAX];
};

/* `policy` may be NULL. FINDING_FORM (E_BAD_VALUE), CHECKPOINT, WITNESSES, TLOG_ENTRY, TLOG_INCLUSION. On success the
 * caller frees `*out` with free(). */
enum error tlog_proof_verify(struct bytes text, const struct vkey *log, const struct witness_policy *policy,
	struct tlog_proof **out, struct finding *finding) MUST_USE;
