/*   write NAME.PID.tmp ─► fsync ─► rename to NAME ─► fsync of the directory
 *
 * Whoever reads NAME meets the old content or the new one, after a power cut too. What fails before the rename takes
 * the temporary file with it; what fails after it (the directory cannot be synced) is an error though the new content
 * is there, because it may not stay. A process that is killed in between leaves the temporary file, for
 * file_remove_left. */
#include "ledger/base/file.h"

#include "ledger/base/own.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum error file_path(const char *dir, const char *name, char out[PATH_BYTES_MAX])
{
	int len = snprintf(out, PATH_BYTES_MAX, "%s/%s", dir, name);
	return len > 0 && len < PATH_BYTES_MAX ? E_OK : E_TOO_LONG;
}

bool file_is_there(const char *dir, const char *name)
{
	char path[PATH_BYTES_MAX];
	return file_path(dir, name, path) == E_OK && access(path, F_OK) == 0;
}

/* `at` -1: from where the file stands. */
static enum error write_from(int fd, struct bytes content, off_t at)
{
	for (size_t done = 0; done < content.len;) {
		const uint8_t *from = content.data + done;
		size_t left = content.len - done;
		ssize_t n = at < 0 ? write(fd, from, left) : pwrite(fd, from, left, at + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_of_system(errno);
		done += (size_t)n;
	}
	return E_OK;
}

enum error file_write_all(int fd, struct bytes content)
{
	return write_from(fd, content, -1);
}

enum error file_write_at(int fd, struct bytes content, uint64_t at)
{
	return write_from(fd, content, (off_t)at);
}

enum error file_read_at(int fd, uint8_t *out, size_t len, uint64_t at)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, out + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? E_IO : E_TRUNCATED;
		done += (size_t)n;
	}
	return E_OK;
}

static enum error write_synced(int dir_fd, const char *name, struct bytes content, unsigned mode)
{
	OWNED_FD fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0 || fchmod(fd, mode) != 0)
		return error_of_system(errno);
	TRY(file_write_all(fd, content));
	return fsync(fd) == 0 ? E_OK : error_of_system(errno);
}

