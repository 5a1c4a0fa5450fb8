/* What a name leads to, and led to before.
 *
 *   name leads to  a file that is listed ─► goes on          one that is not ─► opened, listed, saved, then read
 *   a file that no name leads to any more ─► old; what came and went between two looks stands beside it
 *
 * Files are kept open, so one that is renamed or removed is read to its end, and its inode cannot become another's.
 * Only what was rotated away while nobody ran has to be looked for. What cannot be done is said once and tried again by
 * the next look: nothing here ends the run but memory. */
#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "tools/following/following_state.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* ---- what people are told ---- */

void following_say(struct following *following, bool lost, const char *format, ...)
{
	char text[SAID_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	following->calls.say(following->calls.context, lost, text);
}

/* Once, until it is something else. Of what is wrong with the files of a pattern one is told, and the next when that is
 * put right. */
void following_say_of(struct following *following, struct name *name, const char *format, ...)
{
	char text[SAID_MAX];
	va_list arguments;
	if (name->troubled)
		return;
	name->troubled = true;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (strcmp(text, name->said) != 0)
		following->calls.say(following->calls.context, false, text);
	memcpy(name->said, text, sizeof text);
}

/* ---- names ---- */

enum error following_take_name(struct following *following, const char *path, struct fault *fault)
{
	char absolute[PATH_BYTES_MAX];
	char here[PATH_BYTES_MAX] = "";
	if (strcmp(path, "-") == 0)
		return fault_set(fault, E_USAGE,
			"--follow takes names of files; standard input is read as it comes without it (a file of this name is "
			"'./-')");
	if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
		return fault_set(fault, E_IO, "the working directory: %m");
	int len = snprintf(absolute, sizeof absolute, "%s%s%s", here, path[0] != '/' ? "/" : "", path);
	const char *slash = strrchr(absolute, '/');
	if (len >= (int)sizeof absolute || slash == NULL || slash[1] == '\0' || strlen(slash + 1) > NAME_MAX)
		return fault_set(fault, E_USAGE, "'%s': --follow takes the name of a file", path);
	if (len > FOLLOWED_INPUT_MAX - 64)
		return fault_set(fault, E_USAGE, "the name of a file to follow has at most %d bytes", FOLLOWED_INPUT_MAX - 64);
	if (!bytes_utf8(bytes_text(absolute)))
		return fault_set(fault, E_USAGE, "a file to follow must have a name in UTF-8");
	if (following->name_count == FOLLOWED_NAMES_MAX)
		return fault_set(fault, E_USAGE, "at most %u names can be followed", FOLLOWED_NAMES_MAX);
	for (size_t i = 0; i < following->name_count; i++)
		if (strcmp(following->names[i].path, absolute) == 0)
			return fault_set(fault, E_USAGE, "'%s' is given twice", path);
	struct name *name = &following->names[following->name_count++];
	name->path = strdup(absolute);
	name->directory = strndup(absolute, slash == absolute ? 1 : (size_t)(slash - absolute));
	TRY(fault_set(fault, allocated(name->path != NULL && name->directory != NULL), ""));
	name->base = name->path + (slash + 1 - absolute);
	name->pattern = strpbrk(name->base, "*?[") != NULL;
	name->fresh = followed_name(&following->list, name->path) == NULL;
	following->dirty |= name->fresh;
	return fault_set(fault, followed_add_name(&following->list, name->path, &name->kept),
		"'%s' in the spool knows too many names; move it away once nothing waits", FOLLOWED_FILE);
}

bool following_is_of(const struct followed *file, const struct name *name)
{
	return strcmp(file->name, name->path) == 0;
}

struct name *following_name_of(struct following *following, const struct followed *file)
{
	for (size_t i = 0; i < following->name_count; i++)
		if (following_is_of(file, &following->names[i]))
			return &following->names[i];
	return NULL;
}

/* ---- files that come ---- */

/* Where its name really is, as long as the system tells. */
static void real_directory(int fd, const char *otherwise, char out[PATH_BYTES_MAX])
{
	char link[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, out, PATH_BYTES_MAX - 1);
	out[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(out, '/');
	if (out[0] != '/' || slash == NULL || !bytes_utf8(bytes_text(out)))
		snprintf(out, PATH_BYTES_MAX, "%s", otherwise);
	else
		slash[slash == out] = '\0';
}

void following_take_inode(struct followed *file, int fd, const struct stat *info)
{
	file->fd = fd;
	file->device = (uint64_t)info->st_dev;
	file->inode = (uint64_t)info->st_ino;
	file->size = (uint64_t)info->st_size;
	file->changed_ns = found_changed_ns(info);
}

/* It begins as one of the name's files does: a copy of it, or the same written anew. */
static bool begins_alike(const struct following *following, const struct name *name, int fd)
{
	for (size_t i = 0; i < following->list.count; i++) {
		const struct followed *file = following->list.files[i];
		if (following_is_of(file, name) && file->head.bytes > 0 &&
			print_look(&following->calls.key, &file->head, fd) == E_OK)
			return true;
	}
	return false;
}

enum error following_list_new(
	struct following *following, struct name *name, int fd, const struct stat *info, struct followed **out)
{
	char directory[PATH_BYTES_MAX];
	bool doubtful = begins_alike(following, name, fd);
	real_directory(fd, name->directory, directory);
	enum error error = followed_add(&following->list, name->path, directory, out);
	if (error != E_OK) {
		close(fd);
		return error;
	}
	following_take_inode(*out, fd, info);
	(*out)->named = (*out)->seen = true;
	(*out)->known = name->fresh || doubtful ? (*out)->size : 0;
	(*out)->grown_ms = following->now_ms;
	(*out)->came = name->came;
	following->dirty = true;
	return E_OK;
}

void following_say_full(struct following *following, struct name *name)
{
	following_say_of(following, name,
		"%u files are followed, and '%s' would be one more: it is not read before there is room", FOLLOWED_FILES_MAX,
		name->path);
}

/* A pattern stands for files alone, and what is gone by now is none of them. */
static void say_waits(struct following *following, struct name *name, const char *base)
{
	const char *why = errno == ENOENT ? "is not there yet" : errno == EINVAL ? "is no file" : strerror(errno);
	if (!name->pattern && errno == EISDIR)
		following_say_of(following, name, "waits for '%s': is a directory; for its files give a pattern, as '%s/%s'",
			name->path, name->path, "*.log");
	else if (!name->pattern)
		following_say_of(following, name, "waits for '%s': %s", name->path, why);
	else if (errno != ENOENT && errno != EINVAL && errno != EISDIR)
		following_say_of(following, name, "waits for '%s/%s', which '%s' stands for, too: %s", name->directory, base,
			name->path, why);
}

/* A file that came under another name is that one's, and is not old while this one leads to it. */
static void leads_to(struct following *following, struct name *name, struct followed *file)
{
	name->leads = true;
	if (!following_is_of(file, name)) {
		file->shared = true;
		return;
	}
	file->seen = true;
	following->dirty |= !file->named;
	file->named = true;
}

static enum error look_at_name(struct following *following, struct name *name, int dir_fd, const char *base)
{
	struct stat info;
	struct followed *file = NULL;
	bool there = fstatat(dir_fd, base, &info, 0) == 0;
	if (there && (file = find_listed(&following->list, &info)) != NULL) {
		leads_to(following, name, file);
		return E_OK;
	}
	int fd = -1;
	errno = there && S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
	/* A pipe is not even opened: who writes to it would take that for its reader. */
	if (!there || S_ISREG(info.st_mode))
		fd = find_open(dir_fd, base, true, &info);
	if (fd < 0) {
		say_waits(following, name, base);
		return E_OK;
	}
	if ((file = find_listed(&following->list, &info)) != NULL) { /* another one came under the name just now */
		close(fd);
		leads_to(following, name, file);
		return E_OK;
	}
	enum error error = following_list_new(following, name, fd, &info, &file);
	name->leads |= error == E_OK;
	if (error == E_TOO_MANY)
		following_say_full(following, name);
	return error == E_TOO_MANY ? E_OK : error;
}

static enum error look_at_pattern(struct following *following, struct name *name)
{
	OWNED_DIR *dir = file_list(AT_FDCWD, name->directory);
	size_t before = following->list.count;
	const char *base;
	if (dir == NULL) {
		following_say_of(following, name, "waits for '%s': %s", name->path, strerror(errno));
		return E_OK;
	}
	while ((base = file_list_next(dir)) != NULL)
		if (fnmatch(name->base, base, FNM_PERIOD) == 0)
			TRY(look_at_name(following, name, dirfd(dir), base));
	if (following->list.count == 0 && before == 0)
		following_say_of(following, name, "waits for '%s': no file has such a name yet", name->path);
	return E_OK;
}

/* ---- files that were followed before ---- */

enum error following_found_again(struct following *following, struct followed *file, const struct found *found)
{
	char directory[PATH_BYTES_MAX];
	uint64_t size = file->size;
	real_directory(found->fd, file->directory, directory);
	char *copied = strdup(directory);
	if (copied == NULL) {
		close(found->fd);
		return E_NO_MEMORY;
	}
	free(file->directory);
	file->directory = copied;
	following_take_inode(file, found->fd, &found->info);
	file->lost_ms = 0;
	file->cut = file->size < size && file->now.offset == 0; /* nothing tells that what is left is of it */
	if (file->cut)
		file->size = size;
	else if (file->size < size) /* cut, and what is left is as it was */
		following_say(following, true, "at least %" PRIu64 " bytes of '%s' were never read: they were cut off",
			size - file->size, file->name);
	file->read_at = file->now.offset;
	file->read = file->now.tail;
	file->grown_ms = following->now_ms;
	following->dirty = true;
	return E_OK;
}

/* Of an earlier run, or whose copy is looked for. */
static enum error find_file(struct following *following, struct name *name, struct followed *file)
{
	struct found found = {.fd = -1};
	enum error error = find_named(&following->calls.key, &following->list, file, &file->now, name->path, &found);
	file->hidden = error == E_IO;
	if (error != E_OK)
		error = find_again(&following->calls.key, &following->list, file, &file->now, file->directory, &found);
	file->hidden |= error == E_IO;
	if (error != E_OK && strcmp(file->directory, name->directory) != 0)
		error = find_again(&following->calls.key, &following->list, file, &file->now, name->directory, &found);
	file->hidden = error != E_OK && (file->hidden || error == E_IO);
	if (error != E_OK)
		return error;
	bool same = file->device == (uint64_t)found.info.st_dev && file->inode == (uint64_t)found.info.st_ino;
	int64_t since_ns = file->changed_ns;
	TRY(following_found_again(following, file, &found));
	if (!same) /* it was cut, and its inode may be a file that changed later */
		following_expect_beside(following, file, since_ns);
	return E_OK;
}

/* It is nowhere, and was not for as long as one look may pass it by. While its name leads to nothing either the disk
 * may just not be there yet. */
static void give_up(struct following *following, struct name *name, struct followed *file)
{
	if (!name->leads) {
		file->lost_ms = 0;
		return;
	}
	if (file->lost_ms == 0) {
		file->lost_ms = following->now_ms;
		if (file->named || file->now.offset < file->size)
			following_expect_beside(following, file, file->changed_ns);
	}
	if (following->now_ms - file->lost_ms < FOLLOWING_BESIDE_MS)
		return;
	if (file->now.offset < file->size)
		following_say(following, true,
			"the file that was '%s' is gone, also under other names: of it %" PRIu64
			" bytes had been taken, and at least %" PRIu64 " bytes behind them were never read",
			file->name, file->now.offset, file->size - file->now.offset);
	else if (file->named)
		following_say(following, true,
			"the file that was '%s' is gone, also under other names: of it %" PRIu64
			" bytes had been taken, all that was seen of it; what was written to it after that was never read",
			file->name, file->now.offset);
	file->named = false;
	file->gone = true;
	following->dirty = true;
	if (file->now.offset == file->size)
		following_done(following, file);
}

/* Files that are not open: first those that are still there, then what the name leads to, then those that are not. */
static enum error look_for_files(struct following *following, struct name *name, bool last)
{
	for (size_t i = 0; i < following->list.count; i++) {
		struct followed *file = following->list.files[i];
		if (!following_is_of(file, name) || file->fd >= 0 || file->gone)
			continue;
		enum error error = E_OK;
		if (!last)
			error = find_file(following, name, file);
		else if (file->hidden) {
			file->lost_ms = 0;
			following_say_of(following, name, "looks for the file that was '%s': '%s', or a file in it, cannot be read",
				name->path, file->directory);
		} else
			give_up(following, name, file);
		if (error == E_NO_MEMORY)
			return error;
	}
	return E_OK;
}

/* ---- a look ---- */

static void drop_names(struct following *following, struct name *name)
{
	for (size_t i = 0; i < following->list.count; i++) {
		struct followed *file = following->list.files[i];
		if (!following_is_of(file, name) || file->fd < 0 || !file->named || file->seen)
			continue;
		file->named = false;
		file->grown_ms = following->now_ms;
		following->dirty = true;
		following_expect_beside(following, file, file->changed_ns);
	}
}

enum error following_find_files(struct following *following, struct name *name)
{
	return look_for_files(following, name, false);
}

enum error following_look_at_name(struct following *following, struct name *name)
{
	for (size_t i = 0; i < following->list.count; i++)
		following->list.files[i]->seen &= !following_is_of(following->list.files[i], name);
	name->troubled = name->leads = false;
	TRY(name->pattern ? look_at_pattern(following, name) : look_at_name(following, name, AT_FDCWD, name->path));
	drop_names(following, name);
	TRY(look_for_files(following, name, true));
	name->fresh = false;
	return E_OK;
}
