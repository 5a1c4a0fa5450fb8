/* Runs against a plain sorted array, damaged in every byte, read while newer ones are made, and swept. */
#include "ledger/filed/runs.h"
#include "tests/lib/filed.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define KEYS 200u
#define EPOCHS 30u

static struct place place;
static struct filed filed;

static void begin(void)
{
	place_make(&place);
	filed_make(&filed, place.path);
}

static void end(void)
{
	filed_close(&filed);
	place_remove(&place);
}

/* Keys of one table differ in their first bytes, of another in the last. */
static struct bytes key_at(enum run_table table, uint32_t at, uint8_t out[RUN_KEY_BYTES_MAX])
{
	memset(out, 0, RUN_KEY_BYTES_MAX);
	put_u32(out + (table == RUN_SUBJECT ? RUN_KEY_BYTES_MAX - 4 : 0), at);
	return bytes_of(out, run_key_bytes(table));
}

/* There is something between two. */
static struct bytes key_of(enum run_table table, uint32_t number, uint8_t out[RUN_KEY_BYTES_MAX])
{
	return key_at(table, number * 2 + 1, out);
}

/* ---- against a model ---- */

/* version 0: not there. The value follows from it, and is as long as it says. */
struct model_row {
	uint32_t version;
	uint32_t len;
};

static struct model_row model[RUN_TABLES][KEYS];

static struct bytes value_of(uint32_t number, const struct model_row *row, uint8_t *out)
{
	for (uint32_t i = 0; i < row->len; i++)
		out[i] = (uint8_t)(number * 31 + row->version * 7 + i);
	return bytes_of(out, row->len);
}

static void check_row(enum run_table table, uint32_t number, struct bytes key, struct bytes value)
{
	static uint8_t content[20000];
	uint8_t wanted[RUN_KEY_BYTES_MAX];
	ck_assert(bytes_equal(key, key_of(table, number, wanted)));
	ck_assert(bytes_equal(value, value_of(number, &model[table][number], content)));
}

/* Begun where another has gone on, between look-ups: the next rows, a few. */
static void check_seek(enum run_table table, uint32_t from, struct bytes key)
{
	struct runs_walk *walk;
	enum error error = runs_seek(&filed.runs, table, key, &walk);
	for (uint32_t rows = 0; from < KEYS && rows < 5; from++) {
		if (model[table][from].version == 0)
			continue;
		ck_ok(error);
		check_row(table, from, walk->key, walk->value);
		error = runs_walk_next(walk);
		rows++;
	}
	if (from == KEYS)
		ck_error(error, E_NOT_FOUND);
}

/* From the row on that is at or behind a key. */
static void check_walk(enum run_table table, uint32_t from, struct bytes key)
{
	struct runs_walk walk;
	enum error error = runs_walk_begin(&filed.runs, table, 0, key, &walk);
	for (; from < KEYS; from++) {
		if (model[table][from].version == 0)
			continue;
		ck_ok(error);
		check_row(table, from, walk.key, walk.value);
		error = runs_walk_next(&walk);
	}
	ck_error(error, E_NOT_FOUND);
	runs_walk_end(&walk);
}

static void check_table(enum run_table table)
{
	uint8_t key[RUN_KEY_BYTES_MAX];
	struct bytes value;
	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t number = i % 3 == 0 ? (uint32_t)random() % KEYS : i;
		enum error error = runs_get(&filed.runs, table, key_of(table, number, key), &value);
		ck_error(error, model[table][number].version > 0 ? E_OK : E_NOT_FOUND);
		if (error == E_OK)
			check_row(table, number, key_of(table, number, key), value);
		if (i % 7 == 0)
			check_seek(table, number, key_of(table, number, key));
		ck_error(runs_get(&filed.runs, table, key_at(table, number * 2, key), &value), E_NOT_FOUND);
	}
	check_walk(table, 0, BYTES_EMPTY);
	for (unsigned i = 0; i < 5; i++) {
		uint32_t number = (uint32_t)random() % KEYS;
		check_walk(table, number, key_of(table, number, key));
		check_walk(table, number + 1, key_at(table, number * 2 + 2, key));
	}
}

