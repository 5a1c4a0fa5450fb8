/* What the publisher of a page signs: a note about the hash of its archive. spec/page.md */
#pragma once

#include "ledger/keys/signer_key.h"
#include "ledger/note/note.h"

#define PAGE_NOTE_BYTES_MAX 1024u
#define PAGE_NOTE_ENDING ".note" /* behind the archive's name */
#define PAGE_ARCHIVE_BYTES_MAX (16u << 20)

void page_note_hash(struct bytes archive, char out[2 * HASH_BYTES + 1]);
/* E_BAD_VALUE for a key whose name is none, E_NO_ROOM. */
enum error page_note_make(struct bytes archive, const struct signer_key *key, struct writer *out) MUST_USE;
/* Whether the note is this publisher's, about this archive. E_BAD_NOTE: it is no such note; E_BAD_KEY: another's;
 * E_BAD_SIGNATURE: it does not verify; E_COMMITMENT: it is about another archive. */
enum error page_note_verify(
	struct bytes archive, struct bytes note, const struct vkey *publisher, struct fault *fault) MUST_USE;
