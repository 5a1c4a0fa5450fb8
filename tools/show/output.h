/* Writing what -o names: a file of its own, whole or not at all, or standard output. */
#pragma once

#include "ledger/base/bytes.h"

/* Mode 0600, because proofs name people; an existing file is replaced. "-": standard output, and a newline behind it.
 */
enum error output_write(const char *output, struct bytes text, struct fault *fault) MUST_USE;