static int rename_new(int dir_fd, const char *from, const char *name)
{
	if (renameat2(dir_fd, from, dir_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A disk that does not know how: looked at before. */
	if (faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		return renameat(dir_fd, from, dir_fd, name);
	errno = EEXIST;
	return -1;
}

/* A name may be a path: it is the directory that the file has its name in. */
static enum error sync_directory_of(int dir_fd, const char *name)
{
	char path[PATH_BYTES_MAX] = ".";
	const char *slash = strrchr(name, '/');
	if (slash != NULL)
		snprintf(path, sizeof path, "%.*s", (int)(slash + 1 - name), name);
	OWNED_FD dir = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir >= 0 && fsync(dir) == 0 ? E_OK : error_of_system(errno);
}

/* The file is whole before it has its name. What fails in between takes the temporary file away without losing the
 * reason in errno. */
static enum error put(int dir_fd, const char *name, struct bytes content, unsigned mode, bool replace)
{
	char temporary[PATH_BYTES_MAX];
	int len = snprintf(temporary, sizeof temporary, "%s.%d.tmp", name, (int)getpid());
	if (len < 0 || (size_t)len >= sizeof temporary)
		return E_TOO_LONG;
	enum error error = write_synced(dir_fd, temporary, content, mode);
	if (error == E_OK &&
		(replace ? renameat(dir_fd, temporary, dir_fd, name) : rename_new(dir_fd, temporary, name)) != 0)
		error = !replace && errno == EEXIST ? E_EXISTS : error_of_system(errno);
	if (error != E_OK) {
		int kept = errno;
		unlinkat(dir_fd, temporary, 0);
		errno = kept;
		return error;
	}
	return sync_directory_of(dir_fd, name);
}

enum error file_write_atomic(int dir_fd, const char *name, struct bytes content, unsigned mode)
{
	return put(dir_fd, name, content, mode, true);
}

enum error file_write_new(int dir_fd, const char *name, struct bytes content, unsigned mode)
{
	return put(dir_fd, name, content, mode, false);
}

bool file_is_shared(unsigned mode)
{
	return (mode & (S_ISGID | S_IRGRP)) == (S_ISGID | S_IRGRP);
}

/* What cannot be looked at is nobody else's. */
static unsigned with_group(int dir_fd, unsigned alone, unsigned shared)
{
	struct stat info;
	return fstat(dir_fd, &info) == 0 && file_is_shared(info.st_mode) ? shared : alone;
}

unsigned file_mode_in(int dir_fd)
{
	return with_group(dir_fd, 0600, 0640);
}

unsigned file_mode_of_dir_in(int dir_fd)
{
	return with_group(dir_fd, 0700, 0750);
}

static bool is_temporary_of(const char *file, const char *name)
{
	size_t len = strlen(name);
	if (strncmp(file, name, len) != 0 || file[len] != '.')
		return false;
	size_t digits = strspn(file + len + 1, "0123456789");
	return digits > 0 && strcmp(file + len + 1 + digits, ".tmp") == 0;
}

/* Of processes that are gone or not: whoever alone writes `name` has no other writer at work. */
void file_remove_left(int dir_fd, const char *name)
{
	OWNED_DIR *files = file_list(dir_fd, ".");
	for (const struct dirent *file; files != NULL && (file = readdir(files)) != NULL;)
		if (is_temporary_of(file->d_name, name))
			unlinkat(dir_fd, file->d_name, 0);
}

/* Part by part: O_NOFOLLOW is about the last part alone. */
int file_open_folder(int dir_fd, const char *path)
{
	char part[PATH_BYTES_MAX];
	OWNED_FD at = -1;
	for (size_t len; *path != '\0'; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (len >= sizeof part) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, path, len);
		part[len] = '\0';
		int next = openat(at >= 0 ? at : dir_fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -1;
		own_close(&at);
		at = next;
	}
	int found = at;
	at = -1;
	return found;
}

DIR *file_list(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *files = fd >= 0 ? fdopendir(fd) : NULL;
	if (files == NULL)
		own_close(&fd);
	return files;
}

const char *file_list_next(DIR *files)
{
	errno = 0;
	const struct dirent *item = readdir(files);
	return item != NULL ? item->d_name : NULL;
}

/* A directory or a pipe in the file's place is refused before it is read: the one has no content, the other might never
 * end, and would not even open until somebody writes to it (so O_NONBLOCK, which means nothing to a regular file). A
 * file that is shorter than it says is the disk's fault and no content. */
enum error file_read_all(int dir_fd, const char *name, size_t max, uint8_t **out, size_t *out_len)
{
	OWNED_FD fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? E_NOT_FOUND : E_IO;
	struct stat info;
	errno = EINVAL; /* of what is no regular file */
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		return E_IO;
	if ((uint64_t)info.st_size > max)
		return E_TOO_LONG;
	size_t len = (size_t)info.st_size;
	OWNED_MEMORY uint8_t *content = malloc(len + 1);
	TRY(allocated(content));
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, content + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n < 0 ? errno : EIO; /* the file is longer than what can be read of it */
			return E_IO;
		}
		done += (size_t)n;
	}
	content[len] = '\0';
	*out = OWN_TAKE(content);
	*out_len = len;
	return E_OK;
}

void file_mark(const char *path, struct file_mark *out)
{
	struct stat info;
	struct timespec now; /* of the clock that files are dated by */
	*out = (struct file_mark){0};
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (stat(path, &info) != 0) {
		out->settled = errno == ENOENT;
		return;
	}
	const struct timespec changed = info.st_ctim;
	out->device = info.st_dev;
	out->inode = info.st_ino;
	out->changed_s = changed.tv_sec;
	out->changed_ns = changed.tv_nsec;
	out->settled = changed.tv_sec < now.tv_sec || (changed.tv_sec == now.tv_sec && changed.tv_nsec < now.tv_nsec);
}

bool file_mark_same(const struct file_mark *a, const struct file_mark *b)
{
	return a->settled && b->settled && a->device == b->device && a->inode == b->inode && a->changed_s == b->changed_s &&
		   a->changed_ns == b->changed_ns;
}
