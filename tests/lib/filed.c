#include "tests/lib/filed.h"

#include "ledger/base/domain.h"
#include "ledger/store/store_put.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- in a directory of its own ---- */

static void begin_dir(struct filed *filed, const char *dir)
{
	*filed = (struct filed){.writer = NULL};
	ck_assert_int_lt(snprintf(filed->dir, sizeof filed->dir, "%s", dir), (int)sizeof filed->dir);
	filed->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(filed->dir_fd, 0);
	ck_ok(run_shelf_new(dir, &filed->shelf));
}

void filed_make(struct filed *filed, const char *dir)
{
	begin_dir(filed, dir);
	ck_ok(runs_open(filed->shelf, &filed->filing, &filed->runs));
}

/* Gives the row "filing", and with a new one puts it. */
static void filing_row(const char *dir, struct store_filing *filing, bool put)
{
	char path[128];
	struct db_env *store;
	struct db_txn txn;
	snprintf(path, sizeof path, "%s/store", dir);
	ck_ok(store_open(path, false, &store, NULL));
	ck_ok(db_begin(store, put, &txn));
	if (put)
		store_filing_put(&txn, filing);
	else
		ck_ok(store_filing_get(&txn, filing));
	if (put)
		ck_ok(db_commit(&txn));
	else
		db_abort(&txn);
	db_close(store);
}

void filed_open(struct filed *filed, const char *dir)
{
	begin_dir(filed, dir);
	filing_row(dir, &filed->filing, false);
	ck_ok(runs_open(filed->shelf, &filed->filing, &filed->runs));
}

void filed_close(struct filed *filed)
{
	filed_give_up(filed);
	runs_close(&filed->runs);
	run_shelf_free(filed->shelf);
	close(filed->dir_fd);
}

void filed_new_run(struct filed *filed, uint64_t bytes)
{
	filed->table = 0;
	ck_ok(run_writer_new(filed->dir_fd, &filed->runs, &filed->filing, bytes, &filed->writer));
}

static void reach(struct filed *filed, enum run_table table, struct bytes key)
{
	bool reached = false;
	while (!reached) {
		size_t rows = 7;
		ck_ok(run_writer_reach(filed->writer, table, key, &rows, &reached));
	}
}

/* What is left of the tables before goes first. */
void filed_reach(struct filed *filed, enum run_table table, struct bytes key)
{
	for (; filed->table < table; filed->table++)
		reach(filed, filed->table, BYTES_EMPTY);
	reach(filed, table, key);
}

void filed_row_put(struct filed *filed, enum run_table table, struct bytes key, struct bytes value)
{
	filed_reach(filed, table, key);
	ck_ok(run_writer_put(filed->writer, table, key, value));
}

/* Finishes the run, and gives the names that a commit would put. */
static void finish(struct filed *filed, struct store_filing *out)
{
	for (; filed->table < RUN_TABLES; filed->table++)
		reach(filed, filed->table, BYTES_EMPTY);
	ck_ok(run_writer_finish(filed->writer));
	ck_ok(run_writer_sync(filed->writer));
	run_writer_names(filed->writer, out);
	run_writer_keep(filed->writer);
	run_writer_free(filed->writer);
	filed->writer = NULL;
}

void filed_finish(struct filed *filed)
{
	struct store_filing next = filed->filing;
	finish(filed, &next);
	runs_close(&filed->runs);
	filed->filing = next;
	ck_ok(runs_open(filed->shelf, &filed->filing, &filed->runs));
}

void filed_give_up(struct filed *filed)
{
	run_writer_free(filed->writer);
	filed->writer = NULL;
}

void filed_path(const struct filed *filed, size_t place, char out[PATH_MAX])
{
	char file[RUN_FILE_NAME_BYTES];
	run_file_name(filed->filing.runs[place].number, file);
	snprintf(out, PATH_MAX, "%s/%s/%s", filed->dir, RUN_FOLDER, file);
}

/* ---- in a ledger that is closed ---- */

bool filed_row_at(
	const char *dir, enum run_table table, uint64_t number, uint8_t key[RUN_KEY_BYTES_MAX], size_t *value_len)
{
	struct filed filed;
	struct runs_walk walk;
	filed_open(&filed, dir);
	enum error error = runs_walk_begin(&filed.runs, table, 0, BYTES_EMPTY, &walk);
	for (uint64_t i = 0; error == E_OK && i < number; i++)
		error = runs_walk_next(&walk);
	if (error == E_OK) {
		memcpy(key, walk.key.data, walk.key.len);
		*value_len = walk.value.len;
	} else {
		ck_error(error, E_NOT_FOUND);
	}
	runs_walk_end(&walk);
	filed_close(&filed);
	return error == E_OK;
}

