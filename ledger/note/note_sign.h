/* Signing notes, as an auditor does, and checkpoints, which only the program that writes a log does. A program that
 * reads does not have this file (tests/linkage.py). */
#pragma once

#include "ledger/note/note.h"

/* Appends text, empty line and one Ed25519 signature line; `secret_key` is libsodium's 64 bytes. */
enum error note_sign(
	struct bytes text, const struct vkey *vkey, const uint8_t secret_key[64], struct writer *out) MUST_USE;
/* A checkpoint as a signed note. */
enum error checkpoint_sign(const struct checkpoint *checkpoint, const struct vkey *vkey, const uint8_t secret_key[64],
	struct writer *out) MUST_USE;
