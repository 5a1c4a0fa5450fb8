/* The citizen's page as queryd serves it: files out of memory, with the headers that make what runs in them as little
 * as possible. spec/page.md
 *
 *   page_open: folder ─► memory, config.json checked (or made) ─► an edition
 *       page_reload ─► the next request that comes reads the folder anew ─► another edition
 *
 * A folder that does not do any more is told, and the edition before it goes on. Any thread. */
#pragma once

#include "query/http/exchange.h"
#include "query/page/page_config.h"

/* All outlives the page. */
struct page_source {
	const char *folder;
	struct archive *archive;
	struct page_wishes wishes; /* for a config.json that is made: where neither folder nor ledger has one */
	void (*tell)(const char *line);
};

struct page;

/* E_NOT_FOUND, E_BAD_VALUE, E_BAD_JSON, E_TOO_LONG, E_IO, E_NO_MEMORY. */
enum error page_open(const struct page_source *source, struct page **out, struct fault *fault) MUST_USE;
void page_close(struct page *page);
OWN(page, page_close);
/* Blocks nothing. */
void page_reload(struct page *page);

/* Whether there is a file at this address. */
bool page_has(struct page *page, const char *path);
/* A GET or HEAD of it, with all headers. E_NOT_FOUND, E_NO_MEMORY: nothing is answered yet. */
enum error page_answer(struct page *page, const struct request *request, struct response *out) MUST_USE;
