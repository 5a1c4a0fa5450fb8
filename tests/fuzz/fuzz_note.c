/* vkeys, notes and checkpoints: what is accepted is written back the same. */
#include "ledger/note/cosignature.h"
#include "ledger/note/note_sign.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key of seed 01...01: corpus notes are signed by it. */
static void make_key(struct vkey *vkey, uint8_t secret_key[64])
{
	uint8_t seed[32], public_key[32];
	memset(seed, 1, sizeof seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	enum error error = vkey_make("ledger.example/2026", NOTE_KEY_ED25519, public_key, vkey);
	assert(error == E_OK);
	(void)error;
}

static void try_vkey(struct bytes input)
{
	struct vkey vkey;
	char text[VKEY_TEXT_MAX + 1];
	if (vkey_parse(input, &vkey) != E_OK)
		return;
	vkey_format(&vkey, text);
	assert(bytes_equal(bytes_text(text), input));
}

static void try_checkpoint(struct bytes text)
{
	struct checkpoint checkpoint;
	uint8_t buffer[512];
	if (checkpoint_parse(text, &checkpoint) != E_OK)
		return;
	struct writer w = writer_of(buffer, sizeof buffer);
	enum error error = checkpoint_format(&checkpoint, &w);
	assert(error == E_OK && bytes_equal(text, bytes_of(buffer, writer_len(&w))));
	(void)error;
}

/* What a good cosignature is, signing it again says the same. */
static void try_cosignatures(struct bytes input, const struct vkey *key, const uint8_t secret_key[64])
{
	struct vkey cosigner;
	struct note note;
	uint64_t time_s;
	uint8_t buffer[512];
	struct writer w = writer_of(buffer, sizeof buffer);
	enum error error = vkey_make(key->name, NOTE_KEY_COSIGNATURE, key->public_key, &cosigner);
	assert(error == E_OK);
	if (note_split(input, NOTE_BYTES_MAX, &note) != E_OK || cosignatures_read(&note, &cosigner, 1, &time_s) != E_OK ||
		time_s == 0)
		return;
	error = cosignature_sign(note.text, &cosigner, secret_key, time_s, &w);
	assert(error == E_OK && memmem(note.lines.data, note.lines.len, buffer, writer_len(&w)) != NULL);
	(void)error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vkey vkey;
	uint8_t secret_key[64], buffer[2 * NOTE_BYTES_MAX];
	struct bytes input = bytes_of(data, size), text;
	struct checkpoint checkpoint;
	if (sodium_init() < 0)
		return 0;
	make_key(&vkey, secret_key);
	try_vkey(input);
	try_checkpoint(input);
	if (note_verify(input, &vkey, &text) == E_OK) {
		assert(text.data == data && text.len < size);
		try_checkpoint(text);
	}
	(void)!checkpoint_verify(input, &vkey, &checkpoint);
	(void)!checkpoint_parse_extended(input, &checkpoint);
	try_cosignatures(input, &vkey, secret_key);

	/* Any text that can be signed verifies as itself. */
	struct writer w = writer_of(buffer, sizeof buffer);
	if (size < NOTE_BYTES_MAX - 512 && note_sign(input, &vkey, secret_key, &w) == E_OK) {
		enum error error = note_verify(bytes_of(buffer, writer_len(&w)), &vkey, &text);
		assert(error == E_OK && bytes_equal(text, input));
		(void)error;
	}
	return 0;
}
