/* The auditor's note: an accredited auditor signs what it recomputed from the log and the label stream.
 * spec/statement.md
 *
 * A signed note under an Ed25519 key (type 0x01) whose name is the auditor's:
 *   "indsigt/auditor/v1\n" origin "\n" size "\n" log index of the epoch entry "\n" base64(map root) "\n"
 *   base64(filing root) "\n" */
#pragma once

#include "ledger/note/note.h"

struct auditor_note {
	char origin[ORIGIN_BYTES_MAX + 1];
	uint64_t size;        /* of the log that was audited */
	uint64_t epoch_index; /* of the newest epoch entry below it */
	struct hash map_root;
	struct hash filing_root;
};

/* The text, without end mark; E_NO_ROOM. */
enum error auditor_note_format(const struct auditor_note *note, struct writer *out) MUST_USE;
/* The text of a note, in the one spelling that auditor_note_format gives. E_BAD_NOTE. */
enum error auditor_note_parse(struct bytes text, struct auditor_note *out) MUST_USE;
/* note_verify and auditor_note_parse in one. E_BAD_NOTE, E_BAD_SIGNATURE, E_BAD_KEY. */
enum error auditor_note_verify(struct bytes note, const struct vkey *auditor, struct auditor_note *out) MUST_USE;
