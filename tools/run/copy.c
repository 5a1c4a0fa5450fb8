/* indsigt copy: a whole copy of a ledger that may run.
 *
 * In the order that lets it be used: the files beside the store, the store, then the key environment, which is never
 * older than the store that way; then the copy is opened, and its own checkpoint becomes its guard. `vkey` comes last:
 * without it the copy is no ledger, so one that was not finished is never taken for one. */
#include "ledger/base/file.h"
#include "ledger/read/archive.h"
#include "tools/command/command.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX (64u << 20) /* of those beside the store: policies, evidence, notes, keys */
#define DEPTH_MAX 4

/* Invariant: `snapshot` is of `copy`, and ends before it. */
struct copying {
	const char *dir;
	const char *to;
	bool without_keys;
	struct archive *archive;
	struct archive *copy;
	struct snapshot *snapshot;
	uint64_t entries;
};

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Of the copy's side; the ledger's own files are told of by the others below. */
static enum error failed(const struct copying *copying, const char *name, struct fault *fault)
{
	return fault_set(fault, error_of_system(errno), "%s/%s: %m", copying->to, name);
}

/* ---- files beside the store ---- */

/* What is made anew, comes by another way, or belongs to the process that runs. By name at the top, since deeper files
 * of such names are somebody's own. */
static bool is_left_out(const struct copying *copying, const char *name, unsigned depth)
{
	static const char *const top[] = {"store", "filed", "guard", "vkey", "status.json", "lock"};
	size_t len = strlen(name);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (len > 4 && strcmp(name + len - 4, ".tmp") == 0))
		return true;
	for (size_t i = 0; depth == 0 && i < sizeof top / sizeof top[0]; i++)
		if (strcmp(name, top[i]) == 0)
			return true;
	return (depth == 0 && copying->without_keys && strcmp(name, "keys") == 0) ||
		   (depth == 1 && strcmp(name, "env") == 0);
}

static enum error cannot_copy(const struct copying *copying, const char *name, const char *why, struct fault *fault)
{
	return fault_set(fault, E_IO, "%s/.../%s cannot be copied: %s", copying->dir, name, why);
}

/* Of what was in the list: a copy that lacks it would not be whole. */
static enum error cannot_look(const struct copying *copying, const char *name, struct fault *fault)
{
	return cannot_copy(
		copying, name, errno == ENOENT ? "it was removed meanwhile, or is a link to nothing" : strerror(errno), fault);
}

/* What a group may read beside its owner ('indsigt own') is its owner's alone in the copy: the group is this ledger's.
 */
static mode_t copied_mode(mode_t mode)
{
	return (mode & 07) != 0 ? mode & 0777 : mode & 0700;
}

/* What was read may be a key, so it is wiped before it is freed. */
static enum error copy_file(
	const struct copying *copying, int from_fd, int to_fd, const char *name, mode_t mode, struct fault *fault)
{
	uint8_t *content = NULL;
	size_t len = 0;
	enum error error = file_read_all(from_fd, name, FILE_BYTES_MAX, &content, &len);
	if (error == E_NOT_FOUND)
		return cannot_look(copying, name, fault);
	TRY(fault_because(fault, error, "%s/.../%s cannot be read", copying->dir, name));
	error = file_write_atomic(to_fd, name, bytes_of(content, len), copied_mode(mode));
	explicit_bzero(content, len); /* it may be a key */
	free(content);
	return fault_because(fault, error, "%s/.../%s cannot be written", copying->to, name);
}

static enum error copy_files(
	const struct copying *copying, int from_fd, int to_fd, unsigned depth, struct fault *fault);

/* Made with rights for its owner alone, and given the others when it is there: keys are not to be seen for a moment
 * either. */
static enum error copy_directory(const struct copying *copying, int from_fd, int to_fd, const char *name, mode_t mode,
	unsigned depth, struct fault *fault)
{
	if (depth >= DEPTH_MAX)
		return cannot_copy(copying, name, "it lies too deep", fault);
	OWNED_FD inner_from = open_dir(from_fd, name);
	if (inner_from < 0)
		return cannot_look(copying, name, fault);
	if (mkdirat(to_fd, name, 0700) != 0)
		return failed(copying, name, fault);
	OWNED_FD inner_to = open_dir(to_fd, name);
	if (inner_to < 0 || fchmod(inner_to, copied_mode(mode)) != 0)
		return failed(copying, name, fault);
	return copy_files(copying, inner_from, inner_to, depth, fault);
}

