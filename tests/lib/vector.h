/* Vectors: JSON files with one case each. Own ones stand in tests/vectors/<page>/, outside ones under INDSIGT_SHARED
 * (absent on most machines: then there is nothing to read and the test passes).
 *
 * Every vector of ours has "expect": "ok" or the name of the error (error_name) that must come out. */
#pragma once

#include "ledger/base/bytes.h"

#include <check.h>
#include <jansson.h>
#include <string.h>

#define VECTOR_BYTES_MAX 70000

/* "<root of the environment variable>/<path>", or false when the variable is not set. */
bool vector_path(const char *variable, const char *path, char out[4096]);
/* Calls `check` for each JSON file under `dir`, also in its sub-directories, and says how many there were. */
unsigned vector_walk(const char *dir, void (*check)(const json_t *vector, const char *path));
const char *vector_text(const json_t *vector, const char *name);
/* Numbers stand as JSON integers, or as decimal text where they do not fit 63 bits. */
uint64_t vector_number(const json_t *vector, const char *name);
/* Decodes hexadecimal digits; `out` has VECTOR_BYTES_MAX bytes. */
struct bytes vector_unhex(const char *text, uint8_t *out);
/* A field in hexadecimal. */
struct bytes vector_hex(const json_t *vector, const char *name, uint8_t *out);
/* A field in hexadecimal of exactly `len` bytes. */
void vector_fixed(const json_t *vector, const char *name, void *out, size_t len);

/* The result must be the one that the vector expects. */
#define vector_expect(vector, path, result)                                                                      \
	do {                                                                                                         \
		const char *vector_wanted = vector_text(vector, "expect");                                               \
		const char *vector_got = error_name(result);                                                             \
		ck_assert_msg(                                                                                           \
			strcmp(vector_wanted, vector_got) == 0, "%s: expected %s, got %s", path, vector_wanted, vector_got); \
	} while (0)
