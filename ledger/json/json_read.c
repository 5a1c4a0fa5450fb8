/* Jansson cannot tell a text that is malformed from memory that was short, and may give a document or a text with parts
 * missing. So reading is left at the first allocation that fails (base/shortage.h), and is E_NO_MEMORY. Writing is
 * asked about behind it: where anything failed, what came is thrown away, whatever it looks like. */
#include "ledger/json/json_read.h"

#include "ledger/base/shortage.h"

struct load {
	struct bytes text;
	size_t flags;
	json_error_t *detail;
	json_t *document;
};

static void load(void *context)
{
	struct load *load = context;
	load->document = json_loadb((const char *)load->text.data, load->text.len, load->flags, load->detail);
}

enum error json_read(struct bytes text, size_t flags, json_error_t *detail, json_t **out)
{
	struct load came = {text, flags, detail, NULL};
	if (!shortage_guard(load, &came))
		return E_NO_MEMORY;
	*out = came.document;
	return came.document != NULL ? E_OK : E_BAD_JSON;
}

char *json_write(const json_t *json, size_t flags)
{
	(void)shortage_seen(); /* what was short before is not this text's */
	char *text = json != NULL ? json_dumps(json, flags) : NULL;
	if (!shortage_seen())
		return text;
	free(text);
	return NULL;
}
