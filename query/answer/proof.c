/* Both sides of one format, so that they change together. Checking reads and sizes everything before it judges
 * anything. Of an open event c_d is computed and not read, so the proof cannot say two things about its content. */
#include "query/answer/proof.h"

#include "ledger/base/own.h"
#include "ledger/base/wrong.h"
#include "ledger/text/base64.h"

#include <stdlib.h>
#include <string.h>

/* The largest value of a proof: the disclosed part of an event from an adapter. */
#define VALUE_BYTES_MAX EVENT_BYTES_MAX_ADAPTER

/* ---- making ---- */

enum error included_members(struct text *text, struct snapshot *snapshot, uint64_t index)
{
	struct bytes entry;
	struct merkle_proof inclusion;
	TRY(snapshot_entry(snapshot, index, &entry));
	TRY(snapshot_prove_inclusion(snapshot, index, &inclusion));
	text_base64(text, "entry", entry);
	text_hashes(text, "inclusion", inclusion.hashes, inclusion.count);
	return text->error;
}

enum error included_write(struct text *text, const char *name, struct snapshot *snapshot, uint64_t index)
{
	text_object(text, name);
	if (index > 0)
		text_number(text, "index", index);
	TRY(included_members(text, snapshot, index));
	text_object_end(text);
	return text->error;
}

/* The entry is found once: it stands among 256 that have no fixed length. */
enum error proof_open(struct snapshot *snapshot, uint64_t index, struct bytes *entry, struct opened *opened)
{
	struct entry decoded;
	TRY(snapshot_entry(snapshot, index, entry));
	if (entry_decode(*entry, &decoded) != E_OK)
		return E_CORRUPT;
	if (decoded.kind != ENTRY_EVENT && decoded.kind != ENTRY_MASS)
		return E_NOT_FOUND;
	return snapshot_open_record_of(snapshot, index, &decoded.event, opened);
}

enum error proof_write(struct text *text, struct snapshot *snapshot, uint64_t index, struct bytes entry,
	const struct opened *opened, enum shown shown)
{
	struct merkle_proof inclusion;
	TRY(snapshot_prove_inclusion(snapshot, index, &inclusion));
	text_object(text, "proof");
	text_number(text, "index", index);
	text_number(text, "size", snapshot_checkpoint(snapshot)->size);
	text_base64(text, "entry", entry);
	text_base64(text, "header", opened->header);
	if (shown != SHOWN_NOTHING)
		text_base64(text, "disclosed", opened->disclosed);
	if (shown == SHOWN_WHOLE) {
		text_base64(text, "restricted", opened->restricted);
		text_base64(text, "secret", BYTES_ARRAY(opened->secret.b));
	} else if (shown == SHOWN_DISCLOSED) {
		text_base64(text, "c_r", hash_bytes(&opened->c_r));
	} else {
		text_base64(text, "c_d", hash_bytes(&opened->c_d));
	}
	text_hashes(text, "inclusion", inclusion.hashes, inclusion.count);
	text_object_end(text);
	return text->error;
}

/* ---- checking ---- */

/* Strict base64 of at most `max` bytes into `buffer`. */
static bool base64_read(const json_t *value, uint8_t *buffer, size_t max, struct bytes *out)
{
	size_t len = 0;
	const char *text = json_string_value(value);
	if (text == NULL || !base64_decode(bytes_of(text, json_string_length(value)), buffer, max, &len))
		return false;
	*out = bytes_of(buffer, len);
	return true;
}

static bool base64_read_32(const json_t *value, uint8_t out[32])
{
	uint8_t buffer[32];
	struct bytes bytes;
	if (!base64_read(value, buffer, sizeof buffer, &bytes) || bytes.len != sizeof buffer)
		return false;
	memcpy(out, buffer, sizeof buffer);
	return true;
}

static bool number_read(const json_t *value, uint64_t *out)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

/* Everything in a proof, read and sized, nothing judged. */
struct parsed {
	uint64_t index;
	uint64_t size;
	struct bytes entry;
	struct bytes header;
	struct bytes disclosed;
	struct bytes restricted;
	bool open, whole;
	struct key secret;
	struct hash c_d;
	struct hash c_r;
	struct merkle_proof inclusion;
	uint8_t entry_memory[ENTRY_EVENT_BYTES];
	uint8_t header_memory[HEADER_BYTES_MAX];
};

