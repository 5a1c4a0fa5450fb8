/*   NAME is not there ─► it becomes NAME, for good
 *   NAME is this ──────► kept already
 *   NAME is not this ──► it becomes NAME.newest, in the place of what that was
 *
 * A name says what the misdeed is about (two sizes, a sequence), not what shows it: an older one of that name, another
 * log's, or a file that a full disk left empty is no evidence of this one. Two files bound it, however often somebody
 * misbehaves. */
#include "ledger/base/evidence.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Made when the first is kept: most ledgers never have any. */
int evidence_folder(int dir_fd)
{
	if (mkdirat(dir_fd, EVIDENCE_FOLDER, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(dir_fd, EVIDENCE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool is_kept(int folder_fd, const char *name, struct bytes content)
{
	OWNED_MEMORY uint8_t *there = NULL;
	size_t len = 0;
	return file_read_all(folder_fd, name, content.len, &there, &len) == E_OK &&
		   bytes_equal(bytes_of(there, len), content);
}

enum error evidence_keep(int folder_fd, char *name, size_t room, struct bytes content)
{
	if (is_kept(folder_fd, name, content))
		return E_OK;
	enum error error = file_write_new(folder_fd, name, content, 0600);
	if (error != E_EXISTS)
		return error;
	if (strlen(name) + sizeof EVIDENCE_NEWEST > room)
		return E_TOO_LONG;
	strcat(name, EVIDENCE_NEWEST);
	return is_kept(folder_fd, name, content) ? E_OK : file_write_atomic(folder_fd, name, content, 0600);
}
