#include "ledger/base/evidence.h"

#include "ledger/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int evidence_folder(int dir_fd)
{
	if (mkdirat(dir_fd, EVIDENCE_FOLDER, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(dir_fd, EVIDENCE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum error evidence_keep(int folder_fd, const char *name, struct bytes content)
{
	if (faccessat(folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return E_OK;
	return file_write_atomic(folder_fd, name, content, 0600);
}
