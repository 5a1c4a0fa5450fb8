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
static void say_of(struct following *following, struct name *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void say_of(struct following *following, struct name *name, const char *format, ...)
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

static bool is_of(const struct followed *file, const struct name *name)
{
	return strcmp(file->name, name->path) == 0;
}

/* NULL: it is not followed in this run. */
static struct name *name_of(struct following *following, const struct followed *file)
{
	for (size_t i = 0; i < following->name_count; i++)
		if (is_of(file, &following->names[i]))
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
		if (is_of(file, name) && file->head.bytes > 0 && print_look(&following->calls.key, &file->head, fd) == E_OK)
			return true;
	}
	return false;
}

/* Takes the descriptor over. */
static enum error list_new(
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
	following->dirty = true;
	return E_OK;
}

static enum error too_many(struct following *following, struct name *name, enum error error)
{
	if (error == E_TOO_MANY)
		say_of(following, name,
			"%u files are followed, and '%s' would be one more: it is not read before there is room",
			FOLLOWED_FILES_MAX, name->path);
	return error == E_TOO_MANY ? E_OK : error;
}

/* A pattern stands for files alone, and what is gone by now is none of them. */
static void say_waits(struct following *following, struct name *name, const char *base)
{
	const char *why = errno == ENOENT ? "is not there yet" : errno == EINVAL ? "is no file" : strerror(errno);
	if (!name->pattern && errno == EISDIR)
		say_of(following, name, "waits for '%s': is a directory; for its files give a pattern, as '%s/%s'", name->path,
			name->path, "*.log");
	else if (!name->pattern)
		say_of(following, name, "waits for '%s': %s", name->path, why);
	else if (errno != ENOENT && errno != EINVAL && errno != EISDIR)
		say_of(following, name, "waits for '%s/%s', which '%s' stands for, too: %s", name->directory, base, name->path,
			why);
}

static enum error look_at_name(struct following *following, struct name *name, int dir_fd, const char *base)
{
	struct stat info;
	struct followed *file = NULL;
	bool there = fstatat(dir_fd, base, &info, 0) == 0;
	if (there && (file = find_listed(&following->list, &info)) != NULL) {
		file->seen = true;
		following->dirty |= !file->named;
		file->named = true;
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
		file->seen = true;
		return E_OK;
	}
	return too_many(following, name, list_new(following, name, fd, &info, &file));
}

static enum error look_at_pattern(struct following *following, struct name *name)
{
	OWNED_DIR *dir = file_list(AT_FDCWD, name->directory);
	size_t before = following->list.count;
	const char *base;
	if (dir == NULL) {
		say_of(following, name, "waits for '%s': %s", name->path, strerror(errno));
		return E_OK;
	}
	while ((base = file_list_next(dir)) != NULL)
		if (fnmatch(name->base, base, FNM_PERIOD) == 0)
			TRY(look_at_name(following, name, dirfd(dir), base));
	if (following->list.count == 0 && before == 0)
		say_of(following, name, "waits for '%s': no file has such a name yet", name->path);
	return E_OK;
}

/* ---- what stood between ---- */

/* A directory that is read while names in it change shows some of them twice, and others never; and a name may lead to
 * nothing when it is looked at in the midst of a rotation. So what stands beside a name is looked for again and again,
 * until it has led to a file for FOLLOWING_BESIDE_MS. */

struct between {
	struct following *following;
	struct name *name;
};

/* Of what was taken of a file that may have been cut: then that is read on in it. */
static bool is_copy(const struct following *following, const struct name *name, int fd)
{
	const struct print_key *key = &following->calls.key;
	for (size_t i = 0; i < following->list.count; i++) {
		const struct followed *file = following->list.files[i];
		if (is_of(file, name) && !file->gone && file->head.bytes >= PRINT_BYTES_MIN &&
			print_look(key, &file->head, fd) == E_OK && print_look(key, &file->now.tail, fd) == E_OK)
			return true;
	}
	return false;
}

/* `bytes` that end at `end` are the same in both. */
static bool same_bytes(int one, int other, size_t bytes, uint64_t end)
{
	uint8_t of_one[PRINT_BYTES];
	uint8_t of_other[PRINT_BYTES];
	return file_read_at(one, of_one, bytes, end - bytes) == E_OK &&
		   file_read_at(other, of_other, bytes, end - bytes) == E_OK && memcmp(of_one, of_other, bytes) == 0;
}

