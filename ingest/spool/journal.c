/* What is appended waits in a buffer, the end of the file as it will be:
 *
 *   in the file │ handed to the kernel │ only here
 *               └ end - buffered       └ + handed  └ end
 *
 * A sync that fails for want of room is made again from the buffer, which therefore keeps what was handed over until
 * the sync succeeded. What is longer than BUFFER_BYTES_MAX is let go of before that: then a sync that fails cannot be
 * made again, and is E_IO whatever the reason.
 *
 * Opening: good records are visited; at a bad one the next good one is looked for. Where there is none the bad one is
 * the tail of a crash and is cut off; where there is one the bad one is damage, passed over and counted, since
 * throwing away what follows would lose batches that nobody else has. The first record may not be damaged: it says
 * whose the spool is. */
#include "ingest/spool/journal.h"

#include "ingest/spool/limits.h"
#include "ledger/base/file.h"
#include "ledger/base/grow.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/stat.h>

#define CHECK_BYTES 16
#define SECRET_CHECK_BYTES 8

/* A full disk may have room again. */
static enum error fail(struct journal *journal, enum error error)
{
	if (error == E_FULL)
		return error;
	if (journal->error == E_OK)
		journal->error = error;
	return journal->error;
}

/* ---- checks ---- */

/* Eight bytes: it tells a secret that was wiped or torn from a whole one, and says nothing of it. */
static void check_secret(struct bytes secret, uint8_t out[SECRET_CHECK_BYTES])
{
	struct hash hash;
	hash_blake2b(NULL, &secret, 1, &hash);
	memcpy(out, hash.b, SECRET_CHECK_BYTES);
}

/* Over the head, the body without the secret, and the secret's check. */
static void check_record(const uint8_t head[JOURNAL_HEAD_BYTES], struct bytes body, uint32_t secret_at,
	const uint8_t secret_check[SECRET_CHECK_BYTES], uint8_t out[CHECK_BYTES])
{
	struct bytes parts[4] = {
		bytes_of(head, JOURNAL_HEAD_BYTES), body, BYTES_EMPTY, bytes_of(secret_check, SECRET_CHECK_BYTES)};
	if (secret_at != JOURNAL_NO_SECRET) {
		size_t after = (size_t)secret_at + JOURNAL_SECRET_BYTES;
		parts[1].len = secret_at;
		parts[2] = bytes_of(body.data + after, body.len - after);
	}
	struct hash hash;
	hash_blake2b(NULL, parts, 4, &hash);
	memcpy(out, hash.b, CHECK_BYTES);
}

/* A record that says otherwise was not written by us, and nothing of it is believed. */
static bool secret_fits(uint32_t secret_at, size_t body_bytes)
{
	return secret_at == JOURNAL_NO_SECRET || (size_t)secret_at + JOURNAL_SECRET_BYTES <= body_bytes;
}

/* ---- opening ---- */

/* Reads the record at `at` into `*memory`, which grows; E_TRUNCATED where the good part of the file ends. */
static enum error read_record(
	int fd, uint64_t at, uint64_t size, uint8_t **memory, size_t *capacity, struct journal_record *out, uint64_t *next)
{
	uint8_t head[JOURNAL_HEAD_BYTES];
	TRY(file_read_at(fd, head, sizeof head, at));
	size_t len = get_u32(head + 1);
	uint32_t secret_at = get_u32(head + 5);
	uint64_t after = at + sizeof head + len + JOURNAL_TAIL_BYTES;
	if (head[0] == 0 || after > size || !secret_fits(secret_at, len))
		return E_TRUNCATED;
	TRY(GROW(*memory, *capacity, len + JOURNAL_TAIL_BYTES));
	TRY(file_read_at(fd, *memory, len + JOURNAL_TAIL_BYTES, at + sizeof head));
	const uint8_t *secret_check = *memory + len;
	uint8_t check[CHECK_BYTES];
	check_record(head, bytes_of(*memory, len), secret_at, secret_check, check);
	if (memcmp(check, secret_check + SECRET_CHECK_BYTES, CHECK_BYTES) != 0)
		return E_TRUNCATED;
	*out = (struct journal_record){head[0], at, secret_at, true, false, bytes_of(*memory, len)};
	if (secret_at != JOURNAL_NO_SECRET) {
		uint8_t intact[SECRET_CHECK_BYTES];
		check_secret(bytes_of(*memory + secret_at, JOURNAL_SECRET_BYTES), intact);
		out->secret_intact = memcmp(intact, secret_check, SECRET_CHECK_BYTES) == 0;
	}
	*next = after;
	return E_OK;
}

/* ---- damage ---- */

