/* Signed notes (C2SP signed-note) and checkpoints (C2SP tlog-checkpoint). spec/checkpoint.md
 *
 * A note is text that ends in a newline, an empty line, and signature lines. A *vkey* is how a public
 * key is printed: name+hex(key id)+base64(type || public key). */
#pragma once

#include "ledger/hash.h"
#include "ledger/limits.h"

#define NOTE_KEY_ED25519 0x01
#define NOTE_KEY_COSIGNATURE 0x04

#define VKEY_TEXT_MAX (ORIGIN_BYTES_MAX + 1 + 8 + 1 + 44)

/* A verification key of an Ed25519 note signer. */
struct vkey {
	char name[ORIGIN_BYTES_MAX + 1];
	uint8_t type; /* NOTE_KEY_... */
	uint8_t id[4];
	uint8_t public_key[32];
};

/* A name is 1 to ORIGIN_BYTES_MAX bytes of UTF-8 without spaces, control characters or '+'. */
enum error vkey_make(const char *name, uint8_t type, const uint8_t public_key[32], struct vkey *out) MUST_USE;
/* Reads and checks the key id. E_BAD_KEY. */
enum error vkey_parse(struct bytes text, struct vkey *out) MUST_USE;
/* With the end mark; `out` holds VKEY_TEXT_MAX + 1 bytes. */
void vkey_format(const struct vkey *vkey, char *out);

/* A checkpoint: the signed promise "this log has this size and root". */
struct checkpoint {
	char origin[ORIGIN_BYTES_MAX + 1];
	uint64_t size;
	struct hash root;
};

/* The checkpoint's text, without end mark; E_NO_ROOM. */
enum error checkpoint_format(const struct checkpoint *checkpoint, struct writer *out) MUST_USE;
/* The text part of a note. No extension lines, no leading zeros, canonical base64. E_BAD_CHECKPOINT. */
enum error checkpoint_parse(struct bytes text, struct checkpoint *out) MUST_USE;

/* Appends text, empty line and one Ed25519 signature line; `secret_key` is libsodium's 64 bytes. */
enum error note_sign(
	struct bytes text, const struct vkey *vkey, const uint8_t secret_key[64], struct writer *out) MUST_USE;

/* Checks the form of a note and that the line of `vkey` is there and verifies; lines of unknown keys are
 * ignored, a line of this key that does not verify makes the note invalid. `text` is borrowed. E_BAD_NOTE
 * for the form, E_BAD_SIGNATURE for the key. */
enum error note_verify(struct bytes note, const struct vkey *vkey, struct bytes *text) MUST_USE;

/* note_verify, checkpoint_parse, and origin = the vkey's name, in one. E_BAD_CHECKPOINT. */
enum error checkpoint_verify(struct bytes note, const struct vkey *vkey, struct checkpoint *out) MUST_USE;
/* A checkpoint as a signed note. */
enum error checkpoint_sign(const struct checkpoint *checkpoint, const struct vkey *vkey, const uint8_t secret_key[64],
	struct writer *out) MUST_USE;
