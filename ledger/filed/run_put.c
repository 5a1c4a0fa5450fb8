/* rows of the epoch ─┐
 *                    ├─ by key ─► block full? ─► check, file ─► ... ─► index ─► synced ─► named by the commit
 * older runs' rows ──┘  the epoch's row counts
 *
 * Which runs are taken over: the newest is, while it is at most RUN_TIMES what has come together so far. So sizes grow
 * from run to run, there are never more than a few, and a row is written again once for each size that it passes.
 * Nothing of it is there before a commit names it: a file that is left by a process that was killed is taken away. */
#include "ledger/filed/run_put.h"

#include "ledger/base/file.h"
#include "ledger/base/grow.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_BLOCK_BYTES 16384
#define RUN_BUFFER_BYTES (1u << 18)
#define RUN_FLUSH_BYTES (8u << 20) /* written before the disk is asked to begin */
#define RUN_TIMES 2

/* Invariant: buffer[0, block_start) are whole blocks, behind it the rows of the one that is begun. */
struct run_writer {
	int dir_fd; /* of the folder */
	int fd;
	const struct store_filing *filing;
	const struct runs *runs;
	size_t kept; /* runs that stay as they are: the older ones */
	struct run_name name;
	bool keep;

	struct runs_walk older; /* the rows that are taken over, of this table */
	enum run_table table;
	bool older_left;

	uint8_t *buffer;
	size_t capacity;
	size_t len;
	size_t block_start;
	uint64_t written; /* to the file: offset of the buffer in it */
	uint64_t flushed;
	uint8_t last_key[RUN_KEY_BYTES_MAX];
	bool any;

	uint8_t *index[RUN_TABLES];
	size_t index_len[RUN_TABLES];
	size_t index_capacity[RUN_TABLES];
	uint64_t blocks[RUN_TABLES];
};

/* ---- making one ---- */

static bool number_of(const char *file, uint64_t *out)
{
	char again[RUN_FILE_NAME_BYTES];
	*out = strtoull(file, NULL, 10);
	run_file_name(*out, again);
	return strcmp(file, again) == 0;
}

/* Higher than that of every file that is there: who still reads an older one keeps it. */
static enum error next_number(int dir_fd, const struct store_filing *filing, uint64_t *out)
{
	uint64_t number, highest = filing->run_count > 0 ? filing->runs[filing->run_count - 1].number : 0;
	OWNED_DIR *files = file_list(dir_fd, ".");
	if (files == NULL)
		return error_of_system(errno);
	for (const char *file; (file = file_list_next(files)) != NULL;)
		if (number_of(file, &number) && number > highest)
			highest = number;
	*out = highest + 1;
	return errno == 0 ? E_OK : E_IO;
}