static void change_rows(enum run_table table, uint32_t epoch, uint32_t step)
{
	static uint8_t content[20000];
	uint8_t key[RUN_KEY_BYTES_MAX];
	for (uint32_t i = (uint32_t)random() % step; i < KEYS; i += 1 + (uint32_t)random() % step) {
		uint32_t len = random() % 40 == 0 ? (uint32_t)random() % 20000 : (uint32_t)random() % 300;
		model[table][i] = (struct model_row){epoch + 1, len};
		filed_row_put(&filed, table, key_of(table, i, key), value_of(i, &model[table][i], content));
	}
}

/* STO-19: many epochs of every size, so that runs are merged in all ways, some given up half-way; tables that are
 * empty, and rows that are longer than a block. */
START_TEST(like_the_model)
{
	uint32_t merged = 0, kept = 0;
	srandom((unsigned)_i + 1);
	memset(model, 0, sizeof model);
	begin();
	check_table(RUN_SUBJECT);
	for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
		uint32_t before = filed.filing.run_count;
		uint32_t step = random() % 3 == 0 ? 3 : 200;
		filed_new_run(&filed, (uint64_t)random() % 60000);
		if (random() % 4 == 0) {
			filed_row_put(&filed, RUN_SUBJECT, key_of(RUN_SUBJECT, 9, (uint8_t[RUN_KEY_BYTES_MAX]){0}), BYTES_EMPTY);
			filed_give_up(&filed);
			filed_new_run(&filed, (uint64_t)random() % 60000);
		}
		if (random() % 4 > 0)
			change_rows(RUN_SUBJECT, epoch, step);
		if (random() % 4 > 0)
			change_rows(RUN_LABEL, epoch, step);
		if (random() % 4 > 0)
			change_rows(RUN_MAP, epoch, step);
		filed_finish(&filed);
		merged += filed.filing.run_count <= before;
		kept += filed.filing.run_count > before;
		check_table(RUN_SUBJECT);
		check_table(RUN_LABEL);
		check_table(RUN_MAP);
	}
	ck_assert_uint_gt(merged, 0);
	ck_assert_uint_gt(kept, 0);
	end();
}
END_TEST

/* ---- damage ---- */

#define LONG_ROW 16300u /* does not fit into a block with others */

/* Two runs with a few rows in both tables; the second has two blocks for each. */
static void make_small(void)
{
	memset(model, 0, sizeof model);
	begin();
	for (uint32_t epoch = 0; epoch < 2; epoch++) {
		uint8_t key[RUN_KEY_BYTES_MAX], content[LONG_ROW];
		filed_new_run(&filed, 0);
		for (enum run_table table = 0; table < RUN_TABLES; table++)
			for (uint32_t i = epoch; i < 6; i += 2 - epoch) {
				model[table][i] = (struct model_row){epoch + 1, i == 5 ? LONG_ROW : 20};
				filed_row_put(&filed, table, key_of(table, i, key), value_of(i, &model[table][i], content));
			}
		filed_finish(&filed);
	}
	uint64_t entries = 0;
	for (enum run_table table = 0; table < RUN_TABLES; table++)
		entries += 2 * (RUN_ENTRY_BYTES + run_key_bytes(table));
	ck_assert_uint_eq(filed.filing.runs[1].index, RUN_TABLES * 8 + entries + RUN_CHECK_BYTES);
	ck_assert_uint_eq(filed.filing.run_count, 2);
}

/* Everything that is read is right, or E_CORRUPT. True: something was E_CORRUPT. */
static bool right_or_corrupt(void)
{
	struct run_shelf *shelf;
	struct runs runs;
	bool corrupt = false;
	ck_ok(run_shelf_new(place.path, &shelf));
	enum error error = runs_open(shelf, &filed.filing, &runs);
	if (error != E_OK) {
		ck_error(error, E_CORRUPT);
		run_shelf_free(shelf);
		return true;
	}
	for (enum run_table table = 0; table < RUN_TABLES; table++) {
		struct runs_walk walk;
		for (uint32_t i = 0; i < 6; i++) {
			uint8_t key[RUN_KEY_BYTES_MAX];
			struct bytes value;
			error = runs_get(&runs, table, key_of(table, i, key), &value);
			corrupt |= error == E_CORRUPT;
			if (error != E_CORRUPT) {
				ck_ok(error);
				check_row(table, i, key_of(table, i, key), value);
			}
		}
		error = runs_walk_begin(&runs, table, 0, BYTES_EMPTY, &walk);
		for (uint32_t i = 0; error == E_OK; error = runs_walk_next(&walk), i++)
			check_row(table, i, walk.key, walk.value);
		ck_assert(error == E_NOT_FOUND || error == E_CORRUPT);
		corrupt |= error == E_CORRUPT;
		runs_walk_end(&walk);
	}
	runs_close(&runs);
	run_shelf_free(shelf);
	return corrupt;
}

