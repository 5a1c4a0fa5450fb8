/* Where a request ends, for all HTTP servers here: evhttp, and a proxy in front of it, must not make out two different
 * ends, or what stands in a body is answered as a request of somebody else's; nor two who ask, or are asked about.
 * spec/http.md (HTTP-7)
 *
 * evhttp takes the first header of a name, a header whose name has a blank for another one, and reads no body of a GET
 * or a HEAD. So whatever could be read in two ways is refused, and the connection ended. */
#pragma once

#include <event2/http.h>
#include <stdbool.h>

enum request_end {
	REQUEST_BODILESS, /* over where its headers end */
	REQUEST_BODY,     /* one Content-Length, of digits alone */
	REQUEST_CHUNKED,  /* Transfer-Encoding: chunked, and no length; clear only if nothing is read behind it */
	REQUEST_UNCLEAR   /* anything else: another coding, a length twice, malformed or beside a coding, a header that is
						  none, or who asks, about whom or the case twice */
};

/* Looks at every header that was sent. `Content-Length: 0` is bodiless. */
enum request_end request_end(struct evhttp_request *http);
