/* All transfers but one run ahead in reading order, and a read waits for the one that has its path.
 *
 *   read path ─► let go of what was lent ─► free transfers start on what is next ─► has one this path?
 *                                                        ├─ yes: wait for it
 *                                                        └─ no: OWN_TRANSFER fetches it now
 *   done ─► may it pass? start again after a pause, a few times ─► judged ─► lent until the next read
 *
 * What is missing (404, 410, no such file) is not tried again: the reader decides what that means. An answer that is
 * too long ends by a write error, which does not pass either; a lack of memory looks to libcurl like any other failure
 * and is told apart by the allocations (shortage.h). */
#include "ingest/net/tile_fetch.h"

#include "ingest/net/fetch.h"
#include "ledger/base/clock.h"
#include "ledger/base/shortage.h"

#include <limits.h>

#define CHECKPOINT_PATH "/checkpoint"
#define HASHES_BYTES_MAX (TILE_WIDTH * HASH_BYTES)
/* Kept for what is asked for out of order, so that this never waits for what nobody reads. */
#define OWN_TRANSFER 0

#define NOT_LENT TILE_FETCH_TRANSFERS

/* A slot of the client, idle or asked for `path`. */
struct transfer {
	char path[TILE_PATH_BYTES_MAX + 1];
	uint64_t number; /* of the bundle that it is fetched ahead for */
	size_t len_max;
};

/* Invariants: a slot whose body is lent is asked for nothing; what was fetched ahead is of bundles from the one that
 * is read on; OWN_TRANSFER is never used ahead. */
struct tile_fetch {
	char *url;
	int wake_fd;
	struct web *web;
	struct transfer transfers[TILE_FETCH_TRANSFERS];
	size_t lent; /* its body was given out, or NOT_LENT */
	/* What is asked for next, ahead. */
	uint64_t next;
	bool next_entries;
	uint64_t size;
};

/* ---- opening ---- */