static bool may_begin(const uint8_t head[JOURNAL_HEAD_BYTES], uint64_t at, uint64_t size)
{
	uint32_t secret_at = get_u32(head + 5);
	return head[0] != 0 && head[0] <= TYPE_MAX && (secret_at == JOURNAL_NO_SECRET || secret_at <= SECRET_AT_MAX) &&
		   at + JOURNAL_HEAD_BYTES + get_u32(head + 1) + JOURNAL_TAIL_BYTES <= size;
}

struct scan {
	int fd;
	uint64_t size;
	uint8_t **memory;
	size_t *capacity;
};

static enum error is_good(const struct scan *scan, uint64_t at, bool *out)
{
	struct journal_record record;
	uint64_t next = 0;
	enum error error = read_record(scan->fd, at, scan->size, scan->memory, scan->capacity, &record, &next);
	*out = error == E_OK;
	return error == E_TRUNCATED ? E_OK : error;
}

/* Where the next good record behind a bad one at `at` begins; the size if there is none. The bad one's own length is
 * believed first, so that nothing inside of it is taken for a record. */
static enum error find_good(const struct scan *scan, uint64_t at, uint64_t *out)
{
	uint8_t part[SCAN_BYTES];
	bool good = false;
	if (at + JOURNAL_HEAD_BYTES > scan->size)
		return *out = scan->size, E_OK;
	TRY(file_read_at(scan->fd, part, JOURNAL_HEAD_BYTES, at));
	*out = at + JOURNAL_HEAD_BYTES + get_u32(part + 1) + JOURNAL_TAIL_BYTES;
	if (*out < scan->size)
		TRY(is_good(scan, *out, &good));
	for (uint64_t from = at + 1; !good && from + JOURNAL_HEAD_BYTES <= scan->size;) {
		size_t len = scan->size - from < sizeof part ? (size_t)(scan->size - from) : sizeof part;
		TRY(file_read_at(scan->fd, part, len, from));
		for (size_t i = 0; !good && i + JOURNAL_HEAD_BYTES <= len; i++) {
			*out = from + i;
			if (may_begin(part + i, *out, scan->size))
				TRY(is_good(scan, *out, &good));
		}
		from += len - JOURNAL_HEAD_BYTES + 1;
	}
	if (!good)
		*out = scan->size;
	return E_OK;
}

/* Passes over what is damaged; E_TRUNCATED where nothing good follows. */
static enum error pass_over(struct journal *journal, const struct scan *scan)
{
	uint64_t next = 0;
	TRY(find_good(scan, journal->end, &next));
	if (next >= scan->size)
		return E_TRUNCATED;
	if (journal->end == 0)
		return E_CORRUPT;
	journal->damaged += next - journal->end;
	journal->end = next;
	return E_OK;
}

static enum error replay(struct journal *journal, journal_visit *visit, void *context)
{
	struct stat info;
	if (fstat(journal->fd, &info) != 0)
		return E_IO;
	uint64_t size = (uint64_t)info.st_size;
	uint8_t *memory = NULL;
	size_t capacity = 0;
	enum error error = E_OK;
	const struct scan scan = {journal->fd, size, &memory, &capacity};
	while (error == E_OK) {
		struct journal_record record;
		uint64_t next = 0;
		error = read_record(journal->fd, journal->end, size, &memory, &capacity, &record, &next);
		if (error == E_TRUNCATED) {
			error = pass_over(journal, &scan);
			continue;
		}
		record.behind_damage = journal->damaged > 0;
		if (error == E_OK)
			error = visit(context, &record);
		if (error == E_OK)
			journal->end = next;
	}
	own_wipe(memory, capacity);
	if (error != E_TRUNCATED)
		return error;
	journal->synced = journal->end;
	return journal->end < size ? journal_cut(journal, journal->end) : E_OK;
}

static enum error open_file(int dir_fd, const char *name, int flags, struct journal *out)
{
	*out = (struct journal){.fd = -1, .capacity = BUFFER_BYTES_MIN};
	OWNED_FD fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0)
		return errno == ENOENT ? E_NOT_FOUND : error_of_system(errno);
	out->buffer = malloc(out->capacity);
	TRY(allocated(out->buffer));
	out->fd = fd;
	fd = -1;
	return E_OK;
}

enum error journal_create(int dir_fd, const char *name, struct journal *out)
{
	return open_file(dir_fd, name, O_CREAT | O_TRUNC, out);
}

enum error journal_open(int dir_fd, const char *name, journal_visit *visit, void *context, struct journal *out)
{
	OWNED(journal_close) struct journal journal = {.fd = -1};
	TRY(open_file(dir_fd, name, 0, &journal));
	TRY(replay(&journal, visit, context));
	*out = journal;
	journal.fd = -1;
	return E_OK;
}

void journal_close(struct journal *journal)
{
	if (journal->fd < 0)
		return;
	own_wipe(journal->buffer, journal->capacity); /* it held batch secrets */
	close(journal->fd);
	journal->fd = -1;
	journal->buffer = NULL;
}

