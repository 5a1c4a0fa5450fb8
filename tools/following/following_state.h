/* The inside of what is followed, shared by following_names.c (which file a name leads to), following_beside.c
 * (what stands beside it) and following.c (the rest).
 */
#pragma once

#include "tools/following/finding.h"
#include "tools/following/following.h"

#define SAID_MAX 512u
#define DONE_MAX 1024u

struct name {
	char *path;      /* absolute */
	char *directory; /* of it */
	const char *base;
	bool pattern;
	bool fresh;          /* no run has ever followed it */
	bool leads;          /* to a file, in the current look */
	bool troubled;       /* in the current look */
	char said[SAID_MAX]; /* last, of this name; empty: the last look found nothing wrong */

	/* what stands beside it */
	struct followed_name *kept;
	bool shut;     /* something of it cannot be looked for, or be read, and is waited for */
	uint64_t came; /* files that were found there */
	struct done {
		uint64_t inode;
		int64_t changed_ns;
		bool waits; /* it cannot be read, since `met_ms` */
		uint64_t met_ms;
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
bool following_is_of(const struct followed *file, const struct name *name);
/* NULL: it is not followed in this run. */
struct name *following_name_of(struct following *following, const struct followed *file);
void following_say(struct following *following, bool lost, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Once, until it is something else. Of what is wrong with the files of a pattern one is told, and the next when that is
 * put right. */
void following_say_of(struct following *following, struct name *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* There is no room for another file of it. */
void following_say_full(struct following *following, struct name *name);
/* A file of the name, which leads to it; takes the descriptor over. E_TOO_MANY, E_NO_MEMORY. */
enum error following_list_new(
	struct following *following, struct name *name, int fd, const struct stat *info, struct followed **out) MUST_USE;
/* One more name. E_USAGE, E_IO, E_NO_MEMORY. */
enum error following_take_name(struct following *following, const char *path, struct fault *fault) MUST_USE;
/* Opens what an earlier run followed under it; of all names before one is looked at. E_NO_MEMORY. */
enum error following_find_files(struct following *following, struct name *name) MUST_USE;
/* Which file it leads to now, and what has become of the others. E_NO_MEMORY. */
enum error following_look_at_name(struct following *following, struct name *name) MUST_USE;
void following_take_inode(struct followed *file, int fd, const struct stat *info);
/* It goes on there, from file->now; takes the descriptor over. E_NO_MEMORY. */
enum error following_found_again(
	struct following *following, struct followed *file, const struct found *found) MUST_USE;

/* following_beside.c */
/* When all files were looked at: what stands beside the name, as long as something may. E_NO_MEMORY. */
enum error following_end_look(struct following *following, struct name *name) MUST_USE;
/* It is let go of, and not looked for beside its name again. */
void following_done(struct following *following, const struct followed *file);
/* From now on what stands beside it and was changed since `since_ns`, perhaps its copy, is looked for. */
void following_expect_beside(struct following *following, const struct followed *file, int64_t since_ns);
/* At once, for a file that was cut; `came`: some was found since that was last looked at. E_NO_MEMORY. */
enum error following_look_beside(struct following *following, struct followed *file, bool *came) MUST_USE;
/* How many files were found beside its name by now. */
uint64_t following_came(struct following *following, const struct followed *file);
/* What has come by now is no copy of it, if it is as it was when it was looked at. */
void following_saw(struct following *following, struct followed *file);
