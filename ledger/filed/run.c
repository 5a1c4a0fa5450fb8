/* name ─► index: as long as it says, check ─► each block in its place, first keys ascending
 * key  ─► the last block that begins at or before it ─► read, check ─► rows one after the other
 *
 * Whatever differs is E_CORRUPT: the file is derived, and made again from the log. Only what the disk does not give is
 * told as that. Rows are compared with the one before, and a block's first and last with the index, so a walk meets
 * what a search finds. */
#include "ledger/filed/run.h"

#include "ledger/base/file.h"
#include "ledger/base/grow.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#ifdef HAVE_XXH_X86DISPATCH
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#define COPY_BYTES 65536

/* Invariant: entries are in the index, one for each block, in the order of the file. */
struct run_part {
	uint64_t blocks;
	const uint8_t *entries;
};

struct run {
	int fd;
	struct run_name name;
	uint8_t *index;
	struct run_part parts[RUN_TABLES];
};

size_t run_key_bytes(enum run_table table)
{
	static const size_t bytes[RUN_TABLES] = {
		[RUN_SUBJECT] = RUN_KEY_BYTES_MAX, [RUN_LABEL] = HASH_BYTES, [RUN_MAP] = 4};
	return bytes[table];
}

void run_file_name(uint64_t number, char out[RUN_FILE_NAME_BYTES])
{
	snprintf(out, RUN_FILE_NAME_BYTES, "%020" PRIu64, number);
}

static XXH64_hash_t check_seed(uint64_t number, uint64_t offset)
{
	uint8_t place[16];
	put_u64(place, number);
	put_u64(place + 8, offset);
	return XXH3_64bits(place, sizeof place);
}

void run_check(uint64_t number, uint64_t offset, struct bytes content, uint8_t out[RUN_CHECK_BYTES])
{
	put_u64(out, XXH3_64bits_withSeed(content.data, content.len, check_seed(number, offset)));
}

enum error run_check_parts(
	uint64_t number, uint64_t offset, const struct bytes *parts, size_t count, uint8_t out[RUN_CHECK_BYTES])
{
	XXH3_state_t *state = XXH3_createState();
	TRY(allocated(state));
	bool good = XXH3_64bits_reset_withSeed(state, check_seed(number, offset)) == XXH_OK;
	for (size_t i = 0; good && i < count; i++)
		good = parts[i].len == 0 || XXH3_64bits_update(state, parts[i].data, parts[i].len) == XXH_OK;
	put_u64(out, XXH3_64bits_digest(state));
	XXH3_freeState(state);
	return good ? E_OK : E_NO_MEMORY;
}

static bool holds(uint64_t number, uint64_t offset, struct bytes content, const uint8_t *check)
{
	uint8_t wanted[RUN_CHECK_BYTES];
	run_check(number, offset, content, wanted);
	return memcmp(check, wanted, sizeof wanted) == 0;
}

const struct run_name *run_name_of(const struct run *run)
{
	return &run->name;
}

static const uint8_t *entry_of(const struct run *run, enum run_table table, uint64_t block)
{
	return run->parts[table].entries + block * (RUN_ENTRY_BYTES + run_key_bytes(table));
}

static struct bytes first_key(const struct run *run, enum run_table table, uint64_t block)
{
	return bytes_of(entry_of(run, table, block) + RUN_ENTRY_BYTES, run_key_bytes(table));
}

/* The disk's own errors, and a file that ends before it should. */
static enum error read_at(int fd, uint8_t *out, size_t len, uint64_t offset)
{
	enum error error = file_read_at(fd, out, len, offset);
	return error == E_TRUNCATED ? E_CORRUPT : error;
}

static enum error read_checked(int fd, uint64_t number, uint64_t offset, uint8_t *out, size_t len)
{
	if (len < RUN_CHECK_BYTES)
		return E_CORRUPT;
	TRY(read_at(fd, out, len, offset));
	len -= RUN_CHECK_BYTES;
	return holds(number, offset, bytes_of(out, len), out + len) ? E_OK : E_CORRUPT;
}

