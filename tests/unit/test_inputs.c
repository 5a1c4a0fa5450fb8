#include "ingest/inputs.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static int temporary_dir(void)
{
	strcpy(path, "/tmp/indsigt-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void remove_dir(int dir, uint64_t input)
{
	char name[32];
	snprintf(name, sizeof name, "input-%016llx", (unsigned long long)input);
	unlinkat(dir, name, 0);
	close(dir);
	ck_assert_int_eq(rmdir(path), 0);
}

static bool match(struct inputs *inputs, uint64_t input, uint64_t number, uint64_t hash)
{
	bool out = false;
	ck_ok(inputs_match(inputs, input, number, hash, &out));
	return out;
}

/* What the journal does between two processes. */
static struct inputs *reload(int dir, struct inputs *inputs)
{
	size_t len = inputs_encoded_bytes(inputs);
	uint8_t *buffer = malloc(len);
	struct writer w = writer_of(buffer, len);
	inputs_encode(inputs, &w);
	struct bytes state;
	ck_ok(writer_done(&w, &state));
	ck_assert_uint_eq(state.len, len);
	inputs_free(inputs);
	ck_ok(inputs_new(dir, &inputs));
	struct reader r = reader_of(state);
	ck_ok(inputs_decode(&r, inputs));
	ck_ok(reader_done(&r));
	free(buffer);
	return inputs;
}

START_TEST(lists)
{
	int dir = temporary_dir();
	struct inputs *inputs = NULL;
	ck_ok(inputs_new(dir, &inputs));
	ck_assert(!match(inputs, 7, 0, 1));
	for (uint64_t i = 0; i < 10; i++)
		ck_ok(inputs_put(inputs, 7, i, i * i));
	ck_error(inputs_put(inputs, 7, 11, 0), E_CORRUPT);
	ck_error(inputs_put(inputs, 8, 1, 0), E_CORRUPT);
	ck_assert(match(inputs, 7, 9, 81));
	ck_assert(!match(inputs, 7, 9, 80));
	ck_assert(!match(inputs, 7, 10, 100));
	ck_ok(inputs_put(inputs, 7, 4, 1000)); /* the input differs from here on */
	ck_assert_uint_eq(inputs_count(inputs, 7), 5);
	ck_assert(match(inputs, 7, 3, 9));
	ck_assert(match(inputs, 7, 4, 1000));
	ck_assert(!match(inputs, 7, 5, 25));
	inputs_forget(inputs, 7);
	ck_assert_uint_eq(inputs_count(inputs, 7), 0);
	inputs_free(inputs);
	remove_dir(dir, 0);
}
END_TEST

START_TEST(files)
{
	int dir = temporary_dir();
	struct inputs *inputs = NULL;
	ck_ok(inputs_new(dir, &inputs));
	const uint64_t key = 0xfedcba9876543210u;
	for (uint64_t i = 0; i < 2000; i++)
		ck_ok(inputs_put(inputs, key, i, i * i));
	ck_ok(inputs_put(inputs, 5, 0, 55)); /* short: stays in the state */
	ck_ok(inputs_persist(inputs));
	ck_assert_uint_eq(inputs_encoded_bytes(inputs), 4 + 2 * 20 + 8);
	inputs = reload(dir, inputs);
	for (uint64_t i = 0; i < 2000; i += 37)
		ck_assert(match(inputs, key, i, i * i));
	ck_assert(match(inputs, 5, 0, 55));
	ck_assert(!match(inputs, key, 2000, 2000 * 2000));
	for (uint64_t i = 2000; i < 2010; i++)
		ck_ok(inputs_put(inputs, key, i, i * i));
	inputs = reload(dir, inputs);
	ck_assert(match(inputs, key, 1999, 1999 * 1999));
	ck_assert(match(inputs, key, 2009, 2009 * 2009));
	/* Cut back into the file, on a page that was read before. */
	ck_assert(match(inputs, key, 1001, 1001 * 1001));
	ck_ok(inputs_put(inputs, key, 1000, 1));
	ck_assert_uint_eq(inputs_count(inputs, key), 1001);
	ck_assert(match(inputs, key, 999, 999 * 999));
	ck_assert(match(inputs, key, 1000, 1));
	ck_assert(!match(inputs, key, 1001, 1001 * 1001));
	ck_ok(inputs_persist(inputs));
	inputs = reload(dir, inputs);
	ck_assert_uint_eq(inputs_count(inputs, key), 1001);
	ck_assert(match(inputs, key, 1000, 1));
	ck_assert(!match(inputs, key, 1001, 1001 * 1001)); /* still in the file */
	inputs_free(inputs);
	remove_dir(dir, key);
}
END_TEST

START_TEST(many)
{
	int dir = temporary_dir();
	struct inputs *inputs = NULL;
	ck_ok(inputs_new(dir, &inputs));
	for (uint64_t key = 0; key < 3000; key++)
		ck_ok(inputs_put(inputs, key * 0x9e3779b97f4a7c15u, 0, key));
	inputs = reload(dir, inputs);
	for (uint64_t key = 0; key < 3000; key++)
		ck_assert(match(inputs, key * 0x9e3779b97f4a7c15u, 0, key));
	inputs_free(inputs);
	remove_dir(dir, 0);
}
END_TEST

/* A list that the file does not hold is damage, not a mismatch. */
START_TEST(file_gone)
{
	int dir = temporary_dir();
	struct inputs *inputs = NULL;
	ck_ok(inputs_new(dir, &inputs));
	for (uint64_t i = 0; i < 100; i++)
		ck_ok(inputs_put(inputs, 1, i, i));
	ck_ok(inputs_persist(inputs));
	ck_assert_int_eq(unlinkat(dir, "input-0000000000000001", 0), 0);
	bool out = false;
	ck_error(inputs_match(inputs, 1, 3, 3, &out), E_CORRUPT);
	inputs_free(inputs);
	remove_dir(dir, 1);
}
END_TEST

UNIT_MAIN("inputs", lists, files, many, file_gone)
