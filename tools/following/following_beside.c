/* What stands beside a name: what was its file between two looks, and the copy of what was cut.
 *
 * A directory that is read while names in it change shows some of them twice, and others never; and a name may lead to
 * nothing when it is looked at in the midst of a rotation. So what stands beside a name is looked for again and again,
 * until FOLLOWING_BESIDE_MS after it first led to a file. */
#include "ledger/base/file.h"
#include "tools/following/following_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct between {
	struct following *following;
	struct name *name;
};

/* Its own file does not hold any more what was taken of it. */
static bool is_cut(const struct print_key *key, const struct followed *file)
{
	return file->fd < 0 || file->cut || print_look(key, &file->head, file->fd) != E_OK ||
		   print_look(key, &file->now.tail, file->fd) != E_OK;
}

/* Of what was taken of a file that was cut: then that is read on in it. */
static bool is_copy(const struct following *following, const struct name *name, int fd)
{
	const struct print_key *key = &following->calls.key;
	for (size_t i = 0; i < following->list.count; i++) {
		const struct followed *file = following->list.files[i];
		if (following_is_of(file, name) && !file->gone && file->head.bytes >= PRINT_BYTES_MIN &&
			print_look(key, &file->head, fd) == E_OK && print_look(key, &file->now.tail, fd) == E_OK &&
			is_cut(key, file))
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
		if (following_is_of(file, name) && file->fd >= 0 && same_bytes(file->fd, fd, bytes, bytes) &&
			same_bytes(file->fd, fd, bytes, size))
			return true;
	}
	return false;
}

static struct done *find_done(struct name *name, const struct stat *info)
{
	for (size_t i = 0; i < DONE_MAX && i < name->done_count; i++)
		if (name->done[i].inode == (uint64_t)info->st_ino && name->done[i].changed_ns == found_changed_ns(info))
			return &name->done[i];
	return NULL;
}

static struct done *add_done(struct name *name, uint64_t inode, int64_t changed_ns)
{
	struct done *done = &name->done[name->done_count++ % DONE_MAX];
	*done = (struct done){.inode = inode, .changed_ns = changed_ns};
	return done;
}

void following_done(struct following *following, const struct followed *file)
{
	struct name *name = following_name_of(following, file);
	if (name != NULL)
		add_done(name, file->inode, file->changed_ns);
}

/* What compresses a file keeps the time of its last change, some of it in whole seconds. */
static bool is_same_time(int64_t compressed_ns, int64_t changed_ns)
{
	int64_t second = 1000000000;
	return compressed_ns == changed_ns ||
		   (compressed_ns % second == 0 && compressed_ns == changed_ns - changed_ns % second);
}

/* What it was made of is followed, or was taken whole. Of what is not open any more is told what was not read. */
static bool is_of_taken(const struct following *following, const struct name *name, int64_t compressed_ns)
{
	struct stat listed;
	for (size_t i = 0; i < following->list.count; i++) {
		const struct followed *file = following->list.files[i];
		if (!following_is_of(file, name))
			continue;
		bool open = file->fd >= 0 && fstat(file->fd, &listed) == 0;
		if (is_same_time(compressed_ns, open ? found_changed_ns(&listed) : file->changed_ns))
			return true;
	}
	for (size_t i = 0; i < DONE_MAX && i < name->done_count; i++)
		if (!name->done[i].waits && is_same_time(compressed_ns, name->done[i].changed_ns))
			return true;
	return false;
}

/* What it is made of goes last, when it has its time. Under FILE itself there is another one by then; so there is under
 * a name with which one came that was changed later. */