/* ---- opening ---- */

/* Blocks follow one another without a gap, and each begins behind where the last one did. */
static enum error check_part(const struct run *run, enum run_table table, uint64_t *end)
{
	for (uint64_t block = 0; block < run->parts[table].blocks; block++) {
		const uint8_t *entry = entry_of(run, table, block);
		uint64_t len = get_u32(entry + 8);
		if (get_u64(entry) != *end || len <= RUN_CHECK_BYTES || len > run->name.blocks - *end)
			return E_CORRUPT;
		if (block > 0 && front_order(first_key(run, table, block - 1).data, first_key(run, table, block).data,
							 run_key_bytes(table)) >= 0)
			return E_CORRUPT;
		*end += len;
	}
	return E_OK;
}

static enum error read_index(struct run *run)
{
	const struct run_name *name = &run->name;
	uint64_t end = 0;
	struct stat file;
	if (fstat(run->fd, &file) != 0)
		return error_of_system(errno);
	if (name->blocks > (uint64_t)file.st_size || name->index != (uint64_t)file.st_size - name->blocks)
		return E_CORRUPT;
	run->index = malloc((size_t)name->index + 1);
	TRY(allocated(run->index));
	TRY(read_checked(run->fd, name->number, name->blocks, run->index, (size_t)name->index));
	struct reader r = reader_of(bytes_of(run->index, (size_t)name->index - RUN_CHECK_BYTES));
	for (enum run_table table = 0; table < RUN_TABLES; table++) {
		struct run_part *part = &run->parts[table];
		part->blocks = reader_u64(&r);
		size_t bytes = RUN_ENTRY_BYTES + run_key_bytes(table);
		if (part->blocks > reader_left(&r) / bytes)
			return E_CORRUPT;
		part->entries = reader_bytes(&r, (size_t)part->blocks * bytes).data;
		TRY(check_part(run, table, &end));
	}
	return reader_done(&r) == E_OK && end == name->blocks ? E_OK : E_CORRUPT;
}

/* That the index is the named one its check says, which the name repeats. */
static enum error open_file(int dir_fd, struct run *run)
{
	char file[RUN_FILE_NAME_BYTES];
	run_file_name(run->name.number, file);
	run->fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
	if (run->fd < 0)
		return errno == ENOENT ? E_CORRUPT : error_of_system(errno);
	TRY(read_index(run));
	return get_u64(run->index + run->name.index - RUN_CHECK_BYTES) == run->name.check ? E_OK : E_CORRUPT;
}

enum error run_open(int dir_fd, const struct run_name *name, struct run **out)
{
	OWNED(run_release) struct run *run = calloc(1, sizeof *run);
	TRY(allocated(run));
	run->fd = -1;
	run->name = *name;
	TRY(open_file(dir_fd, run));
	*out = OWN_TAKE(run);
	return E_OK;
}

void run_close(struct run *run)
{
	own_close(&run->fd);
	free(run->index);
	free(run);
}

enum error run_copy(const struct run *run, int dir_fd)
{
	char file[RUN_FILE_NAME_BYTES];
	uint8_t piece[COPY_BYTES];
	uint64_t left = run->name.blocks + run->name.index;
	run_file_name(run->name.number, file);
	OWNED_FD fd = openat(dir_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode_in(dir_fd));
	if (fd < 0)
		return errno == EEXIST ? E_EXISTS : error_of_system(errno);
	for (uint64_t offset = 0; left > 0;) {
		size_t len = left < sizeof piece ? (size_t)left : sizeof piece;
		TRY(read_at(run->fd, piece, len, offset));
		TRY(file_write_all(fd, bytes_of(piece, len)));
		offset += len;
		left -= len;
	}
	return fsync(fd) == 0 ? E_OK : error_of_system(errno);
}

/* ---- reading ---- */

void run_cursor_end(struct run_cursor *cursor)
{
	free(cursor->buffer);
	*cursor = (struct run_cursor){.run = NULL};
}

