/* Leaves out each check of what all verifiers are made of in turn: trees, maps, the VRF, notes and keys, cosignatures,
 * and the receipts of the wire. */
#include "ledger/entry/receipt.h"
#include "ledger/label/vrf.h"
#include "ledger/note/cosignature.h"
#include "ledger/tree/merkle.h"
#include "ledger/tree/subject_map.h"
#include "tests/lib/leave_out.h"
#include "tests/lib/unit.h"

#define HASHES_MAX 256

static const struct implied implied[] = {
	{"merkle.c", "reader->left == 0", "what is read behind the proof leaves fewer than none, which is not none"},
	{"vrf.c", "!crypto_core_ristretto255_is_valid_point(public_key)",
		"the library multiplies no bytes that are no point, and then the challenge is another"},
	{"vrf.c", "!crypto_core_ristretto255_is_valid_point(gamma)", "the same"},
	{"note.c", "name.len > ORIGIN_BYTES_MAX", "there is no room for a longer one"},
	{"note.c", "!bytes_utf8(text)",
		"names are UTF-8, and nothing else in a checkpoint or its lines has room for other bytes"},
	{"note.c", "text.data[i] < ' ' && text.data[i] != '\\n'",
		"the lines of a checkpoint and of signatures have no place for one; other notes' texts are signed"},
	{"note.c", "!base64_decode(text, key, sizeof key, &key_len)", "the key id is of other bytes"},
	{"note.c", "key_len != sizeof key", "the key id is of other bytes"},
	{"note.c", "!base64_decode(text, hash.b, HASH_BYTES, &len)", "what is not read has no bytes"},
	{"note.c", "origin.len > ORIGIN_BYTES_MAX", "a key's name is no longer, and the origin must be it"},
	{"note.c", "!base64_decode_front(rest, value, sizeof value, &len)", "what is not read has no bytes"},
	{"note.c", "border == note.data", "without an empty line there is no text"},
	{"receipt.c", "out->count > MERKLE_PROOF_MAX",
		"a tree that has so many levels has no index that fits; there is no room for more"},
	{"receipt.c", "receipt_checkpoint(receipt, log, position, &checkpoint) != E_OK",
		"without a checkpoint nothing is included; the checks in it are those of notes"},
};

static struct verdict plain(enum error error)
{
	return (struct verdict){error, FINDING_NONE};
}

static size_t hashes_of(const json_t *list, struct hash hashes[HASHES_MAX])
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	size_t count = json_array_size(list);
	ck_assert_uint_le(count, HASHES_MAX);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(vector_unhex(json_string_value(json_array_get(list, i)), buffer).len, HASH_BYTES);
		memcpy(hashes[i].b, buffer, HASH_BYTES);
	}
	return count;
}

/* How a root is made is no check: such vectors give what they expect. */
static struct verdict as_expected(const json_t *vector)
{
	return plain(strcmp(vector_text(vector, "expect"), "ok") == 0 ? E_OK : E_BAD_PROOF);
}

static struct verdict verify_tree(const json_t *vector)
{
	static struct hash proof[HASHES_MAX], leaves[HASHES_MAX];
	struct hash root, other;
	const char *kind = vector_text(vector, "kind");
	size_t count = hashes_of(json_object_get(vector, "proof"), proof);
	vector_fixed(vector, "root", &root, sizeof root);
	if (strcmp(kind, "root") == 0)
		return as_expected(vector);
	if (strcmp(kind, "range") == 0) {
		size_t leaf_count = hashes_of(json_object_get(vector, "leaves"), leaves);
		return plain(merkle_verify_range(
			leaves, vector_number(vector, "first"), leaf_count, vector_number(vector, "size"), proof, count, &root));
	}
	vector_fixed(vector, strcmp(kind, "inclusion") == 0 ? "leaf" : "old_root", &other, sizeof other);
	if (strcmp(kind, "inclusion") == 0)
		return plain(merkle_verify_inclusion(
			&other, vector_number(vector, "index"), vector_number(vector, "size"), proof, count, &root));
	return plain(merkle_verify_consistency(
		vector_number(vector, "old_size"), &other, vector_number(vector, "size"), &root, proof, count));
}

