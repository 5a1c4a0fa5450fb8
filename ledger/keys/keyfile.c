/* The mode is looked at before the content: a key that others could read is no secret any more, and is refused even if
 * it is good. A file that is cut off by the disk is E_IO and not E_BAD_KEY, so that nobody takes a bad disk for a bad
 * key. Every copy of the digits is wiped, whichever way it ends. */
#include "ledger/keys/keyfile.h"

#include "ledger/base/file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#define KEYFILE_BYTES (64 + 1)

enum error keyfile_create(
	int dir_fd, const char *name, enum keyfile_readers readers, const struct key *key, struct fault *fault)
{
	char text[KEYFILE_BYTES + 1];
	sodium_bin2hex(text, sizeof text, key->b, sizeof key->b);
	text[KEYFILE_BYTES - 1] = '\n';
	enum error error = file_write_new(
		dir_fd, name, bytes_of(text, KEYFILE_BYTES), readers == KEYFILE_GROUP ? file_mode_in(dir_fd) : 0600);
	sodium_memzero(text, sizeof text);
	return fault_because(fault, error, "key file '%s' cannot be created", name);
}

/* A file of another group than its directory's was not given by whoever gave the directory. */
static bool others_may_read(int dir_fd, const struct stat *info, enum keyfile_readers readers)
{
	struct stat dir;
	bool given = readers == KEYFILE_GROUP && fstat(dir_fd, &dir) == 0 && file_is_shared(dir.st_mode) &&
				 dir.st_gid == info->st_gid;
	return (info->st_mode & (given ? 037 : 077)) != 0;
}

/* One byte more than a key is asked for, so that a longer file is seen and not cut. */
static enum error read_key(int dir_fd, int fd, enum keyfile_readers readers, struct key *out)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return E_IO;
	if (others_may_read(dir_fd, &info, readers))
		return E_PERMISSION;
	char text[KEYFILE_BYTES + 1];
	ssize_t n = read(fd, text, sizeof text);
	bool cut = n >= 0 && n < info.st_size && n < (ssize_t)sizeof text; /* no judgement of the key */
	if (n < 0 || cut) {
		errno = cut ? EIO : errno;
		sodium_memzero(text, sizeof text);
		return E_IO;
	}
	size_t len = 0;
	OWNED_KEY key = {0};
	const char *end = NULL;
	bool good = n == KEYFILE_BYTES && text[KEYFILE_BYTES - 1] == '\n' &&
				sodium_hex2bin(key.b, sizeof key.b, text, KEYFILE_BYTES - 1, NULL, &len, &end) == 0 &&
				len == sizeof key.b && end == text + KEYFILE_BYTES - 1;
	sodium_memzero(text, sizeof text);
	if (good)
		*out = key;
	return good ? E_OK : E_BAD_KEY;
}

enum error keyfile_read(
	int dir_fd, const char *name, enum keyfile_readers readers, struct key *out, struct fault *fault)
{
	OWNED_FD fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fault_set(fault,
			errno == ENOENT   ? E_NOT_FOUND
			: errno == EACCES ? E_PERMISSION
							  : E_IO,
			"key file '%s' cannot be opened: %m", name);
	return fault_because(fault, read_key(dir_fd, fd, readers, out), "key file '%s'", name);
}
