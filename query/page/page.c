/* An edition is held while an answer is copied out of it, so that reading anew takes nothing away from anybody.
 *
 * Which file is asked for decides how long it is kept: one whose name changes with its content for a year, all others
 * are asked for again each time, and cost a 304. */
#include "query/page/page.h"

#include "ledger/base/file.h"
#include "ledger/base/thread.h"
#include "ledger/json/json_read.h"
#include "query/http/negotiate.h"
#include "query/page/page_folder.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>

/* Workers load a script of the page's own, by an address that this one policy vouches for. */
#define POLICY_FORMAT                                                                                    \
	"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; " \
	"font-src 'self'; connect-src 'self'%s; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "   \
	"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types indsigt"
#define PAGE_POLICY_BYTES (sizeof POLICY_FORMAT + PAGE_ORIGINS_BYTES_MAX)

struct edition {
	unsigned holders; /* under the page's lock */
	struct page_folder *folder;
	char policy[PAGE_POLICY_BYTES];
};

struct page {
	struct page_source source;
	atomic_bool reload;
	pthread_mutex_t lock;
	struct edition *edition; /* the current one, held by the page */
};

/* ---- editions ---- */

static void edition_free(struct edition *edition)
{
	page_folder_release(&edition->folder);
	free(edition);
}
OWN(edition, edition_free);

/* What the ledger's directory has for it, or what is made. */
static enum error make_config(const struct page_source *source, uint8_t **out, size_t *len, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	json_auto_t *made = NULL;
	const char *dir = archive_dir(source->archive);
	TRY(file_path(dir, PAGE_CONFIG_LEDGER_NAME, path));
	if (file_is_there(dir, PAGE_CONFIG_LEDGER_NAME))
		return fault_because(fault, file_read_all(AT_FDCWD, path, PAGE_CONFIG_BYTES_MAX, out, len), "%s", path);
	TRY(page_config_make(source->archive, &source->wishes, &made, fault));
	*out = (uint8_t *)json_write(made, JSON_COMPACT | JSON_PRESERVE_ORDER);
	TRY(fault_set(fault, allocated(*out), ""));
	*len = strlen((char *)*out);
	return E_OK;
}

static enum error take_config(const struct page_source *source, struct edition *edition, struct fault *fault)
{
	char origins[PAGE_ORIGINS_BYTES_MAX + 1];
	struct fault why = {.text = ""};
	if (page_folder_find(edition->folder, PAGE_CONFIG_NAME) == NULL) {
		uint8_t *text = NULL;
		size_t len = 0;
		TRY(make_config(source, &text, &len, fault));
		TRY(fault_set(fault, page_folder_add(edition->folder, PAGE_CONFIG_NAME, text, len), ""));
	}
	const struct page_file *config = page_folder_find(edition->folder, PAGE_CONFIG_NAME);
	enum error error = page_config_check(bytes_of(config->plain, config->plain_len), origins, &why);
	if (error != E_OK)
		return fault_set(fault, error, "the page's " PAGE_CONFIG_NAME ": %s", why.text);
	snprintf(edition->policy, sizeof edition->policy, POLICY_FORMAT, origins);
	return E_OK;
}

static enum error edition_read(const struct page_source *source, struct edition **out, struct fault *fault)
{
	OWNED(edition_release) struct edition *edition = calloc(1, sizeof *edition);
	TRY(fault_set(fault, allocated(edition), ""));
	TRY(page_folder_read(source->folder, &edition->folder, fault));
	TRY(take_config(source, edition, fault));
	edition->holders = 1;
	*out = OWN_TAKE(edition);
	return E_OK;
}

static struct edition *hold(struct page *page)
{
	LOCKED(&page->lock);
	page->edition->holders++;
	return page->edition;
}

static void let_go(struct page *page, struct edition *edition)
{
	pthread_mutex_lock(&page->lock);
	bool last = --edition->holders == 0;
	pthread_mutex_unlock(&page->lock);
	if (last)
		edition_free(edition);
}

