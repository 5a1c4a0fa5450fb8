/* A certificate that `indsigt bench --tls` makes for its own servers and believes itself: signed by its own key, P-256
 * as most are now, for 127.0.0.1, a day long. */
#pragma once

#include "ledger/base/error.h"

/* Writes both as PEM, each a file that is not there yet, 0600. E_EXISTS, E_IO, E_NO_MEMORY. */
enum error bench_pair_make(const char *certificate, const char *key, struct fault *fault) MUST_USE;