static bool inclusion_parse(const json_t *list, struct merkle_proof *out)
{
	size_t count = json_array_size(list);
	if (!json_is_array(list) || count > PROOF_HASHES_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!base64_read_32(json_array_get(list, i), out->hashes[i].b))
			return false;
	out->count = (uint32_t)count;
	return true;
}

static bool proof_parse(const json_t *proof, uint8_t *memory, struct parsed *out)
{
	if (!number_read(json_object_get(proof, "index"), &out->index) ||
		!number_read(json_object_get(proof, "size"), &out->size))
		return false;
	out->open = json_object_get(proof, "disclosed") != NULL;
	out->whole = out->open && json_object_get(proof, "secret") != NULL;
	if (out->open && !base64_read(json_object_get(proof, "disclosed"), memory, VALUE_BYTES_MAX, &out->disclosed))
		return false;
	if (out->open && !out->whole && !base64_read_32(json_object_get(proof, "c_r"), out->c_r.b))
		return false;
	if (out->whole && (!base64_read_32(json_object_get(proof, "secret"), out->secret.b) ||
						  !base64_read(json_object_get(proof, "restricted"), memory + VALUE_BYTES_MAX, VALUE_BYTES_MAX,
							  &out->restricted)))
		return false;
	if (!out->open && !base64_read_32(json_object_get(proof, "c_d"), out->c_d.b))
		return false;
	return base64_read(json_object_get(proof, "entry"), out->entry_memory, sizeof out->entry_memory, &out->entry) &&
		   base64_read(json_object_get(proof, "header"), out->header_memory, sizeof out->header_memory, &out->header) &&
		   inclusion_parse(json_object_get(proof, "inclusion"), &out->inclusion);
}

/* From the parts to the commitment, and from the entry to the root. */
static enum error parsed_check(
	struct parsed *parsed, const struct checkpoint *checkpoint, struct proven *proven, struct fault *fault)
{
	struct entry entry;
	if (entry_decode(parsed->entry, &entry) != E_OK || WRONG(entry.kind != ENTRY_EVENT))
		return fault_set(fault, E_BAD_VALUE, "the proof's entry is not an event entry");
	struct reader reader = reader_of(parsed->header);
	event_header_decode(&reader, &proven->header);
	if (WRONG(reader_done(&reader) != E_OK))
		return fault_set(fault, E_BAD_VALUE, "the proof's header is malformed");
	struct hash commitment;
	if (parsed->whole)
		event_commit_restricted(&parsed->secret, parsed->restricted, &parsed->c_r);
	if (parsed->open)
		event_commit_disclosed(&parsed->c_r, parsed->disclosed, &parsed->c_d);
	event_commitment(parsed->header, &parsed->c_d, &commitment);
	if (WRONG(!hash_equal(&commitment, &entry.event.commitment)))
		return fault_set(fault, E_COMMITMENT, "the commitment of index %llu does not match what is shown",
			(unsigned long long)parsed->index);
	struct hash leaf;
	merkle_leaf_hash(parsed->entry, &leaf);
	if (WRONG(parsed->size != checkpoint->size) ||
		WRONG(merkle_verify_inclusion(&leaf, parsed->index, checkpoint->size, parsed->inclusion.hashes,
				  parsed->inclusion.count, &checkpoint->root) != E_OK))
		return fault_set(fault, E_BAD_PROOF, "the inclusion proof of index %llu does not hold under the checkpoint",
			(unsigned long long)parsed->index);
	proven->entry = entry.event;
	return E_OK;
}

enum error proof_check(
	const json_t *proof, const struct checkpoint *checkpoint, struct proven *out, struct fault *fault)
{
	OWNED_MEMORY uint8_t *memory = malloc(2 * VALUE_BYTES_MAX); /* both parts */
	TRY(fault_set(fault, allocated(memory), ""));
	struct parsed parsed = {0};
	if (!proof_parse(proof, memory, &parsed))
		return fault_set(fault, E_BAD_VALUE, "a proof is malformed or lacks a member");
	struct proven proven = {.index = parsed.index, .open = parsed.open, .whole = parsed.whole};
	TRY(parsed_check(&parsed, checkpoint, &proven, fault));
	proven.disclosed = parsed.disclosed;
	proven.restricted = parsed.restricted;
	proven.memory = memory;
	memory = NULL;
	*out = proven;
	return E_OK;
}

void proven_release(struct proven *proven)
{
	free(proven->memory);
	proven->memory = NULL;
}
