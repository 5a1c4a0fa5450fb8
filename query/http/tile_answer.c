/* A tile is its address, and never changes once it is there: so the entity tag is made of the address alone, it may be
 * kept for ever, and nobody who has it needs it again. The tag names the encoding too. */
#include "query/http/tile_answer.h"

#include "ledger/base/own.h"
#include "query/http/negotiate.h"

#include <inttypes.h>
#include <stdio.h>
#include <zlib.h>

static void set_tag(const struct tile_path *tile, bool zip, struct response *out)
{
	char level[16] = "entries";
	if (!tile->entries)
		snprintf(level, sizeof level, "%" PRIu32, tile->level);
	snprintf(out->tag, sizeof out->tag, "\"%s-%" PRIu64 "-%" PRIu32 "%s\"", level, tile->number, tile->width,
		zip ? "-gzip" : "");
}

/* To free(), into memory of the content's own size: what does not fit there did not get smaller, and is better sent as
 * it is. False then, and where there is no memory. */
static bool compress_body(struct bytes content, char **out, size_t *out_len)
{
	OWNED_MEMORY char *body = malloc(content.len);
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)content.data,
		.avail_in = (uInt)content.len,
		.next_out = (Bytef *)body,
		.avail_out = (uInt)content.len};
	if (body == NULL ||
		deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	bool good = deflate(&stream, Z_FINISH) == Z_STREAM_END;
	deflateEnd(&stream);
	if (!good)
		return false;
	*out = OWN_TAKE(body);
	*out_len = (size_t)stream.total_out;
	return true;
}

/* What does not get smaller goes out as it is, under the tag that says so. */
static enum error set_body(const struct tile_path *tile, struct bytes content, bool zip, struct response *out)
{
	if (zip && compress_body(content, &out->body, &out->body_len)) {
		response_header(out, "Content-Encoding", "gzip");
		return E_OK;
	}
	set_tag(tile, false, out);
	out->body = malloc(content.len);
	TRY(allocated(out->body));
	memcpy(out->body, content.data, content.len);
	out->body_len = content.len;
	return E_OK;
}

/* Without a body where it is known: the tag alone says that it has not changed, since it cannot. Under which tag it
 * goes out is known when it was made smaller, or was not. */
enum error tile_answer(
	const struct request *request, const struct tile_path *tile, struct bytes content, struct response *out)
{
	bool zip = tile->entries && request->gzip;
	set_tag(tile, zip, out);
	bool known = negotiate_known(request->if_none_match, out->tag);
	if (!known) {
		TRY(set_body(tile, content, zip, out));
		known = negotiate_known(request->if_none_match, out->tag);
	}
	if (known) {
		free(out->body);
		out->body = NULL;
		out->body_len = 0;
	}
	out->status = known ? 304 : 200;
	response_header(out, "Content-Type", "application/octet-stream");
	response_header(out, "Cache-Control", "public, max-age=31536000, immutable");
	response_header(out, "ETag", out->tag);
	if (tile->entries)
		response_header(out, "Vary", "Accept-Encoding");
	return E_OK;
}
