/* Receipts as 'indsigt send' prints them, one JSON object a line (tools/receipt_json.h): each is checked by itself. */
#include "ledger/evidence.h"
#include "tools/verify.h"

#include <string.h>

#define RECEIPT_LINE_MAX 65536u

struct receipts {
	uint64_t count;
	uint64_t events;
	uint64_t size; /* of the largest checkpoint */
};

/* What a receipt shows; the batch entry is made again from the batch. */
struct shown_receipt {
	struct bytes note;
	struct entry_batch batch;
	struct included at;
};

static void read_receipt(struct form *form, const char *origin, struct shown_receipt *out)
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
	if (!bytes_equal(kind, BYTES_LITERAL("event")) && !bytes_equal(kind, BYTES_LITERAL("mass")))
		form_fail(form, "kind", "must be event or mass");
	if (sender > UINT32_MAX || count == 0 || count > BATCH_EVENTS_MAX || form_number(form, batch, "count") != count)
		form_fail(form, "count", "does not fit the batch");
	out->batch.sender = (uint32_t)sender;
	out->batch.count = (uint32_t)count;
	out->batch.first_sequence = form_number(form, batch, "first_sequence");
	out->batch.filing_checked = form_number(form, batch, "filing_checked");
	form_fixed(form, batch, "signature", out->batch.signature, sizeof out->batch.signature);
	out->at.index = first_index + count; /* both below 2^63 */
}

static enum error check_receipt(
	struct shown_receipt *shown, const struct vkey *log, struct receipts *receipts, struct finding *finding)
{
	uint8_t buffer[ENTRY_BATCH_BYTES];
	struct checkpoint checkpoint;
	struct entry entry = {.kind = ENTRY_BATCH};
	if (checkpoint_verify(shown->note, log, &checkpoint) != E_OK)
		return finding_set(finding, FINDING_CHECKPOINT, FINDING_NO_INDEX);
	entry.batch = shown->batch;
	struct writer w = writer_of(buffer, sizeof buffer);
	if (entry_encode(&entry, &w) != E_OK || writer_done(&w, &shown->at.entry) != E_OK)
		return finding_set(finding, FINDING_BATCH_ENTRY, shown->at.index);
	if (!included_check(&shown->at, &checkpoint))
		return finding_set(finding, FINDING_BATCH_INCLUSION, shown->at.index);
	receipts->count++;
	receipts->events += shown->batch.count;
	receipts->size = checkpoint.size > receipts->size ? checkpoint.size : receipts->size;
	return E_OK;
}

static enum error take_line(
	const struct verify_call *call, struct bytes line, struct receipts *receipts, struct finding *finding)
{
	struct shown_receipt shown = {0};
	__attribute__((cleanup(form_close))) struct form form = {0};
	TRY(form_open(line, RECEIPT_LINE_MAX, &form, finding));
	read_receipt(&form, call->log.name, &shown);
	TRY(form_done(&form));
	return check_receipt(&shown, &call->log, receipts, finding);
}

enum error verify_receipts(const struct verify_call *call, struct finding *finding, uint64_t *number)
{
	struct receipts receipts = {0};
	struct bytes rest = call->text;
	*number = 1;
	if (rest.len == 0)
		return finding_form(finding, "file", FINDING_NO_INDEX, NULL, "is empty");
	while (rest.len > 0) {
		const uint8_t *end = memchr(rest.data, '\n', rest.len);
		size_t len = end ? (size_t)(end - rest.data) : rest.len;
		*number = receipts.count + 1;
		TRY(take_line(call, bytes_of(rest.data, len), &receipts, finding));
		len += end != NULL;
		rest = bytes_of(rest.data + len, rest.len - len);
	}
	if (call->json)
		return verify_json(json_pack("{s:s, s:b, s:s, s:I, s:I, s:I}", "kind", "receipts", "holds", true, "origin",
							   call->log.name, "receipts", (json_int_t)receipts.count, "events",
							   (json_int_t)receipts.events, "size", (json_int_t)receipts.size),
			call->out);
	verify_line(call->out, call->words->receipts, (unsigned long long)receipts.count,
		(unsigned long long)receipts.events, call->log.name, (unsigned long long)receipts.size);
	verify_line(call->out, "%s", call->words->receipts_scope);
	return E_OK;
}
