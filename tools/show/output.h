/* What commands write: what -o names, a file of its own, whole or not at all, or standard output; and lines of JSON. */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

/* Mode 0600, because proofs name people; an existing file is replaced. "-": standard output, and a newline behind it.
 */
enum error output_write(const char *output, struct bytes text, struct fault *fault) MUST_USE;
/* A file at `path`, with the directory that it stands in synced. */
enum error output_file(const char *path, struct bytes text, unsigned mode, struct fault *fault) MUST_USE;
/* JSON as one line; takes over `json`, NULL gives E_NO_MEMORY. E_IO. */
enum error output_json(json_t *json, FILE *out) MUST_USE;