/* A link is what it leads to, as it is for the ledger. A socket is of the process that runs. */
static enum error copy_item(
	const struct copying *copying, int from_fd, int to_fd, const char *name, unsigned depth, struct fault *fault)
{
	struct stat info;
	if (fstatat(from_fd, name, &info, 0) != 0)
		return cannot_look(copying, name, fault);
	if (S_ISREG(info.st_mode))
		return copy_file(copying, from_fd, to_fd, name, info.st_mode, fault);
	if (S_ISDIR(info.st_mode))
		return copy_directory(copying, from_fd, to_fd, name, info.st_mode, depth + 1, fault);
	return S_ISSOCK(info.st_mode) ? E_OK : cannot_copy(copying, name, "it is no file and no directory", fault);
}

static enum error copy_files(const struct copying *copying, int from_fd, int to_fd, unsigned depth, struct fault *fault)
{
	OWNED_DIR *names = file_list(from_fd, ".");
	if (names == NULL)
		return fault_set(fault, E_IO, "%s cannot be listed: %m", copying->dir);
	for (const char *name; (name = file_list_next(names)) != NULL;)
		if (!is_left_out(copying, name, depth))
			TRY(copy_item(copying, from_fd, to_fd, name, depth, fault));
	if (errno != 0)
		return fault_set(fault, E_IO, "%s cannot be listed: %m", copying->dir);
	return fsync(to_fd) == 0 ? E_OK : failed(copying, "", fault);
}

/* ---- environments ---- */

