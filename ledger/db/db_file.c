/* LMDB believes the file that it maps. What it must not be given is refused; what it does to a file is put back.
 *
 *   before it opens        the head is none, or the file too short for it   E_CORRUPT
 *   it opened for writing  and made a new head over a good one              the old one is written back, opening fails
 *   it reads               a page that is not there                         SIGBUS: a sentence, and status 4
 *
 * The head is read with pread() and not through a map, so a disk that fails is E_IO and no signal. Where it cannot be
 * told, the answer is the one that accuses nobody: the files are the same still, a fault is the disk's. */
#include "ledger/db/db_file.h"

#include "ledger/base/own.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

/* The head as LMDB 0.9 writes it on a machine with 64 bits: two pages that are written in turn, each with the number
 * of its transaction; little-endian here, as the machine's own order is. */
#define META_AT 16        /* behind the page's header */
#define META_PAGE_SIZE 24 /* in the meta data: page size, last page, transaction */
#define META_LAST_PAGE 120
#define META_TRANSACTION 128
#define META_BYTES 136
#define MAGIC 0xBEEFC0DEu

/* The last pages of a file may belong to nobody and were then never written, so a file may be a little shorter than its
 * head says. Seen is 0; cut in earnest is more than an eighth. */
#define MISSING_PART 8

struct meta {
	uint64_t transaction;
	uint64_t pages;
	uint32_t page_bytes;
};

/* E_CORRUPT: there is none. E_IO: the disk does not say. */
static enum error read_meta(int fd, off_t at, struct meta *out)
{
	uint8_t meta[META_BYTES];
	uint32_t magic;
	uint64_t last;
	ssize_t n = pread(fd, meta, sizeof meta, at + META_AT);
	if (n != (ssize_t)sizeof meta)
		return n < 0 ? E_IO : E_CORRUPT;
	memcpy(&magic, meta, sizeof magic);
	memcpy(&out->page_bytes, meta + META_PAGE_SIZE, sizeof out->page_bytes);
	memcpy(&last, meta + META_LAST_PAGE, sizeof last);
	memcpy(&out->transaction, meta + META_TRANSACTION, sizeof out->transaction);
	out->pages = last + 1;
	bool good = magic == MAGIC && out->page_bytes >= 512 && out->page_bytes <= 65536 && last < UINT64_MAX / 65536;
	return good ? E_OK : E_CORRUPT;
}

/* The newer of the two; the head is read before the length, since a writer may be at work and the file only grows. */
static enum error check_head(int fd, const char *path, struct fault *fault)
{
	struct meta first;
	struct meta second;
	struct stat status;
	enum error error = read_meta(fd, 0, &first) ?: read_meta(fd, first.page_bytes, &second);
	if (error == E_IO)
		return fault_set(fault, E_IO, "%s/data.mdb cannot be read: %m", path);
	if (error != E_OK || second.page_bytes != first.page_bytes)
		return fault_set(fault, E_CORRUPT,
			"%s/data.mdb is empty or no store any more; put back a whole copy, see 'indsigt help recovery'", path);
	if (fstat(fd, &status) != 0)
		return fault_set(fault, E_IO, "%s/data.mdb: %m", path);
	const struct meta *newer = second.transaction > first.transaction ? &second : &first;
	uint64_t there = (uint64_t)status.st_size / newer->page_bytes;
	if (there < newer->pages - newer->pages / MISSING_PART)
		return fault_set(fault, E_CORRUPT,
			"%s/data.mdb was cut: %" PRIu64 " of its %" PRIu64
			" pages are there; put back a whole copy, see 'indsigt help recovery'",
			path, there, newer->pages);
	return E_OK;
}

enum error db_file_check(const char *path, struct fault *fault)
{
	char name[4096];
	if ((size_t)snprintf(name, sizeof name, "%s/data.mdb", path) >= sizeof name)
		return fault_set(fault, E_USAGE, "the name of a directory is longer than 4,000 bytes");
	OWNED_FD fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return fault_set(fault,
			errno == ENOENT   ? E_NOT_FOUND
			: errno == EACCES ? E_PERMISSION
							  : E_IO,
			"%s cannot be opened: %m", name);
	}
	return check_head(fd, path, fault);
}

/* ---- which files they are ---- */

static const char *const file_names[2] = {"data.mdb", "lock.mdb"};

/* False: it cannot be looked at. A directory that is not there was moved with all that is in it, and nobody else can
 * have opened anything by its name; one that lies there in its place is another. */
static bool look_at(const char *path, size_t i, uint64_t *device, uint64_t *inode)
{
	char name[4096];
	struct stat status;
	*device = *inode = 0;
	snprintf(name, sizeof name, "%s/%s", path, file_names[i]);
	if (stat(name, &status) != 0)
		return (errno == ENOENT && stat(path, &status) == 0) || errno == ENOTDIR;
	*device = status.st_dev;
	*inode = status.st_ino;
	return true;
}

void db_file_identity(const char *path, struct db_identity *out)
{
	for (size_t i = 0; i < 2; i++)
		(void)look_at(path, i, &out->device[i], &out->inode[i]);
}

