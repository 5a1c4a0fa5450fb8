#include "tools/posted/unpack.h"

#include "tools/fhirbody/fhir_inflate.h"

#include <strings.h>

bool unpack(const struct unpacking *how, const struct request *request, char **owned, struct bytes *out,
	struct response *response)
{
	const char *encoding = request->content_encoding;
	size_t len = 0;
	*out = request->body;
	if (encoding == NULL || strcasecmp(encoding, "identity") == 0)
		return true;
	if (strcasecmp(encoding, "gzip") != 0 && !(how->x_gzip && strcasecmp(encoding, "x-gzip") == 0)) {
		how->refuse(415, E_USAGE, "header Content-Encoding: gzip or nothing", response);
		response_header(response, "Accept-Encoding", "gzip");
		return false;
	}
	enum error error = fhir_inflate(request->body, how->bytes_max, owned, &len);
	if (error == E_TOO_LONG)
		how->refuse(413, error, how->too_long, response);
	else if (error == E_BAD_VALUE)
		how->refuse(400, error, "the body is not gzip, or not all of it", response);
	else if (error != E_OK)
		how->refuse(503, error, error_text(error), response);
	*out = bytes_of(*owned, len);
	return error == E_OK;
}
