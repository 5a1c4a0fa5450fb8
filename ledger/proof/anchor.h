/* What statements and filing proofs have in common: entries with their inclusion proofs, and the way from the log's
 * vkey over checkpoint and genesis entry to an epoch. spec/statement.md */
#pragma once

#include "ledger/entry/entry.h"
#include "ledger/proof/form.h"
#include "ledger/witness/witness_policy.h"

/* An entry of the log as a file shows it; borrowed from the form's memory. */
struct included {
	uint64_t index;
	struct bytes entry;
	struct hashes proof;
};

/* What the cosignatures of a checkpoint prove under a witness policy. */
struct witnessed {
	bool proven; /* the policy asks for something and is fulfilled */
	struct quorum quorum;
};

/* What everything else is checked against. */
struct anchor {
	struct bytes note; /* borrowed from the form's document */
	struct included genesis_shown;
	struct included epoch_shown;
	struct checkpoint checkpoint;
	struct entry_genesis genesis;
	struct entry_epoch epoch;
};

/* {"index", "entry", "inclusion"}; `others` names what else the object may have. */
void form_included(struct form *form, const json_t *object, const char *others, struct included *out);
/* The document's members "checkpoint" and "genesis". */
void form_anchor(struct form *form, struct anchor *out);

/* Decodes the entry that is shown into `out`, which is all zeros if it is none; true if it is of this kind. */
bool included_is(const struct included *included, enum entry_kind kind, struct entry *out);
/* True if the entry stands at its index under the checkpoint. */
bool included_check(const struct included *included, const struct checkpoint *checkpoint);

/* FINDING_CHECKPOINT. */
enum error anchor_check_checkpoint(struct anchor *anchor, const struct vkey *log, struct finding *finding) MUST_USE;
/* FINDING_WITNESSES; after the checkpoint. Without a policy (NULL) nothing is looked at. */
enum error anchor_check_witnesses(const struct anchor *anchor, const struct vkey *log,
	const struct witness_policy *policy, struct witnessed *out, struct finding *finding) MUST_USE;
/* FINDING_GENESIS_ENTRY, GENESIS_INCLUSION, GENESIS_KEY. */
enum error anchor_check_genesis(struct anchor *anchor, const struct vkey *log, struct finding *finding) MUST_USE;
/* The epoch entry: FINDING_EPOCH_ENTRY, EPOCH_INCLUSION, EPOCH_SIZE. */
enum error anchor_check_epoch(struct anchor *anchor, struct finding *finding) MUST_USE;
