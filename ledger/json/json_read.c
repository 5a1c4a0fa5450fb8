#include "ledger/json/json_read.h"

#include "ledger/base/shortage.h"

#include <stdlib.h>

enum error json_read(struct bytes text, size_t flags, json_error_t *detail, json_t **out)
{
	(void)shortage_seen(); /* what was short before is not this text's */
	json_t *document = json_loadb((const char *)text.data, text.len, flags, detail);
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
