/* Cosignatures (C2SP tlog-cosignature, Ed25519): what a witness says about a checkpoint. spec/cosignature.md
 *
 * A cosignature is a signature line of a note whose key has type 0x04. It says: as of this time, the largest tree that
 * I have seen of this log has this size and root, and it extends every one that I cosigned before. Its bytes are
 * time (8, POSIX seconds) || Ed25519 over "cosignature/v1\ntime <decimal>\n" || the checkpoint's text. */
#pragma once

#include "ledger/note/note.h"

#define COSIGNATURE_BYTES (8 + 64)
#define COSIGNATURE_TIME_MAX ((1ull << 63) - 1)

/* Appends the cosigner's signature line over the text of a checkpoint. `secret_key` is libsodium's 64 bytes; the time
 * is 1 to COSIGNATURE_TIME_MAX, or E_BAD_VALUE. E_BAD_KEY for a key of another type, E_NO_ROOM. */
enum error cosignature_sign(struct bytes text, const struct vkey *vkey, const uint8_t secret_key[64], uint64_t time_s,
	struct writer *out) MUST_USE;

/* Reads one line of this key over the text: its time. E_BAD_SIGNATURE; E_BAD_KEY for a key of another type. */
enum error cosignature_verify(
	const struct note_line *line, struct bytes text, const struct vkey *vkey, uint64_t *time_s) MUST_USE;

/* For each of `count` keys the time of its newest cosignature in the note, 0 where it has none; other lines are
 * ignored. A line of one of the keys that does not verify makes the note invalid: E_BAD_SIGNATURE. `times` is always
 * written, and all 0 after an error. */
enum error cosignatures_read(const struct note *note, const struct vkey *keys, size_t count, uint64_t *times) MUST_USE;