bool db_file_same(const char *path, const struct db_identity *then)
{
	for (size_t i = 0; i < 2; i++) {
		uint64_t device, inode;
		if (look_at(path, i, &device, &inode) && (device != then->device[i] || inode != then->inode[i]))
			return false;
	}
	return true;
}

/* ---- the head ---- */

static int open_data(const char *path, int flags)
{
	char name[4096];
	snprintf(name, sizeof name, "%s/data.mdb", path);
	return open(name, flags | O_CLOEXEC);
}

static enum error read_head(int fd, struct db_head *out)
{
	struct meta first;
	TRY(read_meta(fd, 0, &first));
	out->len = (size_t)first.page_bytes * 2;
	out->bytes = malloc(out->len);
	TRY(allocated(out->bytes));
	if (pread(fd, out->bytes, out->len, 0) == (ssize_t)out->len)
		return E_OK;
	free(out->bytes);
	out->bytes = NULL;
	return E_IO;
}

enum error db_head_read(const char *path, struct db_head *out, struct fault *fault)
{
	*out = (struct db_head){.bytes = NULL};
	OWNED_FD fd = open_data(path, O_RDONLY);
	return fault_because(fault, fd < 0 ? E_IO : read_head(fd, out), "%s/data.mdb cannot be read", path);
}

static uint64_t newest_transaction(const uint8_t *head, size_t len)
{
	uint64_t first, second;
	memcpy(&first, head + META_AT + META_TRANSACTION, sizeof first);
	memcpy(&second, head + len / 2 + META_AT + META_TRANSACTION, sizeof second);
	return first > second ? first : second;
}

bool db_head_put_back(const char *path, const struct db_head *head)
{
	struct db_head now = {.bytes = NULL};
	OWNED_FD fd = open_data(path, O_RDWR);
	if (fd < 0 || read_head(fd, &now) != E_OK)
		return true;
	bool made = now.len == head->len && newest_transaction(now.bytes, now.len) == 0 &&
				newest_transaction(head->bytes, head->len) > 0;
	if (made && (pwrite(fd, head->bytes, head->len, 0) != (ssize_t)head->len || fsync(fd) != 0))
		fprintf(stderr, "indsigt: the head of %s/data.mdb cannot be put back: %s\n", path, strerror(errno));
	free(now.bytes);
	return made;
}

/* ---- faults ---- */

/* Of a line of /proc/self/maps, "start-end rights offset device inode   path"; NULL when it has none. */
static const char *read_hex(const char *at, uint64_t *out)
{
	*out = 0;
	for (; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++)
		*out = *out * 16 + (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
	return *at != '\0' ? at + 1 : NULL;
}

/* Whether the line is of the mapping that holds `address`, and then how long its file has to be to have that page. */
static bool is_mapping_of(const char *line, uint64_t address, uint64_t *out_bytes, const char **out_path)
{
	uint64_t start, end, offset;
	const char *at = read_hex(line, &start);
	at = at != NULL ? read_hex(at, &end) : NULL;
	if (at == NULL || address < start || address >= end)
		return false;
	at = strchr(at, ' ');
	at = at != NULL ? read_hex(at + 1, &offset) : NULL;
	*out_path = at != NULL ? strchr(at, '/') : NULL;
	*out_bytes = *out_path != NULL ? offset + (address - start) + 1 : 0;
	return *out_path != NULL;
}

static bool is_shorter(const char *path, uint64_t bytes)
{
	struct stat status;
	return stat(path, &status) == 0 && (uint64_t)status.st_size < bytes;
}

/* In a signal handler: plain system calls, and a line at a time. */
static bool lacks_page(uint64_t address)
{
	char line[4352], read_ahead[512];
	size_t len = 0;
	bool lacks = false, found = false;
	OWNED_FD fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	for (ssize_t got; !found && fd >= 0 && (got = read(fd, read_ahead, sizeof read_ahead)) > 0;)
		for (ssize_t i = 0; !found && i < got; i++) {
			if (read_ahead[i] != '\n') {
				line[len] = read_ahead[i];
				len += len < sizeof line - 1;
				continue;
			}
			const char *path;
			uint64_t bytes;
			line[len] = '\0';
			len = 0;
			found = is_mapping_of(line, address, &bytes, &path);
			lacks = found && is_shorter(path, bytes);
		}
	return lacks;
}

bool db_file_fault(const siginfo_t *info)
{
	static const char cut[] = "indsigt: a page of a store's file cannot be read: data.mdb was cut, or its pages are "
							  "damaged; nothing was changed, see 'indsigt help recovery'\n";
	static const char unread[] =
		"indsigt: a page of a store's file cannot be read just now: its disk or the memory fails; "
		"nothing was changed, look at the disk and try again\n";
	bool damage =
		info->si_code == BUS_ADRALN || (info->si_code == BUS_ADRERR && lacks_page((uint64_t)(uintptr_t)info->si_addr));
	ssize_t written = write(STDERR_FILENO, damage ? cut : unread, damage ? sizeof cut - 1 : sizeof unread - 1);
	(void)written;
	return damage;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	(void)db_file_fault(info);
	_exit(4);
}

void db_file_name_faults(void)
{
	struct sigaction now;
	struct sigaction named = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	if (sigaction(SIGBUS, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		(void)sigaction(SIGBUS, &named, NULL);
}
