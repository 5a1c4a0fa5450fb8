/* A ledger that has lost a batch cannot prove where it is filed; without this file it could as well say nothing, and a
 * sender could not tell loss from silence. What is shown: the batch entry is this sender's, and a loss entry that
 * stands after it covers at least one of its events. One file is about one loss entry; that others cover the rest is
 * said by other files. */
#include "ledger/proof/filing_lost.h"

#include "ledger/base/wrong.h"

#define TYPE "indsigt-filing-lost/v1"

struct shown_loss {
	uint32_t sender;
	struct anchor anchor; /* checkpoint and genesis entry */
	struct included batch;
	struct included loss;
};

bool filing_lost_is(struct bytes text)
{
	char type[FORM_TYPE_MAX + 1];
	return form_type(text, type) == E_OK && strcmp(type, TYPE) == 0;
}

static enum error read_all(struct form *form, struct shown_loss *shown)
{
	const json_t *root = form->document;
	form_part(form, "file", FINDING_NO_INDEX);
	form_members(form, root, "type sender checkpoint genesis batch loss");
	form_constant(form, root, "type", TYPE);
	uint64_t sender = form_number(form, root, "sender");
	if (WRONG(sender == 0 || sender > UINT32_MAX))
		form_fail(form, "sender", "must be a sender's id");
	shown->sender = (uint32_t)sender;
	form_anchor(form, &shown->anchor);
	form_included(form, form_enter(form, "batch"), "", &shown->batch);
	form_included(form, form_enter(form, "loss"), "", &shown->loss);
	return form_done(form);
}

static enum error check_batch(const struct shown_loss *shown, struct filing_lost *out, struct finding *finding)
{
	struct entry entry;
	const struct included *batch = &shown->batch;
	if (WRONG(!included_is(batch, ENTRY_BATCH, &entry)))
		return finding_set(finding, FINDING_BATCH_ENTRY, batch->index);
	if (WRONG(!included_check(batch, &shown->anchor.checkpoint)))
		return finding_set(finding, FINDING_BATCH_INCLUSION, batch->index);
	if (WRONG(entry.batch.sender != shown->sender) || WRONG(entry.batch.count >= batch->index))
		return finding_set(finding, FINDING_FILING_BATCH, batch->index);
	out->batch = entry.batch;
	out->first_index = batch->index - entry.batch.count;
	return E_OK;
}

static enum error check_loss(const struct shown_loss *shown, struct filing_lost *out, struct finding *finding)
{
	struct entry entry;
	const struct included *loss = &shown->loss;
	if (WRONG(!included_is(loss, ENTRY_LOSS, &entry)))
		return finding_set(finding, FINDING_LOSS_ENTRY, loss->index);
	if (WRONG(!included_check(loss, &shown->anchor.checkpoint)))
		return finding_set(finding, FINDING_LOSS_INCLUSION, loss->index);
	uint64_t first = entry.loss.first > out->first_index ? entry.loss.first : out->first_index;
	uint64_t end = entry.loss.end < shown->batch.index ? entry.loss.end : shown->batch.index;
	if (WRONG(first >= end) || WRONG(loss->index <= shown->batch.index))
		return finding_set(finding, FINDING_LOSS_RANGE, loss->index);
	out->loss_index = loss->index;
	out->events = (uint32_t)(end - first);
	return E_OK;
}

/* In the order of spec/filing.md. */
static enum error check_all(struct shown_loss *shown, const struct vkey *log, const struct witness_policy *policy,
	struct filing_lost *out, struct finding *finding)
{
	TRY(anchor_check_checkpoint(&shown->anchor, log, finding));
	TRY(anchor_check_witnesses(&shown->anchor, log, policy, &out->seen, finding));
	TRY(anchor_check_genesis(&shown->anchor, log, finding));
	TRY(check_batch(shown, out, finding));
	TRY(check_loss(shown, out, finding));
	out->size = shown->anchor.checkpoint.size;
	return E_OK;
}

enum error filing_lost_verify(struct bytes text, const struct vkey *log, const struct witness_policy *policy,
	struct filing_lost *out, struct finding *finding)
{
	struct finding ignored;
	OWNED(form_close) struct form form = {0};
	struct shown_loss shown = {0};
	struct filing_lost lost = {.size = 0};
	if (finding == NULL)
		finding = &ignored;
	*finding = (struct finding){.code = FINDING_NONE, .index = FINDING_NO_INDEX};
	TRY(form_open(text, STATEMENT_BYTES_MAX, &form, finding));
	TRY(read_all(&form, &shown));
	TRY(check_all(&shown, log, policy, &lost, finding));
	*out = lost;
	return E_OK;
}
