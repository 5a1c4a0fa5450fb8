/* The first file under a name is the evidence; a second look at the same misdeed must not write over it. So what is
 * there is taken for kept, whatever is in it. Two processes that look at the same moment may both write: then the later
 * one stays, and it is about the same. */
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
