#include "tests/lib/vector.h"

#include <check.h>
#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool vector_path(const char *variable, const char *path, char out[4096])
{
	const char *base = getenv(variable);
	if (base == NULL)
		return false;
	snprintf(out, 4096, "%s/%s", base, path);
	return true;
}

unsigned vector_walk(const char *dir, void (*check)(const json_t *vector, const char *path))
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

const char *vector_text(const json_t *vector, const char *name)
{
	const char *text = json_string_value(json_object_get(vector, name));
	ck_assert_msg(text != NULL, "no text \"%s\"", name);
	return text;
}

uint64_t vector_number(const json_t *vector, const char *name)
{
	const json_t *number = json_object_get(vector, name);
	if (json_is_string(number))
		return strtoull(json_string_value(number), NULL, 10);
	if (json_is_real(number))
		return json_real_value(number) < 0x1p64 ? (uint64_t)json_real_value(number) : UINT64_MAX;
	ck_assert_msg(json_is_integer(number), "no number \"%s\"", name);
	return (uint64_t)json_integer_value(number);
}

struct bytes vector_unhex(const char *text, uint8_t *out)
{
	size_t len = 0;
	const char *end = NULL;
	ck_assert_int_eq(sodium_hex2bin(out, VECTOR_BYTES_MAX, text, strlen(text), NULL, &len, &end), 0);
	ck_assert_msg(*end == '\0', "not hexadecimal: %s", text);
	return bytes_of(out, len);
}

struct bytes vector_hex(const json_t *vector, const char *name, uint8_t *out)
{
	return vector_unhex(vector_text(vector, name), out);
}

void vector_fixed(const json_t *vector, const char *name, void *out, size_t len)
{
	uint8_t buffer[VECTOR_BYTES_MAX];
	struct bytes value = vector_hex(vector, name, buffer);
	ck_assert_msg(value.len == len, "\"%s\" has %zu bytes", name, value.len);
	memcpy(out, buffer, len);
}
