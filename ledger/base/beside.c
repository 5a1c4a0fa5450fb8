/* Whatever is in PATH.new is nobody's yet and may be thrown away; whatever has a data.mdb in PATH is somebody's and is
 * never replaced. The move is one rename, behind a sync of what is moved and before one of the directory above, so that
 * a power cut leaves nothing or all of it. Only the two files that LMDB makes are removed: anything else in the way
 * makes the rename fail, and somebody has to look. */
#include "ledger/base/beside.h"

#include "ledger/base/own.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* errno is taken first: formatting may change it. */
static enum error failed(const char *path, const char *what, struct fault *fault)
{
	int number = errno;
	return fault_set(fault, error_of_system(number), "%s cannot be %s: %s", path, what, strerror(number));
}

static enum error join(const char *path, const char *more, char out[PATH_BYTES_MAX], struct fault *fault)
{
	int len = snprintf(out, PATH_BYTES_MAX, "%s%s", path, more);
	return len > 0 && len < PATH_BYTES_MAX ? E_OK : fault_set(fault, E_TOO_LONG, "the path is too long");
}

enum error beside_sync(const char *path, struct fault *fault)
{
	OWNED_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0 ? E_OK : failed(path, "synced", fault);
}

/* The directory that holds it. */
static enum error parent_of(const char *path, char out[PATH_BYTES_MAX], struct fault *fault)
{
	TRY(join(path, "", out, fault));
	char *slash = strrchr(out, '/');
	if (slash == NULL)
		strcpy(out, ".");
	else
		slash[slash == out] = '\0';
	return E_OK;
}

enum error beside_sync_parent(const char *path, struct fault *fault)
{
	char parent[PATH_BYTES_MAX];
	TRY(parent_of(path, parent, fault));
	return beside_sync(parent, fault);
}

/* The files that LMDB makes, and nothing else. */
static enum error remove_files(const char *path, bool with_data, struct fault *fault)
{
	char file[PATH_BYTES_MAX];
	TRY(join(path, "/lock.mdb", file, fault));
	if (unlink(file) != 0 && errno != ENOENT && errno != ENOTDIR)
		return failed(file, "removed", fault);
	TRY(join(path, "/data.mdb", file, fault));
	if (with_data && unlink(file) != 0 && errno != ENOENT && errno != ENOTDIR)
		return failed(file, "removed", fault);
	return E_OK;
}

enum error beside_is_free(const char *path, bool *out, struct fault *fault)
{
	char data[PATH_BYTES_MAX];
	struct stat info;
	TRY(join(path, "/data.mdb", data, fault));
	*out = lstat(data, &info) != 0;
	return !*out || errno == ENOENT ? E_OK : failed(data, "looked at", fault);
}

enum error beside_begin(const char *path, char out[PATH_BYTES_MAX], struct fault *fault)
{
	TRY(join(path, ".new", out, fault));
	TRY(remove_files(out, true, fault));
	char parent[PATH_BYTES_MAX];
	TRY(parent_of(path, parent, fault));
	OWNED_FD parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdir(out, file_mode_of_dir_in(parent_fd)) != 0 && errno != EEXIST)
		return failed(out, "made", fault);
	return E_OK;
}

/* The lock file of what was there is removed before the move, since LMDB would take an older one for the new
 * environment's, with readers that are long gone. */
enum error beside_finish(const char *path, struct fault *fault)
{
	char made[PATH_BYTES_MAX];
	TRY(join(path, ".new", made, fault));
	TRY(beside_sync(made, fault));
	TRY(remove_files(path, false, fault));
	if (rename(made, path) != 0)
		return failed(path, "put in its place", fault);
	return beside_sync_parent(path, fault);
}
