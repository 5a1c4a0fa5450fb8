/* The kernel says whether the lock is held, and that alone decides. Who holds it is found out for the message only, in
 * /proc/locks, and may be wrong or not told: a process that has ended by then, another container, a file system with
 * two device numbers. */
#include "ledger/base/lock.h"

#include "ledger/base/own.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define HOLDER_BYTES 80

static void close_file(FILE **file)
{
	if (*file != NULL)
		fclose(*file);
}
#define OWNED_FILE OWNED(close_file) FILE

bool process_name(int pid, char out[PROCESS_NAME_BYTES])
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	OWNED_FILE *file = fopen(path, "re");
	if (file == NULL || fgets(out, PROCESS_NAME_BYTES, file) == NULL)
		return false;
	out[strcspn(out, "\n")] = '\0';
	return true;
}

/* The process that has the lock, in the words of proc(5): "1: FLOCK  ADVISORY  WRITE 12 08:01:4711 0 EOF". Not told
 * for one in another container, and on file systems whose device has two numbers: then without a name. */
static void find_holder(int dir_fd, char out[HOLDER_BYTES])
{
	struct stat info;
	char line[256];
	strcpy(out, "another process");
	OWNED_FILE *locks = fopen("/proc/locks", "re");
	if (locks == NULL || fstat(dir_fd, &info) != 0)
		return;
	while (fgets(line, sizeof line, locks) != NULL) {
		int pid;
		unsigned major, minor;
		uint64_t inode;
		char name[PROCESS_NAME_BYTES];
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%" SCNu64, &pid, &major, &minor, &inode) != 4)
			continue;
		if (inode != info.st_ino || makedev(major, minor) != info.st_dev || pid <= 0 || !process_name(pid, name))
			continue;
		snprintf(out, HOLDER_BYTES, "process %d (%s)", pid, name);
		return;
	}
}

/* Never waits, because whoever starts a second one by mistake should be told so and not hang. What is no lock at all (a
 * disk that does not know them) is told apart from one that somebody holds. */
enum error lock_dir(int dir_fd, enum error held, const char *before, const char *after, struct fault *fault)
{
	char holder[HOLDER_BYTES];
	int rc;
	do
		rc = flock(dir_fd, LOCK_EX | LOCK_NB);
	while (rc != 0 && errno == EINTR);
	if (rc == 0)
		return E_OK;
	if (errno != EWOULDBLOCK)
		return fault_set(fault, E_IO, "it cannot be locked: %m; it must lie on a disk that knows flock");
	find_holder(dir_fd, holder);
	return fault_set(fault, held, "%s%s%s", before, holder, after);
}
