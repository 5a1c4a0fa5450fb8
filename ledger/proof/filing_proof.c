/*   read all, sized ─► checkpoint, witnesses, genesis, epoch ─► batch ─► labels of the subjects ─► filing tree
 *
 * Nothing is judged while the file is read but its form, so that what is big is checked only under a checkpoint that
 * holds. The events stand side by side in the filing tree, so one range proof does for the batch, and a label is proven
 * once for each subject, not for each event. The first thing wrong ends it; what was read is let go of by its
 * owners. */
#include "ledger/proof/filing_proof.h"

#include "ledger/base/wrong.h"
#include "ledger/subject/subject.h"
#include "ledger/tree/subject_tree.h"

#define ROOT_MEMBERS "type sender checkpoint genesis epoch batch tree events ?subjects"

struct shown_filing {
	uint32_t sender;
	struct anchor anchor;
	struct included batch;
	uint64_t tree_size;
	uint64_t first;
	struct hashes range_proof;
	size_t count;
	struct hash *blinds;
	uint8_t (*vrf_proofs)[VRF_PROOF_BYTES];
	struct finding *finding;
};

static void shown_filing_release(struct shown_filing *shown)
{
	free(shown->blinds);
	free(shown->vrf_proofs);
}

/* ---- reading ---- */

static void read_tree(struct form *form, struct shown_filing *shown)
{
	const json_t *tree = form_enter(form, "tree");
	form_members(form, tree, "size first proof");
	shown->tree_size = form_number(form, tree, "size");
	shown->first = form_number(form, tree, "first");
	shown->range_proof = form_hashes(form, tree, "proof", MERKLE_RANGE_PROOF_MAX);
}

static void read_events(
	struct form *form, const json_t *root, bool proofs, struct shown_filing *shown, struct filing_proof *out)
{
	form_part(form, "file", FINDING_NO_INDEX);
	const json_t *list = form_array(form, root, "events", BATCH_EVENTS_MAX);
	shown->count = json_array_size(list);
	shown->blinds = form_room(form, shown->count, sizeof *shown->blinds);
	out->labels = form_room(form, shown->count, sizeof *out->labels);
	out->subject_of = proofs ? form_room(form, shown->count, sizeof *out->subject_of) : NULL;
	for (size_t i = 0; i < shown->count && form->error == E_OK; i++) {
		const json_t *event = json_array_get(list, i);
		form_part(form, "events", i);
		form_members(form, event, proofs ? "blind label subject" : "blind label");
		form_fixed(form, event, "blind", shown->blinds[i].b, HASH_BYTES);
		form_fixed(form, event, "label", out->labels[i].b, LABEL_BYTES);
		if (!proofs)
			continue;
		uint64_t subject = form_number(form, event, "subject");
		if (WRONG(subject >= out->subject_count))
			form_fail(form, "subject", "is no place in the list of subjects");
		out->subject_of[i] = (uint32_t)subject;
	}
}

static void read_subjects(struct form *form, const json_t *root, struct shown_filing *shown, struct filing_proof *out)
{
	form_part(form, "file", FINDING_NO_INDEX);
	const json_t *list = form_array(form, root, "subjects", BATCH_EVENTS_MAX);
	out->subject_count = json_array_size(list);
	out->subjects = form_room(form, out->subject_count, sizeof *out->subjects);
	shown->vrf_proofs = form_room(form, out->subject_count, sizeof *shown->vrf_proofs);
	for (size_t i = 0; i < out->subject_count && form->error == E_OK; i++) {
		const json_t *subject = json_array_get(list, i);
		form_part(form, "subjects", i);
		form_members(form, subject, "subject vrf_proof");
		out->subjects[i].id = form_text(form, subject, "subject", SUBJECT_BYTES_MAX);
		form_fixed(form, subject, "vrf_proof", shown->vrf_proofs[i], VRF_PROOF_BYTES);
	}
}

static enum error read_all(struct form *form, struct shown_filing *shown, struct filing_proof *out)
{
	const json_t *root = form->document;
	form_members(form, root, ROOT_MEMBERS);
	form_constant(form, root, "type", "indsigt-filing/v1");
	uint64_t sender = form_number(form, root, "sender");
	if (WRONG(sender == 0 || sender > UINT32_MAX))
		form_fail(form, "sender", "must be a sender's id");
	shown->sender = (uint32_t)sender;
	form_anchor(form, &shown->anchor);
	form_included(form, form_enter(form, "epoch"), "", &shown->anchor.epoch_shown);
	form_included(form, form_enter(form, "batch"), "", &shown->batch);
	read_tree(form, shown);
	bool proofs = form_has(root, "subjects");
	if (proofs)
		read_subjects(form, root, shown, out);
	read_events(form, root, proofs, shown, out);
	return form_done(form);
}

/* ---- checking ---- */

