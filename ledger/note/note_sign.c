/* The text is judged before it is signed by the same rule that readers judge it by: a log that signed what nobody takes
 * for a note could not take it back. */
#include "ledger/note/note_sign.h"

#include <sodium.h>

enum error note_sign(struct bytes text, const struct vkey *vkey, const uint8_t secret_key[64], struct writer *out)
{
	if (!note_text_valid(text))
		return E_BAD_NOTE;
	if (vkey->type != NOTE_KEY_ED25519)
		return E_BAD_KEY;
	uint8_t signature[crypto_sign_BYTES];
	crypto_sign_detached(signature, NULL, text.data, text.len, secret_key);
	writer_bytes(out, text);
	writer_bytes(out, BYTES_LITERAL("\n"));
	return note_line_write(vkey, BYTES_ARRAY(signature), out);
}

enum error checkpoint_sign(
	const struct checkpoint *checkpoint, const struct vkey *vkey, const uint8_t secret_key[64], struct writer *out)
{
	uint8_t buffer[sizeof checkpoint->origin + 96];
	struct writer text = writer_of(buffer, sizeof buffer);
	TRY(checkpoint_format(checkpoint, &text));
	return note_sign(bytes_of(buffer, writer_len(&text)), vkey, secret_key, out);
}
