#include "tests/lib/answered.h"

#include "ledger/json/json_read.h"

static json_t *text_read(struct text *text, enum error *error)
{
	json_t *json = NULL;
	if (*error == E_OK)
		*error = json_read(bytes_of(text->data, text->len), JSON_REJECT_DUPLICATES, NULL, &json);
	text_release(text);
	return json;
}

json_t *coverage_read(struct snapshot *snapshot, const struct coverage_query *query, enum error *error)
{
	struct text text = {.room = NULL};
	*error = coverage_write(&text, NULL, snapshot, query);
	return text_read(&text, error);
}

json_t *page_read(struct snapshot *snapshot, const struct accesses_query *query, const struct coverage_query *coverage,
	uint64_t *next, enum error *error, struct fault *fault)
{
	struct text text = {.room = NULL};
	*error = accesses_page(snapshot, query, coverage, &text, next, fault);
	return text_read(&text, error);
}
