/* A verification key is what all trust begins with, so it is read strictly: a key of another type (a witness's)
 * verifies nothing of a log, and to take it would give "does not hold" where "that is no log's key" is meant. */
#include "tools/show/vkey_option.h"

void vkey_print(const struct vkey *vkey)
{
	char text[VKEY_TEXT_MAX + 1];
	vkey_format(vkey, text);
	puts(text);
}

/* What was typed is not repeated: it is long, and the person has it before them. */
enum error asked_vkey(void *vkey, const char *text, struct fault *fault)
{
	struct vkey *out = vkey;
	if (vkey_parse(bytes_text(text), out) == E_OK && out->type == NOTE_KEY_ED25519)
		return E_OK;
	return fault_set(fault, E_USAGE, "--vkey is malformed; 'indsigt vkey DIR' prints it");
}
