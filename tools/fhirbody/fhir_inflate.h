/* A body that came with Content-Encoding: gzip, up to a limit of what it becomes. Pure. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/error.h"

/* `*out` is malloc()ed, `*out_len` bytes. E_BAD_VALUE: it is no gzip, ends too early, or has something behind its end;
 * E_TOO_LONG: it becomes more than `most` bytes, of which no more is made; E_NO_MEMORY. */
enum error fhir_inflate(struct bytes body, size_t most, char **out, size_t *out_len) MUST_USE;