/* It must not be there yet: two copies into one place would each believe in theirs. */
static int make_environment(int to_fd, const char *name)
{
	char file[32];
	snprintf(file, sizeof file, "%s/data.mdb", name);
	if (mkdirat(to_fd, name, 0700) != 0)
		return -1;
	return openat(to_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* The keys after the store: keys that are newer than it open everything, older ones do not. */
static enum error copy_environments(const struct copying *copying, int to_fd, struct fault *fault)
{
	OWNED_FD store_fd = make_environment(to_fd, "store");
	if (store_fd < 0)
		return failed(copying, "store", fault);
	OWNED_FD keys_fd = copying->without_keys ? -1 : make_environment(to_fd, "keys/env");
	if (keys_fd < 0 && !copying->without_keys)
		return failed(copying, "keys/env", fault);
	TRY(archive_copy(copying->archive, store_fd, keys_fd, fault));
	if (fsync(store_fd) != 0)
		return failed(copying, "store", fault);
	static const char *const directories[] = {"store", "keys/env", "keys"};
	for (size_t i = 0; i < (copying->without_keys ? 1 : 3); i++) {
		OWNED_FD fd = open_dir(to_fd, directories[i]);
		if (fd < 0 || fsync(fd) != 0)
			return failed(copying, directories[i], fault);
	}
	return keys_fd < 0 || fsync(keys_fd) == 0 ? E_OK : failed(copying, "keys/env", fault);
}

/* After the copy was opened: its store says which they are. */
static enum error copy_filed(const struct copying *copying, int to_fd, struct fault *fault)
{
	if (mkdirat(to_fd, "filed", 0700) != 0)
		return failed(copying, "filed", fault);
	OWNED_FD fd = open_dir(to_fd, "filed");
	if (fd < 0)
		return failed(copying, "filed", fault);
	TRY(archive_copy_runs(copying->archive, copying->snapshot, fd, fault));
	return fsync(fd) == 0 && fsync(to_fd) == 0 ? E_OK : failed(copying, "filed", fault);
}

/* ---- the whole ---- */

/* In a directory of its own, so that it can be read before it is a ledger. */
static enum error write_guard(struct copying *copying, int to_fd, struct fault *fault)
{
	TRY(archive_open_copy(copying->to, archive_vkey(copying->archive), !copying->without_keys, &copying->copy, fault));
	TRY(snapshot_begin(copying->copy, &copying->snapshot, fault));
	copying->entries = snapshot_checkpoint(copying->snapshot)->size;
	return fault_because(fault, file_write_atomic(to_fd, "guard", snapshot_note(copying->snapshot), 0644),
		"the guard cannot be written");
}

/* A copy inside the ledger would be copied with the next one. */
static enum error open_place(const struct copying *copying, mode_t mode, int *to_fd, struct fault *fault)
{
	char inner[PATH_MAX], outer[PATH_MAX];
	if (realpath(copying->to, inner) == NULL || realpath(copying->dir, outer) == NULL)
		return failed(copying, "", fault);
	size_t len = strlen(outer);
	if (strncmp(inner, outer, len) == 0 && inner[len] == '/')
		return fault_set(fault, E_EXISTS, "%s lies in the ledger itself; name another place", copying->to);
	*to_fd = open_dir(AT_FDCWD, copying->to);
	return *to_fd >= 0 && fchmod(*to_fd, mode & 0777) == 0 ? E_OK : failed(copying, "", fault);
}

/* What could not be opened is removed again: the next try would find it in its way. */
static enum error make_place(const struct copying *copying, int from_fd, int *to_fd, struct fault *fault)
{
	struct stat info;
	if (fstat(from_fd, &info) != 0)
		return fault_set(fault, E_IO, "%s: %m", copying->dir);
	if (mkdir(copying->to, 0700) != 0)
		return fault_set(fault, errno == EEXIST ? E_EXISTS : error_of_system(errno),
			"%s cannot be made: %m; name a directory that is not there", copying->to);
	enum error error = open_place(copying, info.st_mode, to_fd, fault);
	if (error != E_OK)
		rmdir(copying->to); /* it would be in the way of the next try */
	return error;
}

/* `vkey` is taken away again where it may not last: without it the copy is no ledger, with it one that may not be
 * whole. */
static enum error copy_all(struct copying *copying, int from_fd, int to_fd, struct fault *fault)
{
	TRY(copy_files(copying, from_fd, to_fd, 0, fault));
	OWNED(snapshot_release) struct snapshot *held = NULL; /* so that no run goes meanwhile */
	TRY(snapshot_begin(copying->archive, &held, fault));
	TRY(copy_environments(copying, to_fd, fault));
	TRY(write_guard(copying, to_fd, fault));
	TRY(copy_filed(copying, to_fd, fault));
	enum error error = copy_file(copying, from_fd, to_fd, "vkey", 0644, fault);
	if (error != E_OK)
		unlinkat(to_fd, "vkey", 0); /* it may be there, and only not be safe on the disk */
	return error;
}

static enum error make_copy(struct copying *copying, struct fault *fault)
{
	struct fault why = {.text = ""};
	TRY(archive_open(copying->dir, !copying->without_keys, &copying->archive, fault));
	OWNED_FD from_fd = open_dir(AT_FDCWD, copying->dir);
	OWNED_FD to_fd = -1;
	if (from_fd < 0)
		return fault_set(fault, E_IO, "%s cannot be opened: %m", copying->dir);
	TRY(make_place(copying, from_fd, &to_fd, fault));
	enum error error = copy_all(copying, from_fd, to_fd, &why);
	return fault_set(fault, error, "%.200s; remove the copy, it is not whole", why.text);
}

/* ---- command ---- */

#define T struct copying
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	ARGUMENT(T, to, "TO"),
	OPTION_FLAG(T, without_keys, "without-keys",
		.help = "leaves keys/ out: what is left can be audited and proves the log, but opens no record and cannot be "
				"served until the newest keys/ are put beside it. A key that is erased later is then not kept in this "
				"copy"),
};

static enum error copy(void *given, struct fault *fault)
{
	struct copying *copying = given;
	enum error error = make_copy(copying, fault);
	if (error == E_OK)
		printf("copy: ok entries=%" PRIu64 " keys=%s\n", copying->entries, copying->without_keys ? "no" : "yes");
	snapshot_end(copying->snapshot);
	archive_close(copying->copy);
	archive_close(copying->archive);
	return error;
}

const struct command command_copy = {
	.options = {.name = "indsigt copy",
		.summary = "makes a whole copy of a ledger, also of one that runs",
		.text = "TO is made, and holds all of the ledger as it was at one moment: store, what is filed, keys, "
				"guard, policy, evidence. 'indsigt audit' and 'indsigt serve' take it as they take DIR. Copying the "
				"files of a ledger "
				"that runs by other means gives one that may not open. "
				"Where filed/ is missing the ledger makes it again from the store.\n",
		OPTION_ROWS(rows),
		.after = "With the keys the copy is as secret as the ledger: whoever has it reads everything and can sign. "
				 "What is erased in the ledger stays readable in it, so such copies are kept shortly.\n\nA copy is put "
				 "back only where all newer ones are lost; never are both served: the log would have two histories. "
				 "See 'indsigt help recovery'. A copy that was not finished has no file 'vkey', and is refused.\n"},
	.work = copy,
	COMMAND_GIVEN(struct copying, .without_keys = false),
};