/* ---- appending ---- */

static enum error reserve(struct journal *journal, size_t len)
{
	if (journal->buffered + len > BUFFER_BYTES_MAX) {
		enum error error = journal_write(journal);
		if (error != E_OK && error != E_FULL)
			return error;
		journal->let_go |= error == E_OK && journal->buffered > 0;
		if (error == E_OK)
			journal->buffered = journal->handed = 0;
	}
	size_t need = journal->buffered + len;
	if (need <= journal->capacity)
		return E_OK;
	size_t capacity = journal->capacity;
	while (capacity < need)
		capacity *= 2;
	uint8_t *larger = malloc(capacity);
	if (larger == NULL) /* nothing has changed: it may be tried again */
		return E_NO_MEMORY;
	memcpy(larger, journal->buffer, journal->buffered);
	own_wipe(journal->buffer, journal->capacity);
	journal->buffer = larger;
	journal->capacity = capacity;
	return E_OK;
}

/* Into memory, and only what is too much for it to the file; what can fail for its own sake is a record that nobody
 * could write. */
enum error journal_append(
	struct journal *journal, uint8_t type, const struct bytes *parts, size_t count, uint32_t secret_at, uint64_t *at)
{
	TRY(journal->error);
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += parts[i].len;
	if (len > UINT32_MAX || !secret_fits(secret_at, len))
		return fail(journal, E_TOO_LONG);
	size_t total = JOURNAL_HEAD_BYTES + len + JOURNAL_TAIL_BYTES;
	TRY(reserve(journal, total));
	uint8_t *head = journal->buffer + journal->buffered;
	head[0] = type;
	put_u32(head + 1, (uint32_t)len);
	put_u32(head + 5, secret_at);
	uint8_t *body = head + JOURNAL_HEAD_BYTES;
	uint8_t *to = body;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0)
			memcpy(to, parts[i].data, parts[i].len);
		to += parts[i].len;
	}
	memset(to, 0, SECRET_CHECK_BYTES);
	if (secret_at != JOURNAL_NO_SECRET)
		check_secret(bytes_of(body + secret_at, JOURNAL_SECRET_BYTES), to);
	check_record(head, bytes_of(body, len), secret_at, to, to + SECRET_CHECK_BYTES);
	if (at != NULL)
		*at = journal->end;
	journal->buffered += total;
	journal->end += total;
	return E_OK;
}

enum error journal_write(struct journal *journal)
{
	TRY(journal->error);
	assert(journal->handed <= journal->buffered && journal->synced <= journal->end);
	size_t len = journal->buffered - journal->handed;
	enum error error = file_write_at(journal->fd, bytes_of(journal->buffer + journal->handed, len), journal->end - len);
	if (error != E_OK)
		return fail(journal, error);
	journal->handed = journal->buffered;
	return E_OK;
}

/* After a failed sync the kernel may have dropped what it had, so all of the buffer is handed to it again. */
enum error journal_sync(struct journal *journal)
{
	TRY(journal_write(journal));
	if (fdatasync(journal->fd) != 0) {
		enum error error = error_of_system(errno);
		journal->handed = 0;
		return fail(journal, error == E_FULL && journal->let_go ? E_IO : error);
	}
	journal->synced = journal->end;
	journal->buffered = journal->handed = 0;
	journal->let_go = false;
	return E_OK;
}

enum error journal_read(struct journal *journal, uint64_t at, size_t skip, void *out, size_t len)
{
	TRY(journal->error);
	uint64_t from = at + JOURNAL_HEAD_BYTES + skip;
	uint64_t in_memory = journal->end - journal->buffered; /* a boundary of records */
	if (from >= in_memory && from + len <= journal->end) {
		memcpy(out, journal->buffer + (from - in_memory), len);
		return E_OK;
	}
	enum error error = file_read_at(journal->fd, out, len, from);
	return error == E_OK ? E_OK : fail(journal, E_IO);
}

/* In place, and straight to the file: the record was synced before, or it would not be wiped. */
enum error journal_wipe(struct journal *journal, uint64_t at, uint32_t secret_at)
{
	TRY(journal->error);
	static const uint8_t zeros[JOURNAL_SECRET_BYTES];
	enum error error = file_write_at(journal->fd, BYTES_ARRAY(zeros), at + JOURNAL_HEAD_BYTES + secret_at);
	return error == E_OK ? E_OK : fail(journal, error);
}

enum error journal_cut(struct journal *journal, uint64_t at)
{
	TRY(journal->error);
	if (ftruncate(journal->fd, (off_t)at) != 0)
		return fail(journal, E_IO);
	journal->end = at;
	journal->synced = at;
	journal->buffered = journal->handed = 0;
	return E_OK;
}
