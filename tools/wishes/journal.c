/*   head: "indsigt notify 1\n" || number of the file (16, random)
 *   then: length of what is sealed (2) || sealed, bound to the file's number and to how many stand before it
 *   the first: the head once more, by which another key is told from a torn end
 *
 * A torn end is told from damage by what stands behind it: a write that was never finished is the last one, so nothing
 * behind it opens. */
#include "tools/wishes/journal.h"

#include "ledger/base/domain.h"
#include "ledger/base/file.h"
#include "ledger/base/grow.h"
#include "ledger/keys/seal.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#define HEAD BYTES_LITERAL("indsigt notify 1\n")
#define FILE_NUMBER_BYTES 16
#define HEAD_BYTES (17 + FILE_NUMBER_BYTES)
#define CONTEXT_BYTES (FILE_NUMBER_BYTES + 8)
#define SEALED_BYTES_MAX (JOURNAL_RECORD_BYTES_MAX + SEAL_OVERHEAD)
#define JOURNAL_FILE_MAX (1ull << 33)

struct journal {
	int dir_fd;
	int fd;
	char name[32];
	struct key *key; /* guarded */
	uint8_t number[FILE_NUMBER_BYTES];
	uint64_t records; /* on the disk and in `added` */
	uint64_t bytes;   /* on the disk */
	bool anew;        /* what is added is a whole new file */
	uint8_t *added;
	size_t added_bytes, added_capacity;
};

static struct bytes context_of(const uint8_t number[FILE_NUMBER_BYTES], uint64_t record, uint8_t out[CONTEXT_BYTES])
{
	memcpy(out, number, FILE_NUMBER_BYTES);
	put_u64(out + FILE_NUMBER_BYTES, record);
	return bytes_of(out, CONTEXT_BYTES);
}

/* ---- reading ---- */

/* The sealed record at `*at`, and past it; false: there is no whole one. */
static bool cut_record(struct bytes file, size_t *at, struct bytes *out)
{
	if (file.len - *at < 2)
		return false;
	size_t len = get_u16(file.data + *at);
	if (len <= SEAL_OVERHEAD || len > SEALED_BYTES_MAX || file.len - *at - 2 < len)
		return false;
	*out = bytes_of(file.data + *at + 2, len);
	*at += 2 + len;
	return true;
}

static bool open_record(const struct journal *journal, struct bytes sealed, uint64_t record, uint8_t *plain)
{
	uint8_t context[CONTEXT_BYTES];
	return unseal_small(journal->key, DOMAIN_WISHES, context_of(journal->number, record, context), sealed, plain) ==
		   E_OK;
}

/* Does anything behind a record that does not open? */
static bool goes_on(const struct journal *journal, struct bytes file, size_t at)
{
	uint8_t plain[JOURNAL_RECORD_BYTES_MAX];
	struct bytes sealed;
	for (uint64_t record = journal->records; cut_record(file, &at, &sealed); record++)
		if (open_record(journal, sealed, record, plain))
			return true;
	return false;
}

static enum error read_records(struct journal *journal, struct bytes file, journal_reader *reader, void *context)
{
	uint8_t plain[JOURNAL_RECORD_BYTES_MAX];
	struct bytes sealed;
	size_t at = HEAD_BYTES;
	enum error error = E_OK;
	while (error == E_OK && cut_record(file, &at, &sealed) && open_record(journal, sealed, journal->records, plain)) {
		journal->bytes = at;
		if (journal->records++ > 0)
			error = reader(context, bytes_of(plain, sealed.len - SEAL_OVERHEAD));
	}
	sodium_memzero(plain, sizeof plain);
	TRY(error);
	return goes_on(journal, file, journal->bytes) ? E_CORRUPT : E_OK;
}

static enum error read_file(
	struct journal *journal, struct bytes file, journal_reader *reader, void *context, struct fault *fault)
{
	if (file.len < HEAD_BYTES || !bytes_begin(file, (const char *)HEAD.data))
		return fault_set(fault, E_FORMAT, "notify/%s is no file of this version", journal->name);
	memcpy(journal->number, file.data + HEAD.len, FILE_NUMBER_BYTES);
	journal->bytes = HEAD_BYTES;
	TRY(fault_because(fault, read_records(journal, file, reader, context), "notify/%s cannot be read", journal->name));
	if (journal->records == 0)
		return fault_set(fault, E_UNSEALED,
			"notify/%s does not open with notify/sealing: the key is another one, or both were mixed up",
			journal->name);
	return E_OK;
}