static size_t read_run(size_t at, uint8_t *out, size_t max)
{
	char path[PATH_MAX];
	filed_path(&filed, at, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, out, max);
	ck_assert(n > 0 && (size_t)n < max);
	close(fd);
	return (size_t)n;
}

static void write_run(size_t at, const uint8_t *content, size_t len)
{
	char path[PATH_MAX];
	filed_path(&filed, at, path);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, content, len), (ssize_t)len);
	close(fd);
}

/* STO-61: what is not what was written is never taken for a row that is not there, nor for another. */
START_TEST(no_byte_may_differ)
{
	static uint8_t good[1 << 16], other[1 << 16], bad[1 << 16];
	make_small();
	ck_assert(!right_or_corrupt());
	for (size_t run = 0; run < 2; run++) {
		size_t len = read_run(run, good, sizeof good);
		size_t other_len = read_run(1 - run, other, sizeof other);
		for (size_t at = 0; at < len; at++) {
			memcpy(bad, good, len);
			bad[at] ^= (uint8_t)(1 << at % 8);
			write_run(run, bad, len);
			ck_assert_msg(right_or_corrupt(), "run %zu, byte %zu", run, at);
		}
		for (size_t cut = 0; cut < len; cut += 1 + cut / 9) {
			write_run(run, good, cut);
			ck_assert_msg(right_or_corrupt(), "run %zu, cut to %zu", run, cut);
		}
		write_run(run, other, other_len);
		ck_assert(right_or_corrupt());
		/* A block of the other run, and of another place. */
		struct run_name *name = &filed.filing.runs[run];
		size_t shared = filed.filing.runs[0].blocks < name->blocks ? filed.filing.runs[0].blocks : name->blocks;
		memcpy(bad, good, len);
		memcpy(bad, other, shared < 200 ? shared : 200);
		write_run(run, bad, len);
		ck_assert(right_or_corrupt());
		write_run(run, good, len);
		ck_assert(!right_or_corrupt());
		char path[PATH_MAX];
		filed_path(&filed, run, path);
		unlink(path);
		ck_assert(right_or_corrupt());
		write_run(run, good, len);
	}
	end();
}
END_TEST

/* The name is of a row that may be damaged as well. */
START_TEST(no_name_may_differ)
{
	make_small();
	struct store_filing good = filed.filing;
	for (size_t run = 0; run < 2; run++)
		for (unsigned bit = 0; bit < 64; bit++)
			for (unsigned field = 0; field < 4; field++) {
				struct run_name *name = &filed.filing.runs[run];
				uint64_t *const fields[] = {&name->number, &name->blocks, &name->index, &name->check};
				filed.filing = good;
				*fields[field] ^= 1ull << bit;
				ck_assert_msg(right_or_corrupt(), "run %zu, field %u, bit %u", run, field, bit);
			}
	filed.filing = good;
	end();
}
END_TEST

/* A run with two blocks of three rows in its last table, whose checks are right; `named`: the second one's first key in
 * the index. */
