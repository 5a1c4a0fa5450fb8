/* Vectors: JSON files with one case each. Own ones stand in tests/vectors/<page>/, outside ones under INDSIGT_SHARED
 * (absent on most machines: then there is nothing to read and the test passes).
 *
 * Every vector of ours has "expect": "ok" or the name of the error (error_name) that must come out. */
#pragma once

#include "ledger/base/bytes.h"

#include <check.h>
#include <dirent.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR_BYTES_MAX 70000

/* "<root of the environment variable>/<path>", or false when the variable is not set. */
static inline bool vector_path(const char *variable, const char *path, char out[4096])
{
	const char *base = getenv(variable);
	if (base == NULL)
		return false;
	snprintf(out, 4096, "%s/%s", base, path);
	return true;
}

/* Calls `check` for each JSON file under `dir`, also in its sub-directories, and says how many there were. */
static inline unsigned vector_walk(const char *dir, void (*check)(const json_t *vector, const char *path))
{
	DIR *handle = opendir(dir);
	if (handle == NULL)
		return 0;
	unsigned count = 0;
	for (struct dirent *item = readdir(handle); item != NULL; item = readdir(handle)) {
		if (item->d_name[0] == '.')
			continue;
		char path[4096];
		ck_assert_int_lt(snprintf(path, sizeof path, "%s/%s", dir, item->d_name), (int)sizeof path);
		const char *suffix = strrchr(item->d_name, '.');
		if (suffix == NULL || strcmp(suffix, ".json") != 0) {
			count += vector_walk(path, check);
			continue;
		}
		json_error_t error;
		json_t *vector = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
		if (vector == NULL && json_error_code(&error) == json_error_numeric_overflow) /* 2^63 and more */
			vector = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
		ck_assert_msg(vector != NULL, "%s: %s", path, error.text);
		check(vector, path);
		json_decref(vector);
		count++;
	}
	closedir(handle);
	return count;
}

static inline const char *vector_text(const json_t *vector, const char *name)
{
	const char *text = json_string_value(json_object_get(vector, name));
	ck_assert_msg(text != NULL, "no text \"%s\"", name);
	return text;
}

/* Numbers stand as JSON integers, or as decimal text where they do not fit 63 bits. */
static inline uint64_t vector_number(const json_t *vector, const char *name)
{
	const json_t *number = json_object_get(vector, name);
	if (json_is_string(number))
		return strtoull(json_string_value(number), NULL, 10);
	if (json_is_real(number))
		return json_real_value(number) < 0x1p64 ? (uint64_t)json_real_value(number) : UINT64_MAX;
	ck_assert_msg(json_is_integer(number), "no number \"%s\"", name);
	return (uint64_t)json_integer_value(number);
}

/* Decodes hexadecimal digits; `out` has VECTOR_BYTES_MAX bytes. */
static inline struct bytes vector_unhex(const char *text, uint8_t *out)
{
	size_t len = 0;
	const char *end = NULL;
	ck_assert_int_eq(sodium_hex2bin(out, VECTOR_BYTES_MAX, text, strlen(text), NULL, &len, &end), 0);
	ck_assert_msg(*end == '\0', "not hexadecimal: %s", text);
	return bytes_of(out, len);
}

/* A field in hexadecimal. */
static inline struct bytes vector_hex(const json_t *vector, const char *name, uint8_t *out)
{
	return vector_unhex(vector_text(vector, name), out);
}

/* A field in hexadecimal of exactly `len` bytes. */
static inline void vector_fixed(const json_t *vector, const char *name, void *out, size_t len)
{
	uint8_t buffer[VECTOR_BYTES_MAX];
	struct bytes value = vector_hex(vector, name, buffer);
	ck_assert_msg(value.len == len, "\"%s\" has %zu bytes", name, value.len);
	memcpy(out, buffer, len);
}

/* The result must be the one that the vector expects. */
#define vector_expect(vector, path, result)                                                                      \
	do {                                                                                                         \
		const char *vector_wanted = vector_text(vector, "expect");                                               \
		const char *vector_got = error_name(result);                                                             \
		ck_assert_msg(                                                                                           \
			strcmp(vector_wanted, vector_got) == 0, "%s: expected %s, got %s", path, vector_wanted, vector_got); \
	} while (0)
