#include "tools/page/page_note.h"

#include "ledger/note/note_sign.h"

#include <sodium.h>
#include <stdio.h>

#define FIRST_LINE "indsigt/v1 page\n"
#define TEXT_BYTES (sizeof FIRST_LINE - 1 + 2 * HASH_BYTES + 1)

void page_note_hash(struct bytes archive, char out[2 * HASH_BYTES + 1])
{
	struct hash hash;
	hash_sha256(&archive, 1, &hash);
	sodium_bin2hex(out, 2 * HASH_BYTES + 1, hash.b, sizeof hash.b);
}

static void write_text(struct bytes archive, char out[TEXT_BYTES + 1])
{
	char hash[2 * HASH_BYTES + 1];
	page_note_hash(archive, hash);
	snprintf(out, TEXT_BYTES + 1, FIRST_LINE "%s\n", hash);
}

enum error page_note_make(struct bytes archive, const struct signer_key *key, struct writer *out)
{
	char text[TEXT_BYTES + 1];
	struct vkey vkey;
	write_text(archive, text);
	TRY(vkey_make(key->name, NOTE_KEY_ED25519, key->public_key, &vkey));
	return note_sign(bytes_text(text), &vkey, key->secret_key, out);
}

/* In this order, so that what is told first is what somebody can do something about. */
enum error page_note_verify(struct bytes archive, struct bytes note, const struct vkey *publisher, struct fault *fault)
{
	char wanted[TEXT_BYTES + 1];
	struct note parts;
	struct bytes text;
	if (note_split(note, PAGE_NOTE_BYTES_MAX, &parts) != E_OK || parts.text.len != TEXT_BYTES ||
		!bytes_begin(parts.text, FIRST_LINE))
		return fault_set(fault, E_BAD_NOTE, "this is no note about a page");
	if (!note_claims(note, publisher))
		return fault_set(fault, E_BAD_KEY, "the note is not signed by '%s' with the key of --vkey", publisher->name);
	if (note_verify(note, publisher, &text) != E_OK)
		return fault_set(fault, E_BAD_SIGNATURE, "the signature of '%s' does not verify", publisher->name);
	write_text(archive, wanted);
	if (!bytes_equal(text, bytes_text(wanted)))
		return fault_set(
			fault, E_COMMITMENT, "the note is about another page: this one was changed, or is another one");
	return E_OK;
}
