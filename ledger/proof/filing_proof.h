/* Filing proofs: what shows a sender that each event of one of its batches is filed under the label of the subject that
 * it is about. It shows nothing of anybody else's events, nor how many there are. spec/filing.md
 *
 *   vkey ─► checkpoint ─► genesis ─► VRF key ─► label of each subject ──┐ (or remembered by the sender: proofs=none)
 *                     ├─► batch entry ─► log index of each event ──────┤
 *                     └─► epoch entry ─► filing root ◄─ range proof ◄──┴ leaf = blind' || log index || label
 *
 * The sender then compares subjects with its own copy of the batch, and the batch's signature with its own. Pure. */
#pragma once

#include "ledger/label/label.h"
#include "ledger/proof/anchor.h"

struct filing_subject {
	struct bytes id; /* canonical */
	struct label label;
};

/* What is proven. Everything that it points to is its own. */
struct filing_proof {
	struct entry_batch batch; /* sender, first sequence, count, ... */
	uint64_t first_index;     /* log index of the batch's first event; the batch entry is at first_index + count */
	uint64_t size;            /* of the checkpoint */
	uint64_t epoch_index;
	uint64_t epoch_size;
	uint64_t epoch_time_s; /* as the epoch entry says */
	struct witnessed seen; /* by whom the checkpoint was cosigned */
	struct label *labels;  /* batch.count of them: event i of the batch is filed under labels[i] */
	/* With the labels' proofs: event i is about subjects[subject_of[i]], whose label is labels[i]. Without, 0 and NULL:
	 * whose labels these are is not proven here. */
	size_t subject_count;
	struct filing_subject *subjects;
	uint32_t *subject_of;

	uint8_t *memory; /* what the subjects point into */
};

/* `policy` may be NULL: then cosignatures are not looked at.
 * E_BAD_VALUE for the form, E_BAD_PROOF for what does not hold, with `finding` (may be NULL); E_NO_MEMORY. On success
 * the caller calls filing_proof_free. About 180 us for each subject and 2 us for each event. */
enum error filing_proof_verify(struct bytes text, const struct vkey *log, const struct witness_policy *policy,
	struct filing_proof **out, struct finding *finding) MUST_USE;
/* NULL is allowed. */
void filing_proof_free(struct filing_proof *proof);
OWN(filing_proof, filing_proof_free);
