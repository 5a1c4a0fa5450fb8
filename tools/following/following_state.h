/* The inside of what is followed, shared by following_names.c (which file a name leads to) and following.c (the rest).
 */
#pragma once

#include "tools/following/finding.h"
#include "tools/following/following.h"

#define SAID_MAX 512u
#define DONE_MAX 64u

struct name {
	char *path;      /* absolute */
	char *directory; /* of it */
	const char *base;
	bool pattern;
	bool fresh;          /* no run has ever followed it */
	bool troubled;       /* in the current look */
	char said[SAID_MAX]; /* last, of this name; empty: the last look found nothing wrong */

	/* what stands beside it */
	struct followed_name *kept;
	bool shut; /* it cannot be looked for */
	struct done {
		uint64_t inode;
		int64_t changed_ns;
	} done[DONE_MAX]; /* of it nothing more is expected as long as it is not changed: taken whole, or told; the latest
					   */
	size_t done_count;
};

/* Invariant: `turn` is where the next file is looked for. */
struct following {
	int dir_fd;
	struct following_calls calls;
	struct followed_list list;
	struct name names[FOLLOWED_NAMES_MAX];
	size_t name_count;
	size_t turn;
	uint64_t now_ms;
	bool dirty;
	enum error failed; /* in a call back */
};

/* following_names.c */
void following_say(struct following *following, bool lost, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* One more name. E_USAGE, E_IO, E_NO_MEMORY. */
enum error following_take_name(struct following *following, const char *path, struct fault *fault) MUST_USE;
/* Opens what an earlier run followed under it; of all names before one is looked at. E_NO_MEMORY. */
enum error following_find_files(struct following *following, struct name *name) MUST_USE;
/* Which file it leads to now, and what has become of the others. E_NO_MEMORY. */
enum error following_look_at_name(struct following *following, struct name *name) MUST_USE;
/* When all files were looked at: what stands beside the name, as long as something may. E_NO_MEMORY. */
enum error following_end_look(struct following *following, struct name *name) MUST_USE;
/* It is let go of, and not looked for beside its name again. */
void following_done(struct following *following, const struct followed *file);
/* From now on what stands beside it and was changed since it was last looked at, perhaps its copy, is looked for: by
 * the next end of a look, or at once. E_NO_MEMORY. */
void following_expect_beside(struct following *following, const struct followed *file);
enum error following_look_beside(struct following *following, const struct followed *file) MUST_USE;
void following_take_inode(struct followed *file, int fd, const struct stat *info);
/* It goes on there, from file->now; takes the descriptor over. E_NO_MEMORY. */
enum error following_found_again(
	struct following *following, struct followed *file, const struct found *found) MUST_USE;
