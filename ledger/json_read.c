#include "ledger/json_read.h"

#include "ledger/shortage.h"

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