static void forge_run(const uint32_t keys[6], uint32_t named)
{
	uint8_t file[256], check[RUN_CHECK_BYTES];
	struct writer w = writer_of(file, sizeof file);
	const uint64_t block_bytes = 3 * 8 + RUN_CHECK_BYTES;
	for (unsigned block = 0; block < 2; block++) {
		for (unsigned i = 0; i < 3; i++) {
			writer_u32(&w, keys[3 * block + i]);
			writer_u32(&w, 0);
		}
		run_check(1, block * block_bytes, bytes_of(file + block * block_bytes, 3 * 8), check);
		writer_bytes(&w, BYTES_ARRAY(check));
	}
	for (enum run_table table = 0; table < RUN_TABLES; table++)
		writer_u64(&w, table == RUN_MAP ? 2 : 0);
	for (unsigned block = 0; block < 2; block++) {
		writer_u64(&w, block * block_bytes);
		writer_u32(&w, (uint32_t)block_bytes);
		writer_u32(&w, block == 0 ? keys[0] : named);
	}
	size_t index_bytes = writer_len(&w) - 2 * block_bytes;
	run_check(1, 2 * block_bytes, bytes_of(file + 2 * block_bytes, index_bytes), check);
	writer_bytes(&w, BYTES_ARRAY(check));
	filed.filing = (struct store_filing){.run_count = 1,
		.runs = {
			{.number = 1, .blocks = 2 * block_bytes, .index = index_bytes + RUN_CHECK_BYTES, .check = get_u64(check)}}};
	write_run(0, file, writer_len(&w));
}

/* Each row of the forged run, and how the walk ends. */
static enum error walk_forged(uint32_t *rows)
{
	struct run_shelf *shelf;
	struct runs runs;
	struct runs_walk walk;
	*rows = 0;
	ck_ok(run_shelf_new(place.path, &shelf));
	ck_ok(runs_open(shelf, &filed.filing, &runs));
	enum error error = runs_walk_begin(&runs, RUN_MAP, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk))
		++*rows;
	runs_walk_end(&walk);
	runs_close(&runs);
	run_shelf_free(shelf);
	return error;
}

/* So a row that a walk meets is one that a search finds, whoever made the run. */
START_TEST(rows_ascend_from_block_to_block)
{
	uint32_t rows;
	begin();
	filed_new_run(&filed, 0); /* makes the folder */
	filed_give_up(&filed);
	forge_run((const uint32_t[]){1, 2, 3, 4, 5, 6}, 4);
	ck_error(walk_forged(&rows), E_NOT_FOUND);
	ck_assert_uint_eq(rows, 6);
	forge_run((const uint32_t[]){1, 2, 4, 3, 4, 5}, 3);
	ck_error(walk_forged(&rows), E_CORRUPT);
	ck_assert_uint_eq(rows, 2);
	forge_run((const uint32_t[]){1, 2, 4, 4, 5, 6}, 4);
	ck_error(walk_forged(&rows), E_CORRUPT);
	forge_run((const uint32_t[]){1, 3, 2, 4, 5, 6}, 4);
	ck_error(walk_forged(&rows), E_CORRUPT);
	forge_run((const uint32_t[]){1, 2, 3, 4, 5, 6}, 5); /* 4 would not be found */
	ck_error(walk_forged(&rows), E_CORRUPT);
	ck_assert_uint_eq(rows, 3);
	filed.filing = (struct store_filing){.run_count = 0};
	end();
}
END_TEST

/* Made by the xxhash module of Python (4.1.0). Of long content another part of the library hashes, and what the
 * processor has decides which. */
START_TEST(checks_are_as_others_make_them)
{
	static const uint8_t empty[] = {0x8d, 0x8e, 0x00, 0x92, 0x83, 0xb1, 0xc0, 0x53};
	static const uint8_t row[] = {0xcf, 0x3d, 0x65, 0xf1, 0xfb, 0x91, 0xb1, 0x26};
	static const uint8_t rows[] = {0xeb, 0xd1, 0x02, 0xec, 0xba, 0xd4, 0x4c, 0xed}; /* a hundred */
	const struct bytes one = BYTES_LITERAL("a row and another");
	uint8_t check[RUN_CHECK_BYTES], content[1700];
	run_check(1, 0, BYTES_EMPTY, check);
	ck_assert_mem_eq(check, empty, sizeof check);
	run_check(7, 4096, one, check);
	ck_assert_mem_eq(check, row, sizeof check);
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = one.data[i % one.len];
	run_check(7, 4096, BYTES_ARRAY(content), check);
	ck_assert_mem_eq(check, rows, sizeof check);
	const struct bytes parts[] = {one, BYTES_EMPTY, bytes_of(content, sizeof content - one.len)};
	ck_ok(run_check_parts(7, 4096, parts, 3, check));
	ck_assert_mem_eq(check, rows, sizeof check);
}
END_TEST

