/* Jansson cannot tell a text that is malformed from memory that was short, and may give a document or a text with parts
 * missing. So the flag of base/shortage.h is taken down before and asked behind; where it is up, what came is thrown
 * away and is E_NO_MEMORY, whatever it looks like. */
#include "ledger/json/json_read.h"

#include "ledger/base/shortage.h"

enum error json_read(struct bytes text, size_t flags, json_error_t *detail, json_t **out)
{
	(void)shortage_seen(); /* what was short before is not this text's */
	json_t *document = shortage_json_load((const char *)text.data, text.len, flags, detail);
	if (shortage_seen()) {
		json_decref(document);
		return E_NO_MEMORY;
	}
	*out = document;
	return document != NULL ? E_OK : E_BAD_JSON;
}

char *json_write(const json_t *json, size_t flags)
{
	(void)shortage_seen();
	char *text = json != NULL ? json_dumps(json, flags) : NULL;
	if (!shortage_seen())
		return text;
	free(text);
	return NULL;
}
