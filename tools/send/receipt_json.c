/* A receipt is printed with all that a stranger needs to check it who has the log's key and nothing else: the batch as
 * it was signed, where it stands, the way to the checkpoint and the checkpoint itself. It names nobody. Fields stand in
 * the order of spec/sender.md; `indsigt verify` refuses any other member, so what is added here has to be added
 * there. */
#include "tools/send/receipt_json.h"

#include "ledger/json/json_base64.h"

/* The batch's own fields are what the entry is made of again by who verifies it; the entry's bytes are not given, so
 * the two cannot differ. */
json_t *receipt_to_json(const char *origin, const struct batch_head *batch, const struct receipt *receipt)
{
	json_t *head = json_pack("{s:s, s:I, s:I, s:I, s:o}", "kind", batch->kind == BATCH_MASS ? "mass" : "event",
		"first_sequence", (json_int_t)batch->first_sequence, "count", (json_int_t)batch->count, "filing_checked",
		(json_int_t)batch->filing_checked, "signature", json_base64(BYTES_ARRAY(batch->signature)));
	return json_pack("{s:s, s:I, s:o, s:I, s:I, s:o, s:s%}", "origin", origin, "sender", (json_int_t)batch->sender,
		"batch", head, "first_index", (json_int_t)receipt->first_index, "count", (json_int_t)receipt->count,
		"inclusion", json_hashes(receipt->inclusion.hashes, receipt->inclusion.count), "checkpoint",
		(const char *)receipt->checkpoint.data, receipt->checkpoint.len);
}
