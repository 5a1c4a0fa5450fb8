/* A question in FHIR's search parameters, a line break, and an AuditEvent that it is put to; what is understood of it
 * means the same when it is asked again, as a page's link does. */
#include "query/search/media.h"
#include "query/searchset/continuation.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct search search, again;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct continuation place;
	const struct key key = {{1}};
	struct fault fault;
	char *text = strndup((const char *)data, size);
	assert(text != NULL);
	char *event_text = strchr(text, '\n');
	if (event_text != NULL)
		*event_text++ = '\0';
	json_t *event = json_loads(event_text != NULL ? event_text : "{}", JSON_DECODE_ANY, NULL);
	media_takes_json(NULL, text);
	if (continuation_open(&key, text, &place) == E_OK)
		abort(); /* nobody made it */
	if (search_parse(text, event_text, (size & 1) != 0, 1796000000, &search, &fault) == E_OK ||
		search_parse(text, NULL, (size & 1) != 0, 1796000000, &search, &fault) == E_OK) {
		uint64_t from, to;
		search_window(&search, &from, &to);
		bool found = search_matches(&search, event);
		if (search.continuation == NULL) {
			assert(search_parse(search.asked, NULL, false, 1796000000, &again, &fault) == E_OK);
			assert(strcmp(search.asked, again.asked) == 0 && search_matches(&again, event) == found);
			assert(
				strcmp(search.person, again.person) == 0 && search.page == again.page && search.order == again.order);
		}
	}
	json_decref(event);
	free(text);
	return 0;
}
