/* Answers compressed with gzip, for who accepts it. */
#pragma once

#include "ledger/base/bytes.h"

/* To free(). False: it could not be made smaller, or there is no memory; then it goes as it is. */
bool gzip_compress(struct bytes content, char **out, size_t *out_len);