static enum error check_batch(const struct shown_filing *shown, struct filing_proof *out)
{
	struct entry entry;
	const struct included *batch = &shown->batch;
	if (WRONG(!included_is(batch, ENTRY_BATCH, &entry)))
		return finding_set(shown->finding, FINDING_BATCH_ENTRY, batch->index);
	if (WRONG(!included_check(batch, &shown->anchor.checkpoint)))
		return finding_set(shown->finding, FINDING_BATCH_INCLUSION, batch->index);
	if (WRONG(entry.batch.sender != shown->sender) || WRONG(entry.batch.count >= batch->index) ||
		WRONG(batch->index > shown->anchor.epoch.size))
		return finding_set(shown->finding, FINDING_FILING_BATCH, batch->index);
	if (WRONG(entry.batch.count != shown->count))
		return finding_form(shown->finding, "file", FINDING_NO_INDEX, "events", "must be as many as the batch has");
	out->batch = entry.batch;
	out->first_index = batch->index - entry.batch.count;
	return E_OK;
}

/* Each subject's label comes from its proof, and each event stands under the label of its subject. */
static enum error check_subjects(const struct shown_filing *shown, const struct vkey *log, struct filing_proof *out)
{
	for (size_t i = 0; i < out->subject_count; i++) {
		struct filing_subject *subject = &out->subjects[i];
		if (WRONG(subject_check(subject->id) != E_OK))
			return finding_set(shown->finding, FINDING_SUBJECT_SPELLING, FINDING_NO_INDEX);
		if (label_verify(
				shown->anchor.genesis.vrf_key, log->name, subject->id, shown->vrf_proofs[i], &subject->label) != E_OK)
			return finding_set(shown->finding, FINDING_VRF, FINDING_NO_INDEX);
	}
	for (size_t i = 0; out->subject_of != NULL && i < shown->count; i++) {
		const struct filing_subject *subject = &out->subjects[out->subject_of[i]];
		if (WRONG(memcmp(out->labels[i].b, subject->label.b, LABEL_BYTES) != 0))
			return finding_set(shown->finding, FINDING_FILING_SUBJECTS, out->first_index + i);
	}
	return E_OK;
}

static enum error check_tree(struct shown_filing *shown, const struct filing_proof *out)
{
	/* Each blind is used once: its place takes the leaf. */
	struct hash *leaves = shown->blinds;
	for (size_t i = 0; i < shown->count; i++)
		filing_leaf_hash(&shown->blinds[i], out->first_index + i, &out->labels[i], &leaves[i]);
	if (WRONG(shown->tree_size > shown->anchor.epoch.size) ||
		WRONG(merkle_verify_range(leaves, shown->first, shown->count, shown->tree_size, shown->range_proof.at,
				  shown->range_proof.count, &shown->anchor.epoch.filing_root) != E_OK))
		return finding_set(shown->finding, FINDING_FILING_TREE, shown->batch.index);
	return E_OK;
}

/* In the order of spec/filing.md. */
static enum error check_all(
	struct shown_filing *shown, const struct vkey *log, const struct witness_policy *policy, struct filing_proof *out)
{
	struct anchor *anchor = &shown->anchor;
	TRY(anchor_check_checkpoint(anchor, log, shown->finding));
	TRY(anchor_check_witnesses(anchor, log, policy, &out->seen, shown->finding));
	TRY(anchor_check_genesis(anchor, log, shown->finding));
	TRY(anchor_check_epoch(anchor, shown->finding));
	TRY(check_batch(shown, out));
	TRY(check_subjects(shown, log, out));
	TRY(check_tree(shown, out));
	out->size = anchor->checkpoint.size;
	out->epoch_index = anchor->epoch_shown.index;
	out->epoch_size = anchor->epoch.size;
	out->epoch_time_s = anchor->epoch.time_s;
	return E_OK;
}

/* The ids are borrowed from the document, which goes: behind what was decoded there is room for them, because they
 * stand in the text as well. */
static void keep_subjects(struct form *form, struct filing_proof *out)
{
	for (size_t i = 0; i < out->subject_count; i++) {
		struct bytes *id = &out->subjects[i].id;
		memcpy(form->memory + form->used, id->data, id->len);
		id->data = form->memory + form->used;
		form->used += id->len;
	}
	out->memory = form_take(form);
}

enum error filing_proof_verify(struct bytes text, const struct vkey *log, const struct witness_policy *policy,
	struct filing_proof **out, struct finding *finding)
{
	struct finding ignored;
	OWNED(form_close) struct form form = {0};
	OWNED(shown_filing_release) struct shown_filing shown = {.finding = finding ? finding : &ignored};
	OWNED(filing_proof_release) struct filing_proof *proof = calloc(1, sizeof *proof);
	*shown.finding = (struct finding){.code = FINDING_NONE, .index = FINDING_NO_INDEX};
	TRY(allocated(proof));
	TRY(form_open(text, STATEMENT_BYTES_MAX, &form, shown.finding));
	TRY(read_all(&form, &shown, proof));
	TRY(check_all(&shown, log, policy, proof));
	keep_subjects(&form, proof);
	*out = OWN_TAKE(proof);
	return E_OK;
}

void filing_proof_free(struct filing_proof *proof)
{
	if (proof == NULL)
		return;
	free(proof->labels);
	free(proof->subjects);
	free(proof->subject_of);
	free(proof->memory);
	free(proof);
}