struct bytes filed_row(const char *dir, enum run_table table, struct bytes key)
{
	struct filed filed;
	struct bytes value;
	filed_open(&filed, dir);
	ck_ok(runs_get(&filed.runs, table, key, &value));
	uint8_t *copy = malloc(value.len + 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, value.data, value.len);
	filed_close(&filed);
	return bytes_of(copy, value.len);
}

/* The rows of a table, but for the one that is changed. */
static void write_table(
	struct filed *out, const struct runs *runs, enum run_table table, struct bytes key, const struct bytes *value)
{
	struct runs_walk walk;
	bool done = false;
	enum error error = runs_walk_begin(runs, table, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk)) {
		int order = key.len == 0 ? -1 : memcmp(walk.key.data, key.data, key.len);
		if (order >= 0 && !done && value != NULL && key.len > 0)
			filed_row_put(out, table, key, *value);
		done |= order >= 0;
		if (order != 0)
			filed_row_put(out, table, walk.key, walk.value);
	}
	ck_error(error, E_NOT_FOUND);
	if (!done && key.len > 0 && value != NULL)
		filed_row_put(out, table, key, *value);
	runs_walk_end(&walk);
}

/* Over a view of nothing, so that nothing is taken over as it is. */
void filed_change(const char *dir, enum run_table table, struct bytes key, const struct bytes *value)
{
	struct filed filed, fresh;
	filed_open(&filed, dir);
	filed_make(&fresh, dir);
	filed_new_run(&fresh, 0);
	for (enum run_table t = 0; t < RUN_TABLES; t++)
		write_table(&fresh, &filed.runs, t, t == table ? key : BYTES_EMPTY, value);
	finish(&fresh, &filed.filing);
	filing_row(dir, &filed.filing, true);
	filed_close(&fresh);
	filed_close(&filed);
}

void filed_flip_row(const char *dir, enum run_table table, struct bytes key, size_t at, unsigned bit)
{
	struct bytes row = filed_row(dir, table, key);
	ck_assert_uint_lt(at, row.len);
	((uint8_t *)row.data)[at] ^= (uint8_t)(1 << bit);
	filed_change(dir, table, key, &row);
	free((uint8_t *)row.data);
}

void filed_head_of(const char *dir, const struct seal_keys *keys, const struct alias *alias, struct head *out)
{
	struct filed filed;
	filed_open(&filed, dir);
	ck_ok(head_get(&filed.runs, keys, alias, out));
	filed_close(&filed);
}

void filed_head(const char *dir, const struct seal_keys *keys, const struct alias *alias, const struct head *head)
{
	uint8_t key[POSTING_KEY_BYTES], plain[HEAD_BYTES_MAX], sealed[HEAD_ROW_BYTES_MAX];
	struct writer w = writer_of(plain, sizeof plain);
	posting_key(alias, POSTING_HEAD, key);
	head_encode(head, &w);
	struct bytes encoded = bytes_of(plain, writer_len(&w));
	ck_ok(seal_row(&keys->filing, DOMAIN_HEAD, BYTES_ARRAY(key), encoded, sealed));
	struct bytes row = bytes_of(sealed, encoded.len + ROW_SEAL_OVERHEAD);
	filed_change(dir, RUN_SUBJECT, BYTES_ARRAY(key), &row);
}

static void newest_path(const char *dir, struct run_name *name, char out[PATH_MAX])
{
	struct filed filed;
	begin_dir(&filed, dir);
	filing_row(dir, &filed.filing, false);
	ck_assert_uint_gt(filed.filing.run_count, 0);
	*name = filed.filing.runs[filed.filing.run_count - 1];
	filed_path(&filed, filed.filing.run_count - 1, out);
	filed_close(&filed);
}

uint64_t filed_bytes(const char *dir)
{
	struct run_name name;
	char path[PATH_MAX];
	newest_path(dir, &name, path);
	return name.blocks + name.index;
}

void filed_flip(const char *dir, uint64_t at, unsigned bit)
{
	struct run_name name;
	char path[PATH_MAX];
	uint8_t byte;
	newest_path(dir, &name, path);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= (uint8_t)(1 << bit);
	ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}
