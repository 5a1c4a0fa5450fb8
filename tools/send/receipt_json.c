#include "tools/send/receipt_json.h"

#include "ledger/event/event_json.h"

#include <sodium.h>
#include <stdlib.h>

json_t *base64_to_json(struct bytes value)
{
	size_t max = sodium_base64_encoded_len(value.len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(max);
	if (text == NULL)
		return NULL;
	sodium_bin2base64(text, max, value.data, value.len, sodium_base64_VARIANT_ORIGINAL);
	json_t *json = json_string(text);
	free(text);
	return json;
}

static json_t *proof_to_json(const struct merkle_proof *proof)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < proof->count; i++)
		if (json_array_append_new(list, base64_to_json(hash_bytes(&proof->hashes[i]))) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

json_t *receipt_to_json(const char *origin, const struct batch_head *batch, const struct receipt *receipt)
{
	json_t *head = json_pack("{s:s, s:I, s:I, s:I, s:o}", "kind", batch->kind == BATCH_MASS ? "mass" : "event",
		"first_sequence", (json_int_t)batch->first_sequence, "count", (json_int_t)batch->count, "filing_checked",
		(json_int_t)batch->filing_checked, "signature", base64_to_json(BYTES_ARRAY(batch->signature)));
	return json_pack("{s:s, s:I, s:o, s:I, s:I, s:o, s:s%}", "origin", origin, "sender", (json_int_t)batch->sender,
		"batch", head, "first_index", (json_int_t)receipt->first_index, "count", (json_int_t)receipt->count,
		"inclusion", proof_to_json(&receipt->inclusion), "checkpoint", (const char *)receipt->checkpoint.data,
		receipt->checkpoint.len);
}

enum error json_line(json_t *json, FILE *out)
{
	if (json == NULL)
		return E_NO_MEMORY;
	int result = json_dumpf(json, out, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(json);
	return result == 0 && putc('\n', out) != EOF ? E_OK : E_IO;
}
