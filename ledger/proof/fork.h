/* Evidence of a fork: two checkpoints that one log signed and that cannot both be of one append-only log. spec/fork.md
 *
 * For equal sizes two roots are enough. For different sizes it takes a consistency proof from the smaller size to the
 * larger checkpoint that begins with another root than the one that was signed for the smaller size: what the second
 * checkpoint commits to was never the first one's log. Whoever has such a file needs nobody's word. */
#pragma once

#include "ledger/log/finding.h"
#include "ledger/note/note.h"
#include "ledger/tree/merkle.h"

#define FORK_BYTES_MAX 65536u

struct fork {
	struct checkpoint first; /* size <= that of the second */
	struct checkpoint second;
};

/* E_OK: the fork is proven. FINDING_FORM (E_BAD_VALUE), FINDING_CHECKPOINT, FINDING_FORK (E_BAD_PROOF); E_NO_MEMORY. */
enum error fork_verify(struct bytes text, const struct vkey *log, struct fork *out, struct finding *finding) MUST_USE;
/* The file's text, to free(): the two signed notes, and a proof from `old_root`, the smaller size's root as the second
 * checkpoint has it. For equal sizes that is the second root, and the proof is empty. E_NO_MEMORY. */
enum error fork_write(struct bytes first, struct bytes second, const struct hash *old_root, const struct hash *proof,
	size_t proof_count, char **out) MUST_USE;
