/*   vkey ─► checkpoint (signed) ─► cosignatures ─► genesis entry (index 0, names this log and key) ─► epoch entry
 *
 * Each step rests on the one before it, so whoever calls keeps this order. An entry counts for nothing until it is
 * shown to stand under the checkpoint; the genesis entry is what ties the VRF key and the lag of epochs to the log's
 * key. A step that does not hold is one finding, and nothing of what it would have filled in is used. */
#include "ledger/proof/anchor.h"

#include "ledger/base/wrong.h"

/* ---- reading ---- */

static void read_entry(struct form *form, const json_t *object, struct included *out)
{
	out->entry = form_bytes(form, object, "entry", ENTRY_BYTES_MAX);
	out->proof = form_hashes(form, object, "inclusion", PROOF_HASHES_MAX);
}

void form_included(struct form *form, const json_t *object, const char *others, struct included *out)
{
	char names[96];
	snprintf(names, sizeof names, "index entry inclusion %s", others);
	form_members(form, object, names);
	out->index = form_number(form, object, "index");
	read_entry(form, object, out);
}

void form_anchor(struct form *form, struct anchor *out)
{
	out->note = form_text(form, form->document, "checkpoint", NOTE_BYTES_MAX);
	const json_t *genesis = form_enter(form, "genesis");
	form_members(form, genesis, "entry inclusion");
	out->genesis_shown.index = 0;
	read_entry(form, genesis, &out->genesis_shown);
}

/* ---- checking ---- */

bool included_is(const struct included *included, enum entry_kind kind, struct entry *out)
{
	*out = (struct entry){.kind = ENTRY_GENESIS};
	return entry_decode(included->entry, out) == E_OK && out->kind == kind;
}

bool included_check(const struct included *included, const struct checkpoint *checkpoint)
{
	struct hash leaf;
	merkle_leaf_hash(included->entry, &leaf);
	return merkle_verify_inclusion(&leaf, included->index, checkpoint->size, included->proof.at, included->proof.count,
			   &checkpoint->root) == E_OK;
}

enum error anchor_check_checkpoint(struct anchor *anchor, const struct vkey *log, struct finding *finding)
{
	if (checkpoint_verify(anchor->note, log, &anchor->checkpoint) != E_OK)
		return finding_set(finding, FINDING_CHECKPOINT, FINDING_NO_INDEX);
	return E_OK;
}

enum error anchor_check_witnesses(const struct anchor *anchor, const struct vkey *log,
	const struct witness_policy *policy, struct witnessed *out, struct finding *finding)
{
	struct note note;
	struct witnessed witnessed = {.proven = policy != NULL && !policy->none};
	if (policy == NULL) {
		*out = witnessed;
		return E_OK;
	}
	if (WRONG(!witness_policy_has_log(policy, log)))
		return finding_because(finding, FINDING_WITNESSES, "it is for other logs than this one");
	if (note_split(anchor->note, NOTE_BYTES_MAX, &note) != E_OK || /* it was once, when the log's signature verified */
		witness_policy_read(policy, &note, &witnessed.quorum) != E_OK || WRONG(!witnessed.quorum.reached))
		return finding_set(finding, FINDING_WITNESSES, FINDING_NO_INDEX);
	*out = witnessed;
	return E_OK;
}

enum error anchor_check_genesis(struct anchor *anchor, const struct vkey *log, struct finding *finding)
{
	struct entry entry;
	if (WRONG(!included_is(&anchor->genesis_shown, ENTRY_GENESIS, &entry)))
		return finding_set(finding, FINDING_GENESIS_ENTRY, FINDING_NO_INDEX);
	if (WRONG(!included_check(&anchor->genesis_shown, &anchor->checkpoint)))
		return finding_set(finding, FINDING_GENESIS_INCLUSION, FINDING_NO_INDEX);
	if (WRONG(strcmp(entry.genesis.origin, log->name) != 0) ||
		WRONG(memcmp(entry.genesis.log_key, log->public_key, sizeof log->public_key) != 0))
		return finding_set(finding, FINDING_GENESIS_KEY, FINDING_NO_INDEX);
	anchor->genesis = entry.genesis;
	return E_OK;
}

enum error anchor_check_epoch(struct anchor *anchor, struct finding *finding)
{
	struct entry entry;
	uint64_t index = anchor->epoch_shown.index;
	if (WRONG(!included_is(&anchor->epoch_shown, ENTRY_EPOCH, &entry)))
		return finding_set(finding, FINDING_EPOCH_ENTRY, index);
	if (WRONG(!included_check(&anchor->epoch_shown, &anchor->checkpoint)))
		return finding_set(finding, FINDING_EPOCH_INCLUSION, index);
	if (WRONG(entry.epoch.size == 0) || WRONG(entry.epoch.size > index))
		return finding_set(finding, FINDING_EPOCH_SIZE, index);
	anchor->epoch = entry.epoch;
	return E_OK;
}