static bool is_being_compressed(const struct name *name, int dir_fd, const char *base, const struct stat *compressed)
{
	char source[NAME_MAX + 1];
	struct stat info;
	snprintf(source, sizeof source, "%.*s", (int)(strrchr(base, '.') - base), base);
	return strcmp(source, name->base) != 0 && fstatat(dir_fd, source, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
		   found_changed_ns(compressed) >= found_changed_ns(&info);
}

/* Its time is read when what it is made of is gone: what was met may not have had it yet. */
static void found_compressed(
	struct following *following, struct name *name, int dir_fd, const char *base, const struct stat *met)
{
	bool unread = false;
	struct stat info;
	if (is_being_compressed(name, dir_fd, base, met) || fstatat(dir_fd, base, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	int64_t changed_ns = found_changed_ns(&info);
	for (size_t i = 0; i < name->kept->beside_count; i++)
		unread |= changed_ns >= name->kept->beside[i].since_ns && changed_ns > name->kept->beside[i].read_ns;
	if (!unread || is_of_taken(following, name, changed_ns))
		return;
	following_say(following, true, "'%s/%s' is compressed and was never read; unpack it and give it to 'indsigt send'",
		name->directory, base);
	(void)add_done(name, (uint64_t)info.st_ino, changed_ns);
}

/* Whom it is for may be said last by what made it, so it is tried as long as anything is looked for. */
static void found_unreadable(
	struct following *following, struct name *name, const char *base, const struct stat *info, struct done *done)
{
	int why = errno;
	if (done == NULL) {
		done = add_done(name, (uint64_t)info->st_ino, found_changed_ns(info));
		done->waits = true;
		done->met_ms = following->now_ms;
	}
	done->waits = following->now_ms - done->met_ms < FOLLOWING_BESIDE_MS;
	name->shut |= done->waits;
	if (!done->waits)
		following_say(following, true, "'%s/%s', which came after what was followed, cannot be read: %s",
			name->directory, base, strerror(why));
}

static bool looks_beside(const struct following *following, const struct name *name)
{
	bool looks = name->kept->beside_count > 0;
	for (size_t i = 0; !looks && i < following->list.count; i++)
		looks = following_is_of(following->list.files[i], name) && !following->list.files[i]->gone;
	return looks;
}

/* What is called after a longer name in the same directory stands beside that, if that ever had a file of its own. */
static bool is_of_another(const struct following *following, const struct name *name, const char *base)
{
	for (size_t i = 0; i < following->name_count; i++) {
		const struct name *other = &following->names[i];
		if (!other->pattern && strlen(other->base) > strlen(name->base) &&
			strcmp(other->directory, name->directory) == 0 && find_is_called_so(base, other->base) &&
			looks_beside(following, other))
			return true;
	}
	return false;
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
	struct done *done = find_done(between->name, info);
	struct stat opened;
	if ((done != NULL && !done->waits) || is_of_another(following, between->name, base))
		return;
	if (compressed) {
		found_compressed(following, between->name, dir_fd, base, info);
		return;
	}
	int fd = find_open(dir_fd, base, false, &opened);
	if (fd < 0) { /* of what has another name by now the next look sees it */
		if (errno != ENOENT)
			found_unreadable(following, between->name, base, info, done);
		return;
	}
	if (find_listed(&following->list, &opened) != NULL || is_copy(following, between->name, fd) ||
		is_copy_of_followed(following, between->name, fd, &opened) || !is_still(fd, &opened)) {
		close(fd);
		return;
	}
	struct followed *file = NULL;
	enum error error = following_list_new(following, between->name, fd, &opened, &file);
	if (error == E_TOO_MANY) { /* it is read when there is room */
		between->name->shut = true;
		following_say_full(following, between->name);
	} else
		following->failed = error != E_OK ? error : following->failed;
	if (error != E_OK)
		return;
	between->name->came++;
	if (done != NULL)
		done->waits = false;
	file->named = file->seen = false;
	file->known = file->size;
	following_say(following, false, "'%s/%s' came between two looks at '%s': it is read, too", between->name->directory,
		base, between->name->path);
}

/* When its content was changed last: what is open is read to its end, and may have been written to since it was looked
 * at. Of what was cut is told how much was not read. */
static int64_t read_until(const struct followed *file)
{
	struct stat info;
	if (file->cut || file->inode == 0)
		return file->head.bytes >= PRINT_BYTES_MIN ? INT64_MAX : file->changed_ns;
	bool newer = file->fd >= 0 && fstat(file->fd, &info) == 0 && found_changed_ns(&info) > file->changed_ns;
	return newer ? found_changed_ns(&info) : file->changed_ns;
}

void following_expect_beside(struct following *following, const struct followed *file, int64_t since_ns)
{
	struct name *name = following_name_of(following, file);
	if (name == NULL || name->pattern)
		return;
	followed_add_beside(name->kept,
		(struct followed_beside){
			.since_ns = since_ns, .read_ns = read_until(file), .from_ms = name->leads ? following->now_ms : 0});
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
	if (find_beside(&following->list, name->directory, name->base, since_ns, &calls) != E_OK) {
		name->shut = true;
		following_say_of(following, name,
			"whether another file came between in '%s' cannot be told: %s; it is tried again", name->directory,
			strerror(errno));
	}
	return following->failed;
}

enum error following_look_beside(struct following *following, struct followed *file, bool *came)
{
	struct name *name = following_name_of(following, file);
	*came = false;
	if (file->lost_ms == 0) {
		file->lost_ms = following->now_ms;
		following_expect_beside(following, file, file->changed_ns);
	}
	if (name == NULL)
		return E_OK;
	TRY(look_between(following, name));
	*came = name->came != file->came;
	return E_OK;
}

uint64_t following_came(struct following *following, const struct followed *file)
{
	const struct name *name = following_name_of(following, file);
	return name != NULL ? name->came : 0;
}

void following_saw(struct following *following, struct followed *file)
{
	const struct name *name = following_name_of(following, file);
	struct stat info;
	if (name == NULL || name->came == file->came || file->fd < 0 || file->cut || fstat(file->fd, &info) != 0)
		return;
	if ((uint64_t)info.st_size == file->size && found_changed_ns(&info) == file->changed_ns)
		file->came = name->came;
}

/* Whoever goes on in the copy of what was cut looks beside it first. */
static bool has_cut(const struct following *following, const struct name *name)
{
	for (size_t i = 0; i < following->list.count; i++)
		if (following_is_of(following->list.files[i], name) && following->list.files[i]->cut)
			return true;
	return false;
}

/* Looked for long enough, since the name led to a file. */
static void forget_beside(struct following *following, struct name *name)
{
	struct followed_name *kept = name->kept;
	size_t count = 0;
	for (size_t i = 0; i < kept->beside_count; i++) {
		struct followed_beside *one = &kept->beside[i];
		if (one->from_ms == 0 && name->leads)
			one->from_ms = following->now_ms;
		if (name->shut || one->from_ms == 0 || following->now_ms - one->from_ms < FOLLOWING_BESIDE_MS)
			kept->beside[count++] = *one;
	}
	following->dirty |= count != kept->beside_count;
	kept->beside_count = count;
}

enum error following_end_look(struct following *following, struct name *name)
{
	if (has_cut(following, name))
		return E_OK;
	TRY(look_between(following, name));
	forget_beside(following, name);
	if (!name->troubled)
		name->said[0] = '\0';
	return E_OK;
}
