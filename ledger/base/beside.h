/* An LMDB environment in the making. Making one takes several steps, and a kill between two of them leaves what no
 * program can open; so it is made beside the place where it belongs, and moved there when it is whole:
 *
 *   beside_begin: PATH.new, empty ─► made, filled, committed, closed ─► beside_finish: PATH
 *
 * What an earlier attempt left in PATH.new is begun anew. */
#pragma once

#include "ledger/base/file.h"

/* Whether nothing is at `path` that could be an environment: no directory, or one without a data.mdb. E_IO. */
enum error beside_is_free(const char *path, bool *out, struct fault *fault) MUST_USE;
/* Makes the empty directory `path`.new (0700, or as file_mode_of_dir_in says), and gives its name. E_TOO_LONG, E_FULL,
 * E_IO. */
enum error beside_begin(const char *path, char out[PATH_BYTES_MAX], struct fault *fault) MUST_USE;
/* Moves it to `path`, where nothing is that could be an environment; durable when it returns E_OK. */
enum error beside_finish(const char *path, struct fault *fault) MUST_USE;
/* What is in the directory `path` by name stays there. And that it is itself in the one above. E_IO, E_FULL. */
enum error beside_sync(const char *path, struct fault *fault) MUST_USE;
enum error beside_sync_parent(const char *path, struct fault *fault) MUST_USE;