/* ---- writing ---- */

static enum error put(struct journal *journal, struct bytes bytes)
{
	TRY(GROW(journal->added, journal->added_capacity, journal->added_bytes + bytes.len));
	memcpy(journal->added + journal->added_bytes, bytes.data, bytes.len);
	journal->added_bytes += bytes.len;
	return E_OK;
}

enum error journal_add(struct journal *journal, struct bytes record)
{
	uint8_t context[CONTEXT_BYTES], row[2 + SEALED_BYTES_MAX];
	if (record.len > JOURNAL_RECORD_BYTES_MAX)
		return E_TOO_LONG;
	put_u16(row, (uint16_t)(record.len + SEAL_OVERHEAD));
	seal_small(journal->key, DOMAIN_WISHES, context_of(journal->number, journal->records, context), record, row + 2);
	TRY(put(journal, bytes_of(row, 2 + record.len + SEAL_OVERHEAD)));
	journal->records++;
	return E_OK;
}

enum error journal_renew(struct journal *journal)
{
	journal->added_bytes = 0;
	journal->records = 0;
	journal->anew = true;
	randombytes_buf(journal->number, sizeof journal->number);
	TRY(put(journal, HEAD));
	TRY(put(journal, bytes_of(journal->number, sizeof journal->number)));
	return journal_add(journal, HEAD);
}

static int open_file(const struct journal *journal)
{
	return openat(journal->dir_fd, journal->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

static enum error replace(struct journal *journal)
{
	TRY(file_write_atomic(journal->dir_fd, journal->name, bytes_of(journal->added, journal->added_bytes), 0600));
	int fd = open_file(journal);
	if (fd < 0)
		return E_IO;
	own_close_now(&journal->fd);
	journal->fd = fd;
	journal->bytes = journal->added_bytes;
	journal->anew = false;
	free(journal->added);
	journal->added = NULL;
	journal->added_bytes = journal->added_capacity = 0;
	return E_OK;
}

enum error journal_commit(struct journal *journal)
{
	if (journal->added_bytes == 0)
		return E_OK;
	if (journal->anew)
		return replace(journal);
	TRY(file_write_at(journal->fd, bytes_of(journal->added, journal->added_bytes), journal->bytes));
	if (fdatasync(journal->fd) != 0)
		return error_of_system(errno);
	journal->bytes += journal->added_bytes;
	journal->added_bytes = 0;
	return E_OK;
}

uint64_t journal_bytes(const struct journal *journal)
{
	return journal->bytes;
}

/* ---- from open to close ---- */

static enum error read_or_make(
	struct journal *journal, journal_reader *reader, void *context, uint64_t *cut, struct fault *fault)
{
	OWNED_MEMORY uint8_t *data = NULL;
	size_t len = 0;
	enum error error = file_read_all(journal->dir_fd, journal->name, JOURNAL_FILE_MAX, &data, &len);
	if (error == E_NOT_FOUND) {
		TRY(fault_because(fault, journal_renew(journal), "notify/%s", journal->name));
		return fault_because(fault, journal_commit(journal), "notify/%s cannot be made", journal->name);
	}
	TRY(fault_because(fault, error, "notify/%s cannot be read", journal->name));
	TRY(read_file(journal, bytes_of(data, len), reader, context, fault));
	journal->fd = open_file(journal);
	*cut = len - journal->bytes;
	if (journal->fd < 0 || (*cut > 0 && ftruncate(journal->fd, (off_t)journal->bytes) != 0))
		return fault_set(fault, E_IO, "notify/%s cannot be written: %m", journal->name);
	return E_OK;
}

enum error journal_open(int dir_fd, const char *name, const struct key *key, journal_reader *reader, void *context,
	uint64_t *cut, struct journal **out, struct fault *fault)
{
	*cut = 0;
	OWNED(journal_release) struct journal *journal = calloc(1, sizeof *journal);
	TRY(fault_set(fault, allocated(journal), ""));
	journal->dir_fd = dir_fd;
	journal->fd = -1;
	strncpy(journal->name, name, sizeof journal->name - 1);
	journal->key = sodium_malloc(sizeof *journal->key);
	TRY(fault_set(fault, allocated(journal->key), ""));
	*journal->key = *key;
	TRY(read_or_make(journal, reader, context, cut, fault));
	*out = OWN_TAKE(journal);
	return E_OK;
}

void journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	own_close(&journal->fd);
	sodium_free(journal->key);
	free(journal->added);
	free(journal);
}
