/* An archive of plain files (POSIX ustar) whose bytes follow from names and contents alone: no times, no owners, mode
 * 0644, files in the order in which they are given. Written to memory. */
#pragma once

#include "ledger/base/bytes.h"

#define USTAR_NAME_BYTES_MAX 99u

struct ustar {
	uint8_t *data; /* to free() */
	size_t len;
	size_t capacity;
};

/* E_TOO_LONG for the name, E_NO_MEMORY. */
enum error ustar_add(struct ustar *archive, const char *name, struct bytes content) MUST_USE;
/* The two empty blocks at the end. */
enum error ustar_end(struct ustar *archive) MUST_USE;