static struct verdict verify_map(const json_t *vector)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	uint8_t key[MAP_KEY_BYTES];
	struct hash root, value;
	const char *kind = vector_text(vector, "kind");
	vector_fixed(vector, "root", &root, sizeof root);
	if (json_object_get(vector, "proof") == NULL)
		return as_expected(vector);
	vector_fixed(vector, "key", key, sizeof key);
	struct bytes proof = vector_hex(vector, "proof", buffer);
	if (strcmp(kind, "present") != 0)
		return plain(map_verify_absent(&root, key, proof));
	vector_fixed(vector, "value", &value, sizeof value);
	return plain(map_verify_present(&root, key, &value, proof));
}

static struct verdict verify_vrf(const json_t *vector)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	uint8_t public_key[32], proof[VRF_PROOF_BYTES], beta[VRF_OUTPUT_BYTES];
	vector_fixed(vector, "public_key", public_key, sizeof public_key);
	vector_fixed(vector, "proof", proof, sizeof proof);
	return plain(vrf_verify(public_key, vector_hex(vector, "alpha", buffer), proof, beta));
}

static struct verdict verify_checkpoint(const json_t *vector)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	struct vkey vkey;
	struct checkpoint checkpoint;
	struct bytes note = json_object_get(vector, "note_hex") ? vector_hex(vector, "note_hex", buffer)
															: bytes_text(vector_text(vector, "note"));
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
	return plain(checkpoint_verify(note, &vkey, &checkpoint));
}

static struct verdict verify_vkey(const json_t *vector)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	struct vkey vkey;
	struct bytes text = json_object_get(vector, "vkey_hex") ? vector_hex(vector, "vkey_hex", buffer)
															: bytes_text(vector_text(vector, "vkey"));
	return plain(vkey_parse(text, &vkey));
}

static struct verdict verify_cosignatures(const json_t *vector)
{
	struct vkey keys[8];
	struct note note;
	uint64_t times[8];
	const json_t *texts = json_object_get(vector, "keys");
	size_t count = json_array_size(texts);
	ck_assert_uint_le(count, 8);
	for (size_t i = 0; i < count; i++)
		ck_ok(vkey_parse(bytes_text(json_string_value(json_array_get(texts, i))), &keys[i]));
	ck_ok(note_split(bytes_text(vector_text(vector, "note")), NOTE_BYTES_MAX, &note));
	return plain(cosignatures_read(&note, keys, count, times));
}

static struct verdict verify_receipt(const json_t *vector)
{
	static uint8_t buffer[VECTOR_BYTES_MAX], head_bytes[VECTOR_BYTES_MAX];
	static struct receipt_position position;
	struct receipt receipt;
	struct vkey vkey;
	struct batch_head head;
	struct fault fault = {.text = ""};
	enum error error = receipt_decode(vector_hex(vector, "receipt", buffer), &receipt);
	if (error != E_OK)
		return plain(error);
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
	struct reader in = reader_of(vector_hex(vector, "head", head_bytes));
	batch_head_decode(&in, &head);
	ck_ok(reader_done(&in));
	memset(&position, 0, sizeof position);
	if (json_object_get(vector, "old_note") != NULL)
		ck_ok(receipt_position_load(bytes_text(vector_text(vector, "old_note")), &vkey, &position));
	return plain(receipt_verify(&receipt, &vkey, &head, &position, &fault));
}

static const struct page parts[] = {
	{"tree", verify_tree, ""},
	{"map", verify_map, ""},
	{"vrf", verify_vrf, ""},
	{"checkpoint", verify_checkpoint, ""},
	{"vkey", verify_vkey, ""},
	{"cosignature", verify_cosignatures, ""},
	{"receipt", verify_receipt, ""},
};

START_TEST(every_check_is_needed)
{
	leave_out(parts, sizeof parts / sizeof parts[0], implied, sizeof implied / sizeof implied[0]);
}
END_TEST

UNIT_MAIN("leave_out_parts", every_check_is_needed)
