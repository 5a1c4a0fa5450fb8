/* A receipt holds no entry: the batch entry is encoded again from what the receipt says of the batch, and its place
 * follows from the first event's. So nothing that is shown can differ from what stands under the checkpoint. */
#include "tools/verify/receipt_file.h"

#include "ledger/base/wrong.h"
#include "ledger/json/json_read.h"

#define RECEIPT_LINE_MAX 65536u

/* Numbers are judged together when all are read: which of two that do not fit is wrong, nobody can say. */
static void read_receipt(struct form *form, const char *origin, struct receipt_shown *out)
{
	const json_t *root = form->document;
	form_part(form, "receipt", FINDING_NO_INDEX);
	form_members(form, root, "origin sender batch first_index count inclusion checkpoint");
	form_constant(form, root, "origin", origin);
	out->note = form_text(form, root, "checkpoint", NOTE_BYTES_MAX);
	uint64_t sender = form_number(form, root, "sender");
	uint64_t count = form_number(form, root, "count");
	uint64_t first_index = form_number(form, root, "first_index");
	out->at.proof = form_hashes(form, root, "inclusion", PROOF_HASHES_MAX);
	const json_t *batch = form_object(form, root, "batch");
	form_members(form, batch, "kind first_sequence count filing_checked signature");
	struct bytes kind = form_text(form, batch, "kind", 5);
	if (WRONG(!bytes_equal(kind, BYTES_LITERAL("event")) && !bytes_equal(kind, BYTES_LITERAL("mass"))))
		form_fail(form, "kind", "must be event or mass");
	if (WRONG(sender == 0 || sender > UINT32_MAX))
		form_fail(form, "sender", "must be a sender's id");
	if (WRONG(count > BATCH_EVENTS_MAX) || WRONG(form_number(form, batch, "count") != count))
		form_fail(form, "count", "does not fit the batch");
	out->batch.sender = (uint32_t)sender;
	out->batch.count = (uint32_t)count;
	out->batch.first_sequence = form_number(form, batch, "first_sequence");
	out->batch.filing_checked = form_number(form, batch, "filing_checked");
	form_fixed(form, batch, "signature", out->batch.signature, sizeof out->batch.signature);
	out->mass = bytes_equal(kind, BYTES_LITERAL("mass"));
	out->first_index = first_index;
	out->at.index = first_index + count; /* both below 2^63 */
}

static enum error check_receipt(
	struct receipt_shown *shown, const struct vkey *log, const struct witness_policy *policy, struct finding *finding)
{
	struct entry entry = {.kind = ENTRY_BATCH, .batch = shown->batch};
	struct anchor anchor = {.note = shown->note};
	TRY(anchor_check_checkpoint(&anchor, log, finding));
	TRY(anchor_check_witnesses(&anchor, log, policy, &shown->seen, finding));
	shown->checkpoint = anchor.checkpoint;
	struct writer w = writer_of(shown->entry, sizeof shown->entry);
	if (WRONG(entry_encode(&entry, &w) != E_OK) || writer_done(&w, &shown->at.entry) != E_OK)
		return finding_set(finding, FINDING_BATCH_ENTRY, shown->at.index);
	if (WRONG(!included_check(&shown->at, &shown->checkpoint)))
		return finding_set(finding, FINDING_BATCH_INCLUSION, shown->at.index);
	return E_OK;
}

enum error receipt_file_next(struct bytes *rest, const struct vkey *log, const struct witness_policy *policy,
	struct receipt_shown *out, struct finding *finding)
{
	const uint8_t *end = memchr(rest->data, '\n', rest->len);
	struct bytes line = bytes_of(rest->data, end ? (size_t)(end - rest->data) : rest->len);
	size_t step = line.len + (end != NULL);
	*out = (struct receipt_shown){.mass = false};
	TRY(form_open(line, RECEIPT_LINE_MAX, &out->form, finding));
	read_receipt(&out->form, log->name, out);
	TRY(form_done(&out->form));
	TRY(check_receipt(out, log, policy, finding));
	*rest = bytes_of(rest->data + step, rest->len - step);
	return E_OK;
}

/* Asked after a refusal, so that a person with many ledgers is told to take another key, and not that the receipt was
 * forged. */
bool receipt_file_of_other(struct bytes rest, const struct vkey *log)
{
	const uint8_t *end = memchr(rest.data, '\n', rest.len);
	json_auto_t *json = NULL;
	if (json_read(bytes_of(rest.data, end ? (size_t)(end - rest.data) : rest.len), 0, NULL, &json) != E_OK)
		return false;
	const json_t *note = json_object_get(json, "checkpoint");
	return json_is_string(note) &&
		   !note_claims(bytes_of((const uint8_t *)json_string_value(note), json_string_length(note)), log);
}

void receipt_shown_release(struct receipt_shown *shown)
{
	form_close(&shown->form);
}
