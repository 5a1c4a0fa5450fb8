/* In steps that double, so that a small body that becomes a small one takes little, and one that is a bomb no more than
 * twice the limit. */
#include "tools/fhirbody/fhir_inflate.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* only gzip, and not zlib's own form */
#define FIRST_BYTES 16384u

/* E_NO_ROOM: more of it comes. */
static enum error step(z_stream *stream)
{
	int rc = inflate(stream, Z_NO_FLUSH);
	if (rc == Z_STREAM_END)
		return stream->avail_in == 0 ? E_OK : E_BAD_VALUE;
	if (rc == Z_MEM_ERROR)
		return E_NO_MEMORY;
	if ((rc == Z_OK || rc == Z_BUF_ERROR) && stream->avail_out == 0)
		return E_NO_ROOM;
	return E_BAD_VALUE;
}

static enum error inflate_all(z_stream *stream, size_t most, char **out, size_t *out_len)
{
	size_t room = FIRST_BYTES < most ? FIRST_BYTES : most;
	for (;;) {
		char *grown = realloc(*out, room + 1);
		TRY(allocated(grown));
		*out = grown;
		stream->next_out = (Bytef *)grown + stream->total_out;
		stream->avail_out = (uInt)(room + 1 - stream->total_out); /* one byte over tells that there is more */
		enum error error = step(stream);
		*out_len = stream->total_out;
		if (*out_len > most)
			return E_TOO_LONG;
		if (error != E_NO_ROOM)
			return error;
		room = room < most / 2 ? 2 * room : most;
	}
}

enum error fhir_inflate(struct bytes body, size_t most, char **out, size_t *out_len)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)body.data, .avail_in = (uInt)body.len};
	*out = NULL;
	*out_len = 0;
	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		return E_NO_MEMORY;
	enum error error = inflate_all(&stream, most, out, out_len);
	inflateEnd(&stream);
	if (error != E_OK) {
		free(*out);
		*out = NULL;
	}
	return error;
}
