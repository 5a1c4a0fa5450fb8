/* A tree of tiles (tools/publish/tile_tree.h) on the network, while somebody else writes it. spec/tiles.md,
 * spec/mirror.md
 *
 *   GET  /checkpoint   /tile/...   and the same below /<origin hash>/      200 304 404, 405 for other methods
 *
 * Files are opened for each answer, nothing is kept, so this and the writer need not know of each other.
 *
 * What fails: a file that is not there yet is 404 and may not be kept by anybody; one that cannot be read is 500, and
 * never "not there". */
#pragma once

#include "query/server/http_server.h"

#define TREE_CONNECTIONS_MAX 1024u
#define TREE_CONNECTION_SECONDS 600
#define TREE_OUTPUT_BYTES_MAX (64u << 20) /* answers that wait for their readers; over it: 503 */

/* Binds `address` and opens the directory. `origin` is hashed for the prefix, `tls` borrowed until the server is let
 * go. E_IO, E_NOT_FOUND; of a pair that cannot be used what tls_server.h says. The directory stays open by its
 * descriptor, so that it may be renamed while it is served. */
enum error tree_server_new(const struct address *address, const struct tls_files *tls, const char *dir,
	const char *origin, struct http_server **out, struct fault *fault) MUST_USE;
