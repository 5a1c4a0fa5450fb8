#include "tools/receipt_json.h"

#include "ledger/event_json.h"

#include <sodium.h>
#include <stdlib.h>

static json_t *base64(struct bytes value)
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
		if (json_array_append_new(list, base64(hash_bytes(&proof->hashes[i]))) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

json_t *receipt_to_json(const char *origin, const struct batch_head *batch, const struct receipt *receipt)
{
	json_t *head = json_pack("{s:s, s:I, s:I, s:I, s:o}", "kind", batch->kind == BATCH_MASS ? "mass" : "event",
		"first_sequence", (json_int_t)batch->first_sequence, "count", (json_int_t)batch->count, "filing_checked",
		(json_int_t)batch->filing_checked, "signature", base64(BYTES_ARRAY(batch->signature)));
	return json_pack("{s:s, s:I, s:o, s:I, s:I, s:o, s:s%}", "origin", origin, "sender", (json_int_t)batch->sender,
		"batch", head, "first_index", (json_int_t)receipt->first_index, "count", (json_int_t)receipt->count,
		"inclusion", proof_to_json(&receipt->inclusion), "checkpoint", (const char *)receipt->checkpoint.data,
		receipt->checkpoint.len);
}

/* ---- refused messages ---- */

static json_t *text_to_json(struct bytes text, const char **member)
{
	*member = "message";
	json_t *json = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY, NULL);
	if (json == NULL)
		json = json_stringn((const char *)text.data, text.len); /* NULL unless it is UTF-8 */
	if (json != NULL)
		return json;
	*member = "message_base64";
	return base64(text);
}

static json_t *events_to_json(const struct event *events, size_t count)
{
	if (count == 1)
		return event_to_json(&events[0]);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(list, event_to_json(&events[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

json_t *refused_to_json(const struct refused *refused)
{
	const char *member = "message";
	json_t *message =
		refused->count > 0 ? events_to_json(refused->events, refused->count) : text_to_json(refused->text, &member);
	json_t *input = json_stringn((const char *)refused->input.data, refused->input.len);
	if (input == NULL)
		input = base64(refused->input); /* a path that is not UTF-8 */
	return json_pack("{s:o, s:I, s:s, s:s, s:o}", "input", input, "number", (json_int_t)refused->number + 1, "error",
		error_name(refused->error), "reason", refused->reason, member, message);
}

enum error json_line(json_t *json, FILE *out)
{
	if (json == NULL)
		return E_NO_MEMORY;
	int result = json_dumpf(json, out, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(json);
	return result == 0 && putc('\n', out) != EOF ? E_OK : E_IO;
}