enum error tile_fetch_open(const char *place, int wake_fd, struct tile_fetch **out, struct fault *fault)
{
	struct web_manner manner = {.compressed = true,
		.redirects = 3,
		.connect_seconds = TILE_FETCH_CONNECT_SECONDS,
		.stall_seconds = TILE_FETCH_STALL_SECONDS,
		.stall_bytes = TILE_FETCH_STALL_BYTES,
		.connections = TILE_FETCH_CONNECTIONS,
		.refusal_max = TILE_FETCH_REFUSAL_BYTES_MAX};
	OWNED(tile_fetch_release) struct tile_fetch *fetch = calloc(1, sizeof *fetch);
	TRY(fault_set(fault, allocated(fetch), ""));
	fetch->wake_fd = wake_fd;
	fetch->lent = NOT_LENT;
	(void)shortage_seen(); /* what was short before is not this place's */
	fetch->url = web_place(place, &manner.local);
	if ((fetch->url == NULL && shortage_seen()) || web_open(&manner, TILE_FETCH_TRANSFERS, &fetch->web) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	if (fetch->url == NULL)
		return fault_set(fault, E_USAGE,
			"this is no place that a log can be read from: give an address that begins with http:// or https://, or a "
			"directory that is there");
	*out = OWN_TAKE(fetch);
	return E_OK;
}

void tile_fetch_close(struct tile_fetch *fetch)
{
	if (fetch == NULL)
		return;
	web_close(fetch->web);
	free(fetch->url);
	free(fetch);
}

static enum error start(struct tile_fetch *fetch, size_t slot, const char *path, size_t len_max)
{
	struct transfer *transfer = &fetch->transfers[slot];
	char url[PATH_MAX + TILE_PATH_BYTES_MAX + 1];
	int len = snprintf(url, sizeof url, "%s%s", fetch->url, path);
	if (len < 0 || (size_t)len >= sizeof url)
		return E_USAGE;
	snprintf(transfer->path, sizeof transfer->path, "%s", path);
	transfer->len_max = len_max;
	enum error error = web_begin(fetch->web, slot, &(struct web_question){.url = url, .answer_max = len_max});
	return error == E_OK ? E_OK : E_NO_MEMORY;
}

/* ---- ahead ---- */

/* What follows in reading order; the tile over the last, partial bundle is read before all bundles. */
static bool next_ahead(struct tile_fetch *fetch, struct tile_path *out)
{
	if (fetch->next * TILE_WIDTH >= fetch->size)
		return false;
	uint64_t left = fetch->size - fetch->next * TILE_WIDTH;
	uint32_t width = left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH;
	bool entries = fetch->next_entries || width < TILE_WIDTH;
	*out = (struct tile_path){.entries = entries, .number = fetch->next, .width = width};
	fetch->next += entries;
	fetch->next_entries = !entries;
	return true;
}

static size_t bytes_max(const struct tile_path *tile)
{
	return tile->entries ? TILE_BUNDLE_BYTES_MAX : HASHES_BYTES_MAX;
}

static enum error start_ahead(struct tile_fetch *fetch)
{
	for (size_t i = OWN_TRANSFER + 1; i < TILE_FETCH_TRANSFERS; i++) {
		char path[TILE_PATH_BYTES_MAX + 1];
		struct tile_path tile;
		if (i == fetch->lent || web_answer(fetch->web, i).end != WEB_IDLE)
			continue;
		if (!next_ahead(fetch, &tile))
			return E_OK;
		tile_path_format(&tile, path);
		fetch->transfers[i].number = tile.number;
		TRY(start(fetch, i, path, bytes_max(&tile)));
	}
	return E_OK;
}

/* Nobody is going to read what was fetched for bundles before this one. */
static void drop_before(struct tile_fetch *fetch, uint64_t number)
{
	for (size_t i = OWN_TRANSFER + 1; i < TILE_FETCH_TRANSFERS; i++)
		if (fetch->transfers[i].number < number)
			web_drop(fetch->web, i);
}

void tile_fetch_ahead(struct tile_fetch *fetch, uint64_t first, uint64_t size)
{
	drop_before(fetch, UINT64_MAX);
	fetch->next = first;
	fetch->next_entries = false;
	fetch->size = size;
}

/* ---- reading ---- */

/* Files are there without waiting, and the wake counts for them too. */
static enum error wait_for(struct tile_fetch *fetch, size_t slot)
{
	TRY(web_wait(fetch->web, fetch->wake_fd, 0));
	while (web_answer(fetch->web, slot).end == WEB_UNDER_WAY)
		TRY(web_wait(fetch->web, fetch->wake_fd, 1000));
	return E_OK;
}

/* What is fetched ahead goes on meanwhile. */
static enum error pause_for(struct tile_fetch *fetch, int64_t ms)
{
	int64_t end_ms = (int64_t)clock_ms() + ms;
	for (int64_t left = ms; left > 0; left = end_ms - (int64_t)clock_ms())
		TRY(web_wait(fetch->web, fetch->wake_fd, (int)left));
	return E_OK;
}

static bool is_missing(const struct web_answer *answer)
{
	return answer->end == WEB_NO_FILE || answer->status == 404 || answer->status == 410;
}

/* What may go by itself: the network, and a server that is busy or being started again. */
static bool may_pass(const struct web_answer *answer)
{
	if (is_missing(answer))
		return false;
	bool failed = answer->end == WEB_FAILED || answer->end == WEB_PLAIN;
	return failed || answer->status == 429 || answer->status >= 500;
}

static enum error judge(const struct transfer *transfer, const struct web_answer *answer, struct fault *fault)
{
	if (answer->end == WEB_WHOLE && (answer->status == 200 || answer->status == 0)) /* a file has none */
		return E_OK;
	if (is_missing(answer))
		return fault_set(fault, E_NOT_FOUND, "%s is not there", transfer->path);
	if (answer->status >= 400 || answer->end == WEB_WHOLE)
		return fault_set(fault, E_IO, "the server answered %ld", answer->status);
	if (answer->end == WEB_TOO_LONG)
		return fault_set(fault, E_IO, "the answer is longer than the %zu bytes that it can have", transfer->len_max);
	return fault_set(fault, E_IO, "%s", answer->end == WEB_NO_HTTP ? FETCH_NO_HTTP : answer->details);
}

/* The slot that is fetching the path, or has; OWN_TRANSFER when there is none. */
static size_t find(const struct tile_fetch *fetch, const char *path)
{
	for (size_t i = OWN_TRANSFER + 1; i < TILE_FETCH_TRANSFERS; i++)
		if (strcmp(fetch->transfers[i].path, path) == 0 && web_answer(fetch->web, i).end != WEB_IDLE)
			return i;
	return OWN_TRANSFER;
}

static enum error try_until_passed(
	struct tile_fetch *fetch, size_t slot, const char *path, size_t len_max, struct web_answer *out)
{
	TRY(wait_for(fetch, slot));
	*out = web_answer(fetch->web, slot);
	for (unsigned tries = 1; may_pass(out) && tries < TILE_FETCH_TRIES; tries++) {
		TRY(pause_for(fetch, TILE_FETCH_RETRY_MS << (tries - 1)));
		TRY(start(fetch, slot, path, len_max));
		TRY(wait_for(fetch, slot));
		*out = web_answer(fetch->web, slot);
	}
	return E_OK;
}

static enum error fetch_path(
	struct tile_fetch *fetch, size_t slot, const char *path, size_t len_max, struct web_answer *out)
{
	TRY(start_ahead(fetch));
	if (slot == OWN_TRANSFER)
		TRY(start(fetch, slot, path, len_max));
	return try_until_passed(fetch, slot, path, len_max, out);
}

/* Memory was short for one of the transfers, also of those ahead, and nobody knows for which: libcurl may call an
 * answer whole that it had no room for. None of them is read. */
static enum error drop_all(struct tile_fetch *fetch, struct fault *fault)
{
	for (size_t i = 0; i < TILE_FETCH_TRANSFERS; i++)
		web_drop(fetch->web, i);
	return fault_set(fault, E_NO_MEMORY, "");
}

static enum error read_path(
	struct tile_fetch *fetch, const char *path, size_t len_max, struct bytes *out, struct fault *fault)
{
	struct web_answer answer = {.end = WEB_IDLE};
	if (fetch->lent != NOT_LENT)
		web_drop(fetch->web, fetch->lent);
	fetch->lent = NOT_LENT;
	size_t slot = find(fetch, path);
	if (slot == OWN_TRANSFER)
		web_drop(fetch->web, slot);
	enum error error = fetch_path(fetch, slot, path, len_max, &answer);
	bool was_short = shortage_seen();
	if (error == E_NO_MEMORY || was_short)
		return drop_all(fetch, fault);
	TRY(fault_set(fault, error, "%s", error_text(error)));
	fetch->lent = slot;
	TRY(judge(&fetch->transfers[slot], &answer, fault));
	*out = answer.body;
	return E_OK;
}

/* A read of entries tells how far the reader has come; one of hashes does not, since the tile over the last bundle
 * is read early. */
enum error tile_fetch_read(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault)
{
	struct tile_fetch *fetch = context;
	char path[TILE_PATH_BYTES_MAX + 1];
	tile_path_format(tile, path);
	if (tile->entries)
		drop_before(fetch, tile->number);
	return read_path(fetch, path, bytes_max(tile), out, fault);
}

enum error tile_fetch_checkpoint(struct tile_fetch *fetch, struct bytes *out, struct fault *fault)
{
	return read_path(fetch, CHECKPOINT_PATH, NOTE_BYTES_MAX, out, fault);
}