/* ---- older states ---- */

static bool is_there(uint64_t number)
{
	char file[RUN_FILE_NAME_BYTES], path[PATH_MAX];
	run_file_name(number, file);
	snprintf(path, sizeof path, "%s/%s/%s", place.path, RUN_FOLDER, file);
	return access(path, F_OK) == 0;
}

static void write_version(uint32_t version)
{
	uint8_t key[RUN_KEY_BYTES_MAX], value[4];
	put_u32(value, version);
	filed_new_run(&filed, 1 << 20); /* all older ones are taken over */
	for (uint32_t i = 0; i < 50; i++)
		filed_row_put(&filed, RUN_SUBJECT, key_of(RUN_SUBJECT, i, key), BYTES_ARRAY(value));
	filed_finish(&filed);
}

static void read_version(struct runs *runs, uint32_t version)
{
	uint8_t key[RUN_KEY_BYTES_MAX];
	struct bytes value;
	for (uint32_t i = 0; i < 50; i++) {
		ck_ok(runs_get(runs, RUN_SUBJECT, key_of(RUN_SUBJECT, i, key), &value));
		ck_assert_uint_eq(get_u32(value.data), version);
	}
}

/* STO-62: the file goes when no snapshot is left that may name it, and who has it open goes on reading. */
START_TEST(swept_when_nobody_can_name_it)
{
	struct run_sweep sweep = {.count = 0};
	struct runs then;
	begin();
	write_version(1);
	uint64_t number = filed.filing.runs[0].number;
	ck_ok(runs_open(filed.shelf, &filed.filing, &then));
	write_version(2);
	run_sweep_files(&sweep, filed.dir_fd, &filed.filing, NULL, 12, 11); /* somebody is at 11 */
	ck_assert(is_there(number));
	run_sweep_files(&sweep, filed.dir_fd, &filed.filing, NULL, 15, 11);
	ck_assert(is_there(number));
	run_sweep_files(&sweep, filed.dir_fd, &filed.filing, NULL, 16, 12);
	ck_assert(!is_there(number));
	read_version(&then, 1);
	read_version(&filed.runs, 2);
	runs_close(&then);
	end();
}
END_TEST

/* STO-62: what a process that was killed has left is named by nobody; what is being written is left alone, and so is
 * what is no run. */
START_TEST(left_over_files_go)
{
	struct run_sweep sweep = {.count = 0};
	begin();
	write_version(1);
	uint64_t named = filed.filing.runs[0].number;
	write_run(0, (const uint8_t *)"x", 1);
	filed.filing.runs[0].number = named + 5;
	write_run(0, (const uint8_t *)"x", 1);
	filed.filing.runs[0].number = named;
	shell("touch %s/%s/note", place.path, RUN_FOLDER);
	filed_new_run(&filed, 0);
	run_sweep_files(&sweep, filed.dir_fd, &filed.filing, filed.writer, 20, 0);
	ck_assert(is_there(named));
	ck_assert(!is_there(named + 5));
	ck_assert(is_there(named + 6)); /* it is written; no number comes again */
	shell("test -e %s/%s/note", place.path, RUN_FOLDER);
	filed_give_up(&filed);
	ck_assert(!is_there(named + 6));
	end();
}
END_TEST

/* How many files in the folder this process has open, also such as are gone. */
static unsigned open_files(void)
{
	unsigned count = 0;
	char path[PATH_MAX], link[64], target[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s/", place.path, RUN_FOLDER);
	for (int fd = 0; fd < 1024; fd++) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t len = readlink(link, target, sizeof target - 1);
		target[len > 0 ? len : 0] = '\0';
		count += strncmp(target, path, strlen(path)) == 0;
	}
	return count;
}

/* Once all that was filed was made again numbers begin anew: what is open is what is named now, and it stays so while
 * nobody reads. */
