#include "tools/following/finding.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>

int64_t found_changed_ns(const struct stat *info)
{
	return (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

struct followed *find_listed(const struct followed_list *list, const struct stat *info)
{
	for (size_t i = 0; i < list->count; i++) {
		struct followed *file = list->files[i];
		if (file->fd >= 0 && file->device == (uint64_t)info->st_dev && file->inode == (uint64_t)info->st_ino)
			return file;
	}
	return NULL;
}

int find_open(int dir_fd, const char *name, bool through_links, struct stat *info)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (through_links ? 0 : O_NOFOLLOW);
	OWNED_FD fd = openat(dir_fd, name, flags);
	if (fd < 0 || fstat(fd, info) != 0)
		return -1;
	if (!S_ISREG(info->st_mode)) {
		errno = EINVAL;
		return -1;
	}
	int taken = fd;
	fd = -1;
	return taken;
}

/* ---- the same file ---- */

struct search {
	const struct print_key *key;
	const struct followed_list *list;
	const struct followed *file;
	const struct followed_place *place;
	bool same_inode;
	bool doubt; /* a name leads to its inode, and what is there cannot be read */
	struct found *best;
};

static bool worth_opening(const struct search *search, const struct stat *info)
{
	bool same = (uint64_t)info->st_dev == search->file->device && (uint64_t)info->st_ino == search->file->inode;
	if (!S_ISREG(info->st_mode) || (uint64_t)info->st_size < search->place->offset)
		return false;
	if (find_listed(search->list, info) != NULL || same != search->same_inode)
		return false;
	return same || (search->file->head.bytes >= PRINT_BYTES_MIN &&
					   (search->best->fd < 0 || info->st_size > search->best->info.st_size));
}

bool find_is_called_so(const char *name, const char *base)
{
	char pattern[NAME_MAX + 2];
	size_t len = strlen(base);
	snprintf(pattern, sizeof pattern, "%s*", base);
	return strpbrk(base, "*?[") != NULL
			   ? fnmatch(pattern, name, FNM_PERIOD) == 0
			   : strncmp(name, base, len) == 0 && (name[len] == '\0' || strchr(".-_", name[len]) != NULL);
}

/* It was there when `file` was looked at last, so that its inode has not come to another one since. */
static bool was_there(const struct followed *file, int fd)
{
	struct statx info;
	return statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &info) == 0 && (info.stx_mask & STATX_BTIME) != 0 &&
		   info.stx_btime.tv_sec * 1000000000 + info.stx_btime.tv_nsec <= file->changed_ns;
}

/* By the bytes that are known of it; where there are none, by its name or its age. E_NOT_FOUND, E_IO. */
static enum error is_it(const struct search *search, int fd, const char *name)
{
	const struct followed *file = search->file;
	bool known = file->head.bytes > 0 || search->place->tail.bytes > 0;
	if (!known && !find_is_called_so(name, strrchr(file->name, '/') + 1) && !was_there(file, fd))
		return E_NOT_FOUND;
	TRY(print_look(search->key, &search->file->head, fd));
	return print_look(search->key, &search->place->tail, fd);
}

static void try_one(struct search *search, int dir_fd, const char *name, bool through_links)
{
	struct stat info;
	if (fstatat(dir_fd, name, &info, through_links ? 0 : AT_SYMLINK_NOFOLLOW) != 0 || !worth_opening(search, &info))
		return;
	OWNED_FD fd = find_open(dir_fd, name, through_links, &info);
	if (fd >= 0 && !worth_opening(search, &info))
		return;
	const char *slash = strrchr(name, '/');
	const char *base = slash != NULL ? slash + 1 : name;
	enum error error = fd >= 0 ? is_it(search, fd, base) : errno == ENOENT ? E_NOT_FOUND : E_IO;
	search->doubt |= error == E_IO && search->same_inode;
	if (error != E_OK)
		return;
	own_close(&search->best->fd);
	*search->best = (struct found){.fd = fd, .info = info};
	snprintf(search->best->name, sizeof search->best->name, "%s", base);
	fd = -1;
}

static enum error go_through(struct search *search, const char *directory)
{
	OWNED_DIR *dir = file_list(AT_FDCWD, directory);
	if (dir == NULL)
		return errno == ENOENT || errno == ENOTDIR ? E_OK : E_IO;
	const char *name;
	while ((name = file_list_next(dir)) != NULL)
		try_one(search, dirfd(dir), name, false);
	return errno == 0 ? E_OK : E_IO;
}

enum error find_named(const struct print_key *key, const struct followed_list *list, const struct followed *file,
	const struct followed_place *place, const char *path, struct found *out)
{
	struct search search = {.key = key, .list = list, .file = file, .place = place, .same_inode = true, .best = out};
	*out = (struct found){.fd = -1};
	try_one(&search, AT_FDCWD, path, true);
	return out->fd >= 0 ? E_OK : search.doubt ? E_IO : E_NOT_FOUND;
}

enum error find_again(const struct print_key *key, const struct followed_list *list, const struct followed *file,
	const struct followed_place *place, const char *directory, struct found *out)
{
	struct search search = {.key = key, .list = list, .file = file, .place = place, .same_inode = true, .best = out};
	*out = (struct found){.fd = -1};
	enum error error = go_through(&search, directory);
	search.same_inode = false;
	if (error == E_OK && out->fd < 0)
		error = go_through(&search, directory);
	if (error == E_OK && out->fd < 0)
		error = search.doubt ? E_IO : E_NOT_FOUND;
	if (error != E_OK) {
		own_close(&out->fd);
		out->fd = -1;
	}
	return error;
}

/* ---- what stands beside it ---- */

static bool is_compressed(const char *name)
{
	static const char *const ends[] = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzo", ".Z", ".lzma"};
	size_t len = strlen(name);
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (len > strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

enum error find_beside(const struct followed_list *list, const char *directory, const char *base, int64_t since_ns,
	const struct find_beside *calls)
{
	OWNED_DIR *dir = file_list(AT_FDCWD, directory);
	const char *name;
	if (dir == NULL)
		return E_IO;
	while ((name = file_list_next(dir)) != NULL) {
		struct stat info;
		if (!find_is_called_so(name, base) || strcmp(name, base) == 0)
			continue;
		if (fstatat(dirfd(dir), name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
			found_changed_ns(&info) >= since_ns && find_listed(list, &info) == NULL)
			calls->found(calls->context, dirfd(dir), name, &info, is_compressed(name));
		errno = 0;
	}
	return errno == 0 ? E_OK : E_IO;
}
