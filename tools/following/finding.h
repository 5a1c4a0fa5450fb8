/* Where a followed file is by now: in the directories where rotation leaves it. */
#pragma once

#include "tools/following/followed.h"

#include <limits.h>
#include <sys/stat.h>

struct found {
	int fd; /* the finder's to close */
	struct stat info;
	char name[NAME_MAX + 1];
};

/* When its content was changed last. */
int64_t found_changed_ns(const struct stat *info);
/* The listed file that is this inode and is open; NULL. */
struct followed *find_listed(const struct followed_list *list, const struct stat *info);
/* As rotation calls what a file of the name `base` was; of a pattern, what it matches. */
bool find_is_called_so(const char *name, const char *base);
/* Opens a regular file to read, without waiting for it. A negative number, with errno; EINVAL: it is none. */
int find_open(int dir_fd, const char *name, bool through_links, struct stat *info);

/* The file that the name leads to, if that is it: the same inode, with the same bytes as below. No directory is gone
 * through, which may be forbidden. E_NOT_FOUND; E_IO: it has the inode, and cannot be read. */
enum error find_named(const struct print_key *key, const struct followed_list *list, const struct followed *file,
	const struct followed_place *place, const char *path, struct found *out) MUST_USE;

/* The file in `directory` that `file` is: the same inode, with the same bytes at its beginning and before `place` (or,
 * where none are known, a name that rotation gives, or a birth before the last change that was seen);
 * else, if `file` was ever read from, any that has these and that nobody follows: what was copied, or came back from
 * elsewhere. Of several the longest. E_NOT_FOUND, also without the directory; E_IO: that, or what has the inode, cannot
 * be read. */
enum error find_again(const struct print_key *key, const struct followed_list *list, const struct followed *file,
	const struct followed_place *place, const char *directory, struct found *out) MUST_USE;

/* What stands beside FILE and may have been it: its name begins with FILE's, it is changed at `since_ns` or later, and
 * nobody follows it. `compressed`: by the end of its name. */
struct find_beside {
	void (*found)(void *context, int dir_fd, const char *name, const struct stat *info, bool compressed);
	void *context;
};
/* E_IO: the directory cannot be read. */
enum error find_beside(const struct followed_list *list, const char *directory, const char *base, int64_t since_ns,
	const struct find_beside *calls) MUST_USE;