/* Of what is being read: it begins and ends alike, and is wanted only if that is cut. */
static bool is_copy_of_followed(
	const struct following *following, const struct name *name, int fd, const struct stat *info)
{
	uint64_t size = (uint64_t)info->st_size;
	size_t bytes = size < PRINT_BYTES ? (size_t)size : PRINT_BYTES;
	for (size_t i = 0; size > 0 && i < following->list.count; i++) {
		const struct followed *file = following->list.files[i];
		if (is_of(file, name) && file->fd >= 0 && same_bytes(file->fd, fd, bytes, bytes) &&
			same_bytes(file->fd, fd, bytes, size))
			return true;
	}
	return false;
}

static bool is_done(const struct name *name, const struct stat *info)
{
	for (size_t i = 0; i < DONE_MAX && i < name->done_count; i++)
		if (name->done[i].inode == (uint64_t)info->st_ino && name->done[i].changed_ns == found_changed_ns(info))
			return true;
	return false;
}

static void add_done(struct name *name, uint64_t inode, int64_t changed_ns)
{
	name->done[name->done_count++ % DONE_MAX] = (struct done){inode, changed_ns};
}

void following_done(struct following *following, const struct followed *file)
{
	struct name *name = name_of(following, file);
	if (name != NULL)
		add_done(name, file->inode, file->changed_ns);
}

/* What compresses a file keeps the time of its last change. */
static bool is_of_listed(const struct following *following, const struct name *name, const struct stat *info)
{
	struct stat listed;
	for (size_t i = 0; i < following->list.count; i++) {
		const struct followed *file = following->list.files[i];
		if (is_of(file, name) && file->fd >= 0 && fstat(file->fd, &listed) == 0 &&
			found_changed_ns(&listed) == found_changed_ns(info))
			return true;
	}
	return false;
}

static void found_compressed(struct following *following, struct name *name, const char *base, const struct stat *info)
{
	bool unread = false;
	int64_t changed_ns = found_changed_ns(info);
	for (size_t i = 0; i < name->kept->beside_count; i++)
		unread |= changed_ns >= name->kept->beside[i].since_ns && changed_ns > name->kept->beside[i].read_ns;
	if (!unread || is_of_listed(following, name, info))
		return;
	following_say(following, true, "'%s/%s' is compressed and was never read; unpack it and give it to 'indsigt send'",
		name->directory, base);
	add_done(name, (uint64_t)info->st_ino, changed_ns);
}

/* A copy that is being made holds nothing at first, and then a part; what is added behind what it is found with would
 * not be taken by what it says. */
static bool is_still(int fd, const struct stat *opened)
{
	struct stat now;
	return fstat(fd, &now) == 0 && now.st_size > 0 && now.st_size == opened->st_size;
}

/* Taken by what it says: that nobody has followed it does not mean that nobody has sent it. */
static void found_between(void *context, int dir_fd, const char *base, const struct stat *info, bool compressed)
{
	struct between *between = context;
	struct following *following = between->following;
	struct stat opened;
	if (is_done(between->name, info))
		return;
	if (compressed) {
		found_compressed(following, between->name, base, info);
		return;
	}
	int fd = find_open(dir_fd, base, false, &opened);
	if (fd < 0) { /* of what has another name by now the next look sees it */
		if (errno == ENOENT)
			return;
		following_say(following, true, "'%s/%s', which came after what was followed, cannot be read: %s",
			between->name->directory, base, strerror(errno));
		add_done(between->name, (uint64_t)info->st_ino, found_changed_ns(info));
		return;
	}
	if (find_listed(&following->list, &opened) != NULL || is_copy(following, between->name, fd) ||
		is_copy_of_followed(following, between->name, fd, &opened) || !is_still(fd, &opened)) {
		close(fd);
		return;
	}
	struct followed *file = NULL;
	enum error error = too_many(following, between->name, list_new(following, between->name, fd, &opened, &file));
	if (error != E_OK)
		following->failed = error;
	if (file == NULL)
		return;
	file->named = false;
	file->known = file->size;
	following_say(following, false, "'%s/%s' came between two looks at '%s': it is read, too", between->name->directory,
		base, between->name->path);
}

/* When its content was changed last: what is open is read to its end, and may have been written to since it was looked
 * at. Of what was cut is told how much was not read. */
static int64_t read_until(const struct followed *file)
{
	struct stat info;
	if (file->inode == 0 && file->head.bytes >= PRINT_BYTES_MIN)
		return INT64_MAX;
	bool newer = file->fd >= 0 && fstat(file->fd, &info) == 0 && found_changed_ns(&info) > file->changed_ns;
	return newer ? found_changed_ns(&info) : file->changed_ns;
}

/* `before` was the file of the name, and is no longer: what came after it may have come and gone. */
static void expect_beside(
	struct following *following, struct name *name, const struct followed *before, int64_t since_ns)
{
	if (name->pattern)
		return;
	followed_add_beside(name->kept,
		(struct followed_beside){.since_ns = since_ns, .read_ns = read_until(before), .from_ms = following->now_ms});
	following->dirty = true;
}

