/* Into memory of the content's own size: what does not fit there did not get smaller, and is better sent as it is. So
 * there is no second guess at how large it may become, and a failure of any kind means the same to the caller. */
#include "query/http/gzip.h"

#include <stdlib.h>
#include <zlib.h>

bool gzip_compress(struct bytes content, char **out, size_t *out_len)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)content.data, .avail_in = (uInt)content.len};
	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	char *body = malloc(content.len);
	stream.next_out = (Bytef *)body;
	stream.avail_out = (uInt)content.len;
	bool good = body != NULL && deflate(&stream, Z_FINISH) == Z_STREAM_END;
	size_t len = (size_t)stream.total_out;
	deflateEnd(&stream);
	if (!good) {
		free(body);
		return false;
	}
	*out = body;
	*out_len = len;
	return true;
}
