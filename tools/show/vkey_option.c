#include "tools/show/vkey_option.h"

#include <stdio.h>

void vkey_print(const struct vkey *vkey)
{
	char text[VKEY_TEXT_MAX + 1];
	vkey_format(vkey, text);
	puts(text);
}

enum error asked_vkey(void *vkey, const char *text, struct fault *fault)
{
	struct vkey *out = vkey;
	if (vkey_parse(bytes_text(text), out) == E_OK && out->type == NOTE_KEY_ED25519)
		return E_OK;
	return fault_set(fault, E_USAGE, "--vkey is malformed; 'indsigt vkey DIR' prints it");
}
