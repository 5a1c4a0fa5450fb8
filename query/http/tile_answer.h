/* A tile as an answer: its entity tag, compression, and how long it may be kept. spec/tiles.md (TILE-6, TILE-7) */
#pragma once

#include "ledger/tree/tile_path.h"
#include "query/http/exchange.h"

/* 200 with the content, which is copied, or 304. E_NO_MEMORY: there is no answer yet. */
enum error tile_answer(
	const struct request *request, const struct tile_path *tile, struct bytes content, struct response *out) MUST_USE;
