/* Where 'indsigt proof' gets an entry and its inclusion proof from: a ledger's directory (a snapshot), or what a log
 * publishes (its tiles, each verified). What comes out was verified as 'indsigt verify' does.
 *
 * Neither source is trusted: a store may be damaged and a place may lie, and both give an error then, and no proof. */
#pragma once

#include "ledger/proof/tlog_proof.h"

struct proof_source;

/* `place` as audit_tiles_place tells them apart. For a directory `log` may be NULL: then it is the directory's own. One
 * checkpoint for all that follows: of a directory the newest that enough witnesses cosigned, if it reaches over
 * `index_max`, else the newest. */
enum error proof_source_open(const char *place, const struct vkey *log, uint64_t index_max, struct proof_source **out,
	struct fault *fault) MUST_USE;
void proof_source_close(struct proof_source *source);
OWN(proof_source, proof_source_close);

/* Of the checkpoint. */
uint64_t proof_source_size(const struct proof_source *source);

/* The proof is the very text, as it was read again from it. */
struct proof_made {
	struct bytes text; /* the proof file; both are borrowed until the next call */
	const struct tlog_proof *proof;
};

/* E_NOT_FOUND: the log is not that long. */
enum error proof_source_make(
	struct proof_source *source, uint64_t index, struct proof_made *out, struct fault *fault) MUST_USE;