START_TEST(numbers_that_begin_anew)
{
	begin();
	write_version(1);
	write_version(2);
	ck_assert_uint_eq(open_files(), 1);
	runs_close(&filed.runs);
	filed.filing = (struct store_filing){.filed = 0};
	shell("rm -r %s/%s", place.path, RUN_FOLDER);
	ck_ok(runs_open(filed.shelf, &filed.filing, &filed.runs));
	ck_assert_uint_eq(open_files(), 0);
	write_version(3);
	ck_assert_uint_eq(filed.filing.runs[0].number, 1);
	ck_assert_uint_eq(open_files(), 1);
	runs_close(&filed.runs);
	ck_assert_uint_eq(open_files(), 1);
	end();
}
END_TEST

/* ---- threads ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct store_filing newest;
static uint32_t newest_version;
static unsigned reading; /* how many have taken `newest` and not opened it yet */
static bool over;

static void *read_main(void *context)
{
	(void)context;
	for (bool last = false; !last;) {
		struct runs runs;
		pthread_mutex_lock(&mutex);
		struct store_filing filing = newest;
		uint32_t version = newest_version;
		last = over;
		reading++;
		pthread_mutex_unlock(&mutex);
		ck_ok(runs_open(filed.shelf, &filing, &runs));
		pthread_mutex_lock(&mutex);
		reading--;
		pthread_mutex_unlock(&mutex);
		read_version(&runs, version);
		runs_close(&runs);
	}
	return NULL;
}

START_TEST(readers_beside_the_writer)
{
	enum { READERS = 4, VERSIONS = 60 };
	struct run_sweep sweep = {.count = 0};
	pthread_t readers[READERS];
	begin();
	write_version(1);
	newest = filed.filing;
	newest_version = 1;
	for (unsigned i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&readers[i], NULL, read_main, NULL), 0);
	for (uint32_t version = 2; version < VERSIONS; version++) {
		write_version(version);
		pthread_mutex_lock(&mutex);
		newest = filed.filing;
		newest_version = version;
		run_sweep_files(&sweep, filed.dir_fd, &filed.filing, NULL, version, reading > 0 ? 1 : 0);
		pthread_mutex_unlock(&mutex);
	}
	pthread_mutex_lock(&mutex);
	over = true;
	pthread_mutex_unlock(&mutex);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	end();
}
END_TEST

enum { AT_ONCE = 8 };

static pthread_barrier_t together;
static struct run_shelf *empty_shelf;
static struct runs opened[AT_ONCE];

static void *open_main(void *context)
{
	struct runs *runs = context;
	pthread_barrier_wait(&together);
	ck_ok(runs_open(empty_shelf, &filed.filing, runs));
	pthread_barrier_wait(&together); /* all are open at once */
	runs_close(runs);
	return NULL;
}

/* Each is on the shelf once, or there would be no place left for what others read. */
START_TEST(many_open_the_same_runs_at_once)
{
	pthread_t threads[AT_ONCE];
	begin();
	write_version(1);
	ck_assert_int_eq(pthread_barrier_init(&together, NULL, AT_ONCE), 0);
	for (unsigned round = 0; round < 200; round++) {
		ck_ok(run_shelf_new(place.path, &empty_shelf));
		for (unsigned i = 0; i < AT_ONCE; i++)
			ck_assert_int_eq(pthread_create(&threads[i], NULL, open_main, &opened[i]), 0);
		for (unsigned i = 0; i < AT_ONCE; i++)
			pthread_join(threads[i], NULL);
		for (unsigned i = 0; i < AT_ONCE; i++)
			ck_assert_ptr_eq(opened[i].run[0], opened[0].run[0]);
		run_shelf_free(empty_shelf);
	}
	pthread_barrier_destroy(&together);
	end();
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("runs");
	tcase_add_loop_test(tcase, like_the_model, 0, 6);
	tcase_add_test(tcase, no_byte_may_differ);
	tcase_add_test(tcase, no_name_may_differ);
	tcase_add_test(tcase, rows_ascend_from_block_to_block);
	tcase_add_test(tcase, checks_are_as_others_make_them);
	tcase_add_test(tcase, swept_when_nobody_can_name_it);
	tcase_add_test(tcase, left_over_files_go);
	tcase_add_test(tcase, numbers_that_begin_anew);
	tcase_add_test(tcase, readers_beside_the_writer);
	tcase_add_test(tcase, many_open_the_same_runs_at_once);
	return unit_run("runs", tcase);
}
