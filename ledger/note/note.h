/* Signed notes (C2SP signed-note) and checkpoints (C2SP tlog-checkpoint). spec/checkpoint.md
 *
 * A note is text that ends in a newline, an empty line, and signature lines. A *vkey* is how a public
 * key is printed: name+hex(key id)+base64(type || public key). */
#pragma once

#include "ledger/base/hash.h"
#include "ledger/base/limits.h"

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
/* The same name, type and key. */
bool vkey_equal(const struct vkey *a, const struct vkey *b);
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

/* The same, but with extension lines (not empty, not judged) behind the three: what a witness must take from logs of
 * others. E_BAD_CHECKPOINT. */
enum error checkpoint_parse_extended(struct bytes text, struct checkpoint *out) MUST_USE;

/* ---- words of these texts, for the formats that go with them ---- */

/* Cuts what stands before the next `mark` off the front and steps over the mark; false where there is none. */
bool note_cut(struct bytes *rest, uint8_t mark, struct bytes *out) MUST_USE;
/* Decimal without leading zeros, at most 2^63. */
bool note_size_parse(struct bytes text, uint64_t *out) MUST_USE;
/* Canonical base64 of 32 bytes. */
bool note_hash_parse(struct bytes text, struct hash *out) MUST_USE;
void note_hash_write(const struct hash *hash, struct writer *out);

/* ---- notes in their parts ---- */

#define NOTE_KEY_ID_BYTES 4
/* The longest signature of a key that this project uses: time and Ed25519. */
#define NOTE_SIGNATURE_BYTES_MAX (8 + 64)

/* A note whose form is good; both parts are borrowed from it. */
struct note {
	struct bytes text;
	struct bytes lines; /* one or more, at most NOTE_SIGNATURES_MAX, each with its newline */
};

/* A signature line. */
struct note_line {
	struct bytes name; /* borrowed */
	uint8_t key_id[NOTE_KEY_ID_BYTES];
	size_t signature_bytes; /* how long it is; at most NOTE_SIGNATURE_BYTES_MAX of them are given */
	uint8_t signature[NOTE_SIGNATURE_BYTES_MAX];
};

/* Checks the form of a note of at most `bytes_max` bytes. E_BAD_NOTE. */
enum error note_split(struct bytes note, size_t bytes_max, struct note *out) MUST_USE;
/* Checks the form of signature lines alone (a witness's answer): as a note's `lines`. E_BAD_NOTE. */
enum error note_lines_check(struct bytes lines) MUST_USE;
/* Cuts the next line off checked lines; false at their end. */
bool note_line_next(struct bytes *lines, struct note_line *out) MUST_USE;
/* The line bears the name and key id of this key. */
bool note_line_is_of(const struct note_line *line, const struct vkey *vkey);
/* Appends "— <name> <base64(key id || signature)>\n". E_NO_ROOM. */
enum error note_line_write(const struct vkey *vkey, struct bytes signature, struct writer *out) MUST_USE;

/* UTF-8 without control characters, ending in a newline: what may be signed. */
bool note_text_valid(struct bytes text) MUST_USE;

/* ---- Ed25519 over the text ---- */

/* Checks the form of a note and that the line of `vkey` is there and verifies; lines of unknown keys are
 * ignored, a line of this key that does not verify makes the note invalid. `text` is borrowed. E_BAD_NOTE
 * for the form, E_BAD_SIGNATURE for the key. */
enum error note_verify(struct bytes note, const struct vkey *vkey, struct bytes *text) MUST_USE;
/* The same for a note in its parts: E_BAD_SIGNATURE, E_BAD_KEY for a key of another type. */
enum error note_verify_lines(const struct note *note, const struct vkey *vkey) MUST_USE;

/* Whether it is a note at all and has a line that claims to be of this key: else it is another log's, or something
 * else, and says nothing about this one. */
bool note_claims(struct bytes note, const struct vkey *vkey);

/* note_verify, checkpoint_parse, and origin = the vkey's name, in one. E_BAD_CHECKPOINT. */
enum error checkpoint_verify(struct bytes note, const struct vkey *vkey, struct checkpoint *out) MUST_USE;
