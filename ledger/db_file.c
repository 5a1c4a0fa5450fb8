#include "ledger/db_file.h"

#include "ledger/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static bool read_meta(int fd, off_t at, struct meta *out)
{
	uint8_t meta[META_BYTES];
	uint32_t magic;
	uint64_t last;
	if (pread(fd, meta, sizeof meta, at + META_AT) != (ssize_t)sizeof meta)
		return false;
	memcpy(&magic, meta, sizeof magic);
	memcpy(&out->page_bytes, meta + META_PAGE_SIZE, sizeof out->page_bytes);
	memcpy(&last, meta + META_LAST_PAGE, sizeof last);
	memcpy(&out->transaction, meta + META_TRANSACTION, sizeof out->transaction);
	out->pages = last + 1;
	return magic == MAGIC && out->page_bytes >= 512 && out->page_bytes <= 65536 && last < UINT64_MAX / 65536;
}

/* The newer of the two; the head is read before the length, since a writer may be at work and the file only grows. */
static enum error check_head(int fd, const char *path, struct fault *fault)
{
	struct meta first;
	struct meta second;
	struct stat status;
	if (!read_meta(fd, 0, &first) || !read_meta(fd, first.page_bytes, &second) || second.page_bytes != first.page_bytes)
		return fault_set(fault, E_CORRUPT,
			"%s/data.mdb is empty or no store any more; put back a whole copy, see 'indsigt help recovery'", path);
	if (fstat(fd, &status) != 0)
		return fault_set(fault, E_IO, "%s/data.mdb: %s", path, strerror(errno));
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
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		enum error error = errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_PERMISSION : E_IO;
		return fault_set(fault, error, "%s cannot be opened: %s", name, strerror(errno));
	}
	enum error error = check_head(fd, path, fault);
	close(fd);
	return error;
}

static void on_fault(int signal)
{
	static const char text[] = "indsigt: a page of a store's file cannot be read: data.mdb was cut, or its disk fails; "
							   "nothing was changed, see 'indsigt help recovery'\n";
	(void)signal;
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	(void)written;
	_exit(4);
}

void db_file_name_faults(void)
{
	struct sigaction now;
	struct sigaction named = {.sa_handler = on_fault};
	if (sigaction(SIGBUS, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		(void)sigaction(SIGBUS, &named, NULL);
}