static enum error look_between(struct following *following, struct name *name)
{
	struct between between = {following, name};
	const struct find_beside calls = {.found = found_between, .context = &between};
	int64_t since_ns = INT64_MAX;
	following->failed = E_OK;
	name->shut = false;
	for (size_t i = 0; i < name->kept->beside_count; i++)
		if (name->kept->beside[i].since_ns < since_ns)
			since_ns = name->kept->beside[i].since_ns;
	if (name->kept->beside_count == 0)
		return E_OK;
	name->shut = find_beside(&following->list, name->directory, name->base, since_ns, &calls) != E_OK;
	if (name->shut)
		say_of(following, name, "whether another file came between in '%s' cannot be told: %s; it is tried again",
			name->directory, strerror(errno));
	return following->failed;
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
	if (file->size < size) /* cut, and what is left is as it was */
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
		expect_beside(following, name, file, since_ns);
	return E_OK;
}

static bool name_leads_on(const struct following *following, const struct name *name)
{
	for (size_t i = 0; i < following->list.count; i++)
		if (is_of(following->list.files[i], name) && following->list.files[i]->seen)
			return true;
	return false;
}

/* It is nowhere. While its name leads to nothing either the disk may just not be there yet. */
static enum error give_up(struct following *following, struct name *name, struct followed *file)
{
	if (!name_leads_on(following, name))
		return E_OK;
	if (file->named || file->now.offset < file->size) {
		expect_beside(following, name, file, file->changed_ns);
		TRY(look_between(following, name));
	}
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
	return E_OK;
}

/* Files that are not open: first those that are still there, then what the name leads to, then those that are not. */
static enum error look_for_files(struct following *following, struct name *name, bool last)
{
	for (size_t i = 0; i < following->list.count; i++) {
		struct followed *file = following->list.files[i];
		if (!is_of(file, name) || file->fd >= 0 || file->gone)
			continue;
		enum error error = E_OK;
		if (!last)
			error = find_file(following, name, file);
		else if (file->hidden)
			say_of(following, name, "looks for the file that was '%s': '%s', or a file in it, cannot be read",
				name->path, file->directory);
		else
			error = give_up(following, name, file);
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
		if (!is_of(file, name) || file->fd < 0 || !file->named || file->seen)
			continue;
		file->named = false;
		file->grown_ms = following->now_ms;
		following->dirty = true;
		expect_beside(following, name, file, file->changed_ns);
	}
}

enum error following_find_files(struct following *following, struct name *name)
{
	return look_for_files(following, name, false);
}

void following_expect_beside(struct following *following, const struct followed *file)
{
	struct name *name = name_of(following, file);
	if (name != NULL)
		expect_beside(following, name, file, file->changed_ns);
}

enum error following_look_beside(struct following *following, const struct followed *file)
{
	struct name *name = name_of(following, file);
	following_expect_beside(following, file);
	return name != NULL ? look_between(following, name) : E_OK;
}

/* Whoever goes on in the copy of what was cut looks beside it first. */
static bool has_cut(const struct following *following, const struct name *name)
{
	for (size_t i = 0; i < following->list.count; i++)
		if (is_of(following->list.files[i], name) && following->list.files[i]->cut)
			return true;
	return false;
}

/* Looked for long enough, since the name leads to a file. */
static void forget_beside(struct following *following, struct name *name)
{
	struct followed_name *kept = name->kept;
	bool leads_on = name_leads_on(following, name);
	size_t count = 0;
	for (size_t i = 0; i < kept->beside_count; i++) {
		struct followed_beside *one = &kept->beside[i];
		if (one->from_ms == 0 || !leads_on)
			one->from_ms = following->now_ms;
		if (name->shut || following->now_ms - one->from_ms < FOLLOWING_BESIDE_MS)
			kept->beside[count++] = *one;
	}
	following->dirty |= count != kept->beside_count;
	kept->beside_count = count;
}

enum error following_end_look(struct following *following, struct name *name)
{
	if (!has_cut(following, name)) {
		TRY(look_between(following, name));
		forget_beside(following, name);
	}
	if (!name->troubled)
		name->said[0] = '\0';
	return E_OK;
}

enum error following_look_at_name(struct following *following, struct name *name)
{
	for (size_t i = 0; i < following->list.count; i++)
		following->list.files[i]->seen &= !is_of(following->list.files[i], name);
	name->troubled = false;
	TRY(name->pattern ? look_at_pattern(following, name) : look_at_name(following, name, AT_FDCWD, name->path));
	drop_names(following, name);
	TRY(look_for_files(following, name, true));
	name->fresh = false;
	return E_OK;
}