static enum error load_block(struct run_cursor *cursor, uint64_t block)
{
	const struct run *run = cursor->run;
	cursor->next = 0;
	if (cursor->loaded && cursor->block == block)
		return E_OK;
	const uint8_t *entry = entry_of(run, cursor->table, block);
	size_t len = get_u32(entry + 8);
	cursor->loaded = false;
	TRY(GROW(cursor->buffer, cursor->capacity, len));
	TRY(read_checked(run->fd, run->name.number, get_u64(entry), cursor->buffer, len));
	cursor->block = block;
	cursor->len = len - RUN_CHECK_BYTES;
	struct bytes first = first_key(run, cursor->table, block);
	cursor->loaded = cursor->len >= first.len && memcmp(cursor->buffer, first.data, first.len) == 0;
	return cursor->loaded ? E_OK : E_CORRUPT;
}

static bool before_next_block(const struct run_cursor *cursor)
{
	uint64_t next = cursor->block + 1;
	return next == cursor->run->parts[cursor->table].blocks ||
		   front_order(cursor->key.data, first_key(cursor->run, cursor->table, next).data, cursor->key.len) < 0;
}

/* The row behind the one it stands on, in the loaded block. */
static enum error next_in_block(struct run_cursor *cursor)
{
	size_t key_bytes = run_key_bytes(cursor->table);
	const uint8_t *row = cursor->buffer + cursor->next;
	size_t left = cursor->len - cursor->next;
	if (left == 0)
		return E_NOT_FOUND;
	if (left < key_bytes + 4 || left - key_bytes - 4 < get_u32(row + key_bytes) ||
		(cursor->next > 0 && front_order(cursor->key.data, row, key_bytes) >= 0))
		return E_CORRUPT;
	cursor->key = bytes_of(row, key_bytes);
	cursor->value = bytes_of(row + key_bytes + 4, get_u32(row + key_bytes));
	cursor->next += key_bytes + 4 + cursor->value.len;
	return cursor->next == cursor->len && !before_next_block(cursor) ? E_CORRUPT : E_OK;
}

enum error run_next(struct run_cursor *cursor)
{
	assert(cursor->loaded);
	enum error error = next_in_block(cursor);
	uint64_t next = cursor->block + 1;
	if (error != E_NOT_FOUND || next >= cursor->run->parts[cursor->table].blocks)
		return error;
	TRY(load_block(cursor, next));
	return db_must(next_in_block(cursor));
}

/* The last block that begins at or before the key; the first if none does. */
static uint64_t find_block(const struct run *run, enum run_table table, struct bytes key)
{
	uint64_t low = 0, high = run->parts[table].blocks;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		if (front_order(first_key(run, table, middle).data, key.data, key.len) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* On a row of the very block that a search would find, at or before the key: who looks for keys that ascend goes on
 * from there. */
static bool is_near(const struct run_cursor *cursor, struct bytes key)
{
	uint64_t next = cursor->block + 1;
	return cursor->loaded && cursor->next > 0 && key.len > 0 && front_order(cursor->key.data, key.data, key.len) <= 0 &&
		   (next == cursor->run->parts[cursor->table].blocks ||
			   front_order(first_key(cursor->run, cursor->table, next).data, key.data, key.len) > 0);
}

enum error run_seek(struct run_cursor *cursor, struct bytes key)
{
	const struct run *run = cursor->run;
	enum error error = E_OK;
	assert(key.len == 0 || key.len == run_key_bytes(cursor->table));
	if (run->parts[cursor->table].blocks == 0)
		return E_NOT_FOUND;
	if (!is_near(cursor, key)) {
		TRY(load_block(cursor, key.len == 0 ? 0 : find_block(run, cursor->table, key)));
		error = run_next(cursor);
	}
	while (error == E_OK && key.len > 0 && front_order(cursor->key.data, key.data, key.len) < 0)
		error = run_next(cursor);
	return error;
}
