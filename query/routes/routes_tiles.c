/* The log itself, for everybody: its tree and its entries as C2SP tiles. spec/tiles.md
 *
 * Straight out of the store, where entries lie as they are handed out. A tile that is not there yet may be there in a
 * moment, so that answer says how far the log reaches, and is kept by nobody. */
#include "query/http/tile_answer.h"
#include "query/routes/call.h"

#include <inttypes.h>

static void not_there(struct call *call, const struct tile_path *tile)
{
	char detail[160];
	snprintf(detail, sizeof detail,
		"the log has %" PRIu64 " entries, and there is no %s tile of that width at this place yet",
		snapshot_checkpoint(call->snapshot)->size, tile->width == TILE_WIDTH ? "full" : "partial");
	call_problem(call, 404, E_NOT_FOUND, detail);
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
	enum error error =
		snapshot_tile(call->snapshot, &tile, &content) ?: tile_answer(call->request, &tile, content, call->response);
	if (error == E_NOT_FOUND)
		not_there(call, &tile);
	else if (error != E_OK)
		call_internal(call, error);
}
