/* The log itself, for everybody: its tree and its entries as C2SP tiles. spec/tiles.md
 *
 * A tile never changes once it is there, so it may be kept for ever; a partial one is the beginning of the fuller one.
 */
#include "query/http/gzip.h"
#include "query/http/negotiate.h"
#include "query/routes/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMMUTABLE "public, max-age=31536000, immutable"

static void not_there(struct call *call, const struct tile_path *tile)
{
	char detail[160];
	struct checkpoint checkpoint;
	struct bytes note;
	snapshot_checkpoint(call->snapshot, &checkpoint, &note);
	snprintf(detail, sizeof detail,
		"the log has %" PRIu64 " entries, and there is no %s tile of that width at this place yet", checkpoint.size,
		tile->width == TILE_WIDTH ? "full" : "partial");
	call_problem(call, 404, E_NOT_FOUND, detail);
}

static void give(struct call *call, const struct tile_path *tile, struct bytes content)
{
	struct response *response = call->response;
	bool zipped = tile->entries && call->request->gzip && gzip_compress(content, &response->body, &response->body_len);
	if (!zipped) {
		response->body = malloc(content.len);
		if (response->body == NULL) {
			call_internal(call, E_NO_MEMORY);
			return;
		}
		memcpy(response->body, content.data, content.len);
		response->body_len = content.len;
	}
	response->status = 200;
	if (zipped)
		call_header(call, "Content-Encoding", "gzip");
}

/* A tile is its address: nobody who has it needs it again. The entity tag names the encoding too. */
static void set_tag(struct call *call, const struct tile_path *tile)
{
	char level[16] = "entries";
	if (!tile->entries)
		snprintf(level, sizeof level, "%" PRIu32, tile->level);
	snprintf(call->response->tag, sizeof call->response->tag, "\"%s-%" PRIu64 "-%" PRIu32 "%s\"", level, tile->number,
		tile->width, tile->entries && call->request->gzip ? "-gzip" : "");
}

void route_tile(struct call *call)
{
	struct tile_path tile;
	struct bytes content;
	if (!call_no_params(call))
		return;
	if (!tile_path_parse(call->request->path, &tile)) {
		call_problem(call, 404, E_NOT_FOUND,
			"this is no tile's address: /tile/<level>/<number> or /tile/entries/<number>, and .p/<width> for a partial "
			"one");
		return;
	}
	if (!call_snapshot(call))
		return;
	enum error error = snapshot_tile(call->snapshot, &tile, &content);
	if (error == E_NOT_FOUND) {
		not_there(call, &tile);
		return;
	}
	if (error != E_OK) {
		call_internal(call, error);
		return;
	}
	set_tag(call, &tile);
	if (negotiate_known(call->request->if_none_match, call->response->tag))
		call->response->status = 304;
	else
		give(call, &tile, content);
	if (call->response->status == 500 || call->response->status == 503)
		return;
	call_header(call, "Content-Type", "application/octet-stream");
	call_header(call, "Cache-Control", IMMUTABLE);
	call_header(call, "ETag", call->response->tag);
	if (tile.entries)
		call_header(call, "Vary", "Accept-Encoding");
}
