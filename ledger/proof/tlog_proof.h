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

#include "ledger/proof/anchor.h"

#define TLOG_PROOF_BYTES_MAX (ENTRY_BYTES_MAX / 3 * 4 + 4 + 64 * 64 + NOTE_BYTES_MAX)
#define TLOG_PROOF_INDEX_DIGITS_MAX 18 /* so indexes are below 10^18 */
#define TLOG_PROOF_INDEX_END UINT64_C(1000000000000000000)

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
OWN(tlog_proof, free);

/* The proof file of an entry that is included under the checkpoint of a signed note, with all the note's lines; it fits
 * TLOG_PROOF_BYTES_MAX. What is written is not checked beyond its form: tlog_proof_verify does that. E_BAD_VALUE for an
 * index from 10^18 on or more hashes than a proof can have, E_TOO_LONG for an entry or a note over its limit,
 * E_NO_ROOM.
 */
enum error tlog_proof_write(const struct included *included, struct bytes note, struct writer *out) MUST_USE;