static enum error open_folder(int dir_fd, int *out)
{
	if (mkdirat(dir_fd, RUN_FOLDER, file_mode_of_dir_in(dir_fd)) != 0 && errno != EEXIST)
		return error_of_system(errno);
	*out = openat(dir_fd, RUN_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out >= 0 && fsync(dir_fd) == 0 ? E_OK : error_of_system(errno);
}

static enum error make_file(struct run_writer *writer)
{
	char file[RUN_FILE_NAME_BYTES];
	TRY(next_number(writer->dir_fd, writer->filing, &writer->name.number));
	run_file_name(writer->name.number, file);
	writer->fd = openat(writer->dir_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode_in(writer->dir_fd));
	return writer->fd >= 0 ? E_OK : error_of_system(errno);
}

/* One place is left for the new one, whatever the sizes are. `bytes`: of the new one's own rows, then of all. */
static size_t runs_kept(const struct store_filing *filing, uint64_t *bytes)
{
	size_t kept = filing->run_count;
	while (kept > 0 && (kept == RUNS_MAX || filing->runs[kept - 1].blocks <= RUN_TIMES * *bytes))
		*bytes += filing->runs[--kept].blocks;
	return kept;
}

/* Room for as many blocks as there will hardly be more: an index that grows is there twice while it is moved. */
static enum error begin_index(struct run_writer *writer, uint64_t bytes)
{
	size_t entries = (size_t)(bytes / (RUN_BLOCK_BYTES - RUN_BLOCK_BYTES / 8)) + 1;
	size_t room = entries * (RUN_ENTRY_BYTES + run_key_bytes(RUN_SUBJECT));
	writer->index[RUN_SUBJECT] = malloc(room);
	writer->index_capacity[RUN_SUBJECT] = room;
	return allocated(writer->index[RUN_SUBJECT]);
}

static enum error begin_table(struct run_writer *writer, enum run_table table)
{
	runs_walk_end(&writer->older);
	writer->table = table;
	writer->any = false;
	enum error error = runs_walk_begin(writer->runs, table, writer->kept, BYTES_EMPTY, &writer->older);
	writer->older_left = error == E_OK;
	return error == E_NOT_FOUND ? E_OK : error;
}

enum error run_writer_new(
	int dir_fd, const struct runs *runs, const struct store_filing *filing, uint64_t bytes, struct run_writer **out)
{
	OWNED(run_writer_release) struct run_writer *writer = calloc(1, sizeof *writer);
	TRY(allocated(writer));
	writer->fd = writer->dir_fd = -1;
	writer->runs = runs;
	writer->filing = filing;
	writer->kept = runs_kept(filing, &bytes);
	TRY(begin_index(writer, bytes));
	TRY(open_folder(dir_fd, &writer->dir_fd));
	TRY(make_file(writer));
	TRY(begin_table(writer, 0));
	*out = OWN_TAKE(writer);
	return E_OK;
}

void run_writer_free(struct run_writer *writer)
{
	char file[RUN_FILE_NAME_BYTES];
	if (writer == NULL)
		return;
	runs_walk_end(&writer->older);
	run_file_name(writer->name.number, file);
	if (writer->fd >= 0 && !writer->keep)
		unlinkat(writer->dir_fd, file, 0);
	own_close(&writer->fd);
	own_close(&writer->dir_fd);
	for (enum run_table table = 0; table < RUN_TABLES; table++)
		free(writer->index[table]);
	free(writer->buffer);
	free(writer);
}

/* ---- blocks ---- */

/* So that there is little left to be written when it is to be synced. Where the disk cannot be asked it is not. */
static void begin_flush(struct run_writer *writer)
{
	if (writer->written - writer->flushed < RUN_FLUSH_BYTES)
		return;
	sync_file_range(
		writer->fd, (off64_t)writer->flushed, (off64_t)(writer->written - writer->flushed), SYNC_FILE_RANGE_WRITE);
	writer->flushed = writer->written;
}

/* What stands in the buffer before `end`; the rest moves to its front. */
static enum error write_out(struct run_writer *writer, size_t end)
{
	if (end == 0)
		return E_OK;
	TRY(file_write_all(writer->fd, bytes_of(writer->buffer, end)));
	memmove(writer->buffer, writer->buffer + end, writer->len - end);
	writer->len -= end;
	writer->block_start -= end;
	writer->written += end;
	begin_flush(writer);
	return E_OK;
}

static enum error end_block(struct run_writer *writer)
{
	size_t rows = writer->len - writer->block_start;
	if (rows == 0)
		return E_OK;
	uint64_t offset = writer->written + writer->block_start;
	TRY(GROW(writer->buffer, writer->capacity, writer->len + RUN_CHECK_BYTES));
	run_check(writer->name.number, offset, bytes_of(writer->buffer + writer->block_start, rows),
		writer->buffer + writer->len);
	writer->len += RUN_CHECK_BYTES;
	/* Its entry was begun with its first row. */
	uint8_t *entry = writer->index[writer->table] + writer->index_len[writer->table] - run_key_bytes(writer->table) -
					 RUN_ENTRY_BYTES;
	put_u64(entry, offset);
	put_u32(entry + 8, (uint32_t)(rows + RUN_CHECK_BYTES));
	writer->blocks[writer->table]++;
	writer->block_start = writer->len;
	return writer->len < RUN_BUFFER_BYTES ? E_OK : write_out(writer, writer->len);
}

static enum error begin_entry(struct run_writer *writer, struct bytes key)
{
	enum run_table table = writer->table;
	size_t needed = writer->index_len[table] + RUN_ENTRY_BYTES + key.len;
	TRY(GROW(writer->index[table], writer->index_capacity[table], needed));
	memcpy(writer->index[table] + needed - key.len, key.data, key.len);
	writer->index_len[table] = needed;
	return E_OK;
}

static enum error add_row(struct run_writer *writer, struct bytes key, struct bytes value)
{
	size_t bytes = key.len + 4 + value.len;
	size_t begun = writer->len - writer->block_start;
	if (writer->any && front_order(writer->last_key, key.data, key.len) >= 0)
		return E_CORRUPT;
	if (begun > 0 && begun + bytes > RUN_BLOCK_BYTES - RUN_CHECK_BYTES)
		TRY(end_block(writer));
	if (writer->len == writer->block_start)
		TRY(begin_entry(writer, key));
	TRY(GROW(writer->buffer, writer->capacity, writer->len + bytes + RUN_CHECK_BYTES));
	struct writer w = writer_of(writer->buffer + writer->len, bytes);
	writer_bytes(&w, key);
	writer_range32(&w, value);
	TRY(w.error);
	memcpy(writer->last_key, key.data, key.len);
	writer->len += bytes;
	writer->any = true;
	return E_OK;
}

/* ---- rows ---- */

static enum error step_older(struct run_writer *writer)
{
	enum error error = runs_walk_next(&writer->older);
	writer->older_left = error == E_OK;
	return error == E_NOT_FOUND ? E_OK : error;
}

enum error run_writer_reach(
	struct run_writer *writer, enum run_table table, struct bytes key, size_t *rows, bool *reached)
{
	assert(table >= writer->table);
	while (writer->table < table) {
		assert(!writer->older_left);
		TRY(end_block(writer));
		TRY(begin_table(writer, writer->table + 1));
	}
	for (;; --*rows) {
		*reached = !writer->older_left || (key.len > 0 && front_order(writer->older.key.data, key.data, key.len) >= 0);
		if (*reached || *rows == 0)
			return E_OK;
		TRY(add_row(writer, writer->older.key, writer->older.value));
		TRY(step_older(writer));
	}
}

/* Whoever wants that in slices has reached the key before. */
enum error run_writer_put(struct run_writer *writer, enum run_table table, struct bytes key, struct bytes value)
{
	bool reached;
	size_t all = SIZE_MAX;
	assert(key.len == run_key_bytes(table));
	TRY(run_writer_reach(writer, table, key, &all, &reached));
	TRY(add_row(writer, key, value));
	if (writer->older_left && front_order(writer->older.key.data, key.data, key.len) == 0)
		TRY(step_older(writer));
	return E_OK;
}

/* ---- the end ---- */

/* Piece by piece: the index of a large run is too large to be there twice. */
static enum error write_index(struct run_writer *writer)
{
	struct run_name *name = &writer->name;
	uint8_t counts[RUN_TABLES][8], check[RUN_CHECK_BYTES];
	struct bytes parts[2 * RUN_TABLES + 1];
	size_t count = 0;
	name->blocks = writer->written;
	for (enum run_table table = 0; table < RUN_TABLES; table++) {
		put_u64(counts[table], writer->blocks[table]);
		parts[count++] = BYTES_ARRAY(counts[table]);
		parts[count++] = bytes_of(writer->index[table], writer->index_len[table]);
	}
	TRY(run_check_parts(name->number, name->blocks, parts, count, check));
	parts[count++] = BYTES_ARRAY(check);
	name->check = get_u64(check);
	name->index = 0;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0)
			TRY(file_write_all(writer->fd, parts[i]));
		name->index += parts[i].len;
	}
	return E_OK;
}