/* One of those who ask does it; the others are answered meanwhile by what is there. */
static void read_again(struct page *page)
{
	struct edition *fresh = NULL;
	struct fault fault = {.text = ""};
	char line[FAULT_TEXT_MAX + 64];
	if (edition_read(&page->source, &fresh, &fault) != E_OK) {
		snprintf(line, sizeof line, "the page stays as it is: %s", fault.text);
		page->source.tell(line);
		return;
	}
	pthread_mutex_lock(&page->lock);
	struct edition *before = page->edition;
	page->edition = fresh;
	pthread_mutex_unlock(&page->lock);
	let_go(page, before);
	page->source.tell("the page was read again");
}

/* ---- life ---- */

enum error page_open(const struct page_source *source, struct page **out, struct fault *fault)
{
	struct page *page = calloc(1, sizeof *page);
	TRY(fault_set(fault, allocated(page), ""));
	page->source = *source;
	pthread_mutex_init(&page->lock, NULL);
	*out = page; /* closed in any case */
	enum error error = edition_read(source, &page->edition, fault);
	if (error != E_OK) {
		page_close(page);
		*out = NULL;
	}
	return error;
}

void page_close(struct page *page)
{
	if (page->edition != NULL)
		let_go(page, page->edition);
	pthread_mutex_destroy(&page->lock);
	free(page);
}

void page_reload(struct page *page)
{
	atomic_store(&page->reload, true);
}

/* ---- answers ---- */

static const struct page_file *file_of(const struct edition *edition, const char *path)
{
	if (path[0] != '/')
		return NULL;
	return page_folder_find(edition->folder, path[1] == '\0' ? "index.html" : path + 1);
}

/* Asked first, so this is where another edition is read. */
bool page_has(struct page *page, const char *path)
{
	if (atomic_exchange(&page->reload, false))
		read_again(page);
	struct edition *edition = hold(page);
	bool has = file_of(edition, path) != NULL;
	let_go(page, edition);
	return has;
}

static void add_headers(const struct page_file *file, struct response *out)
{
	response_header(out, "Content-Type", file->type);
	response_header(out, "Cache-Control", file->lasting ? "public, max-age=31536000, immutable" : "public, no-cache");
	response_header(out, "ETag", out->tag);
	if (file->gzip != NULL)
		response_header(out, "Vary", "Accept-Encoding");
	response_header(out, "X-Content-Type-Options", "nosniff");
	response_header(out, "Content-Security-Policy", out->own);
	response_header(out, "Referrer-Policy", "no-referrer");
	response_header(out, "Cross-Origin-Opener-Policy", "same-origin");
	response_header(out, "Cross-Origin-Resource-Policy", "same-origin");
	response_header(out, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
}

static enum error answer_file(
	const struct edition *edition, const struct page_file *file, const struct request *request, struct response *out)
{
	bool zip = request->gzip && file->gzip != NULL;
	size_t len = zip ? file->gzip_len : file->plain_len;
	snprintf(out->tag, sizeof out->tag, "\"%s%s\"", file->tag, zip ? "-gzip" : "");
	bool known = negotiate_known(request->if_none_match, out->tag);
	out->own = strdup(edition->policy);
	out->body = known ? NULL : malloc(len + 1);
	if (out->own == NULL || (!known && out->body == NULL)) {
		response_release(out);
		return E_NO_MEMORY;
	}
	if (!known) {
		memcpy(out->body, zip ? file->gzip : file->plain, len);
		out->body_len = len;
	}
	out->status = known ? 304 : 200;
	add_headers(file, out);
	if (zip && !known)
		response_header(out, "Content-Encoding", "gzip");
	return E_OK;
}

/* An address may have a query, which is the page's own: who comes back from signing in has one. */
enum error page_answer(struct page *page, const struct request *request, struct response *out)
{
	struct edition *edition = hold(page);
	const struct page_file *file = file_of(edition, request->path);
	enum error error = file != NULL ? answer_file(edition, file, request, out) : E_NOT_FOUND;
	let_go(page, edition);
	return error;
}