enum error run_writer_finish(struct run_writer *writer)
{
	bool reached;
	size_t none = 0;
	TRY(run_writer_reach(writer, RUN_TABLES - 1, BYTES_EMPTY, &none, &reached));
	assert(!writer->older_left);
	TRY(end_block(writer));
	TRY(write_out(writer, writer->len));
	return write_index(writer);
}

/* The file and its name in the folder. */
enum error run_writer_sync(struct run_writer *writer)
{
	return fdatasync(writer->fd) == 0 && fsync(writer->dir_fd) == 0 ? E_OK : error_of_system(errno);
}

void run_writer_names(const struct run_writer *writer, struct store_filing *out)
{
	out->run_count = (uint32_t)writer->kept + 1;
	memcpy(out->runs, writer->filing->runs, writer->kept * sizeof out->runs[0]);
	out->runs[writer->kept] = writer->name;
}

void run_writer_keep(struct run_writer *writer)
{
	writer->keep = true;
}

/* ---- sweeping ---- */

static bool is_used(const struct store_filing *filing, const struct run_writer *writing, uint64_t number)
{
	if (writing != NULL && writing->name.number == number)
		return true;
	for (uint32_t i = 0; i < filing->run_count; i++)
		if (filing->runs[i].number == number)
			return true;
	return false;
}

/* NULL: there are more than are remembered; the others come first. */
static uint64_t *seen_under(struct run_sweep *sweep, uint64_t number, uint64_t commit)
{
	for (size_t i = 0; i < sweep->count; i++)
		if (sweep->files[i].number == number)
			return &sweep->files[i].unnamed;
	if (sweep->count == sizeof sweep->files / sizeof sweep->files[0])
		return NULL;
	sweep->files[sweep->count].number = number;
	sweep->files[sweep->count].unnamed = commit;
	return &sweep->files[sweep->count++].unnamed;
}

static void forget_file(struct run_sweep *sweep, uint64_t number)
{
	for (size_t i = 0; i < sweep->count; i++)
		if (sweep->files[i].number == number)
			sweep->files[i] = sweep->files[--sweep->count];
}

void run_sweep_files(struct run_sweep *sweep, int dir_fd, const struct store_filing *filing,
	const struct run_writer *writing, uint64_t commit, uint64_t oldest)
{
	uint64_t number;
	OWNED_DIR *files = file_list(dir_fd, RUN_FOLDER);
	if (files == NULL)
		return;
	for (const char *file; (file = file_list_next(files)) != NULL;) {
		if (!number_of(file, &number) || is_used(filing, writing, number))
			continue;
		const uint64_t *unnamed = seen_under(sweep, number, commit);
		if (unnamed == NULL || (oldest != 0 && oldest < *unnamed))
			continue;
		if (unlinkat(dirfd(files), file, 0) == 0)
			forget_file(sweep, number);
	}
}
