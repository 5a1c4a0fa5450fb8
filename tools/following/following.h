/* Files that grow and are rotated, followed for good: which file each name leads to, which ones it led to before, and
 * up to where each was taken. Whoever follows reads them; here is decided what there is to read. spec/sender.md,
 * Followed files
 *
 *     following_open(spool, names, &calls, &following, &fault)
 *     for ever:
 *         following_look(following, now)                 what has grown, moved, come, or was cut
 *         following_save(following)                      new files are written down before anything of them is taken
 *         while ((file = following_next(following)) != NULL)
 *             file->cut?    following_cut                 go on from file->now, or take what is left as it is
 *             else          read(2) at file->read_at, following_check, following_read, take messages, following_took
 *         all that was taken is durable: following_durable, following_save
 *
 *   name ─► file ──rename──► old, read to its end ─► let go            name ─► the next file
 *             └────cut─────► its copy, from the same place; or what was not read is said to be lost, and how much
 *
 * A file is known again by device, inode, and fingerprints (print.h) of its first bytes and of those before the place
 * that it was taken to; a copy, or a file that came back from elsewhere, by the fingerprints alone.
 *
 * A name whose last part has '*', '?' or '[' stands for all files that match it in its directory.
 *
 * No clock is read and nothing is waited for here: whoever calls says what time it is. One thread. */
#pragma once

#include "tools/following/followed.h"

/* An old file keeps its half line for so long after it last grew, and what is removed is let go of after it. */
#define FOLLOWING_QUIET_MS 60000u
/* What came between two looks, or is the copy of what was cut, is looked for at least so long. */
#define FOLLOWING_BESIDE_MS 2000u
/* Files of a name that have lost it, and are still looked at: the oldest is let go of first. */
#define FOLLOWING_OLD_MAX 8u

struct following;

struct following_calls {
	struct print_key key;
	/* For people; `lost`: something was never read. */
	void (*say)(void *context, bool lost, const char *text);
	void *context;
};

/* `dir_fd` is the spool, borrowed. E_USAGE (a name, or too many of them), E_CORRUPT, E_IO, E_NO_MEMORY. */
enum error following_open(int dir_fd, char *const *names, const struct following_calls *calls, struct following **out,
	struct fault *fault) MUST_USE;
void following_close(struct following *following);

/* Looks at all names and files. E_NO_MEMORY; whatever else is wrong is said, and tried again by the next look. */
enum error following_look(struct following *following, uint64_t now_ms) MUST_USE;
/* The next file with something to do, in turn: it has grown, was cut, or an old one rests on half a message. NULL:
 * nothing, until it is looked again. */
struct followed *following_next(struct following *following);
/* True if what is left of it is to be taken as it is: it lost its name, and has been quiet. */
bool following_rests(const struct following *following, const struct followed *file);

/* After a read at file->read_at: E_OK if what stands before is what was read before. Then following_read says what was
 * read and not taken yet, up to its end, `bytes` of it new. E_NOT_FOUND: it was cut meanwhile, and what was read is to
 * be dropped. E_IO. */
enum error following_check(struct following *following, struct followed *file) MUST_USE;
void following_read(struct following *following, struct followed *file, struct bytes window, size_t bytes);
/* A read failed, with errno: that is said once, and the file is left until the next look. */
void following_failed(struct following *following, struct followed *file);
/* Everything before `offset` was taken, `number` messages; `before` stands there, as much of it as is in memory. */
void following_took(
	struct following *following, struct followed *file, uint64_t offset, uint64_t number, struct bytes before);

/* What becomes of a file that was cut, or whose content is another one. The new content is another file of the list. */
enum following_end {
	FOLLOWING_ON,  /* its bytes are found, or looked for: go on from file->now, without what was read and not taken */
	FOLLOWING_OVER /* they are nowhere, which was said: take what was read as it is; nothing more comes */
};
/* E_TOO_MANY: not now; after the next look it is asked again. E_NO_MEMORY. */
enum error following_cut(struct following *following, struct followed *file, enum following_end *out) MUST_USE;

/* True if something has changed that the state on disk does not have. */
bool following_dirty(const struct following *following);
/* All that was taken is durable at the sender. */
void following_durable(struct following *following);
/* Writes the state: places as of the last following_durable, files as they are now. Files of which nothing more comes
 * are forgotten once they have no reader. E_FULL, E_IO, E_NO_MEMORY: it stays dirty. */
enum error following_save(struct following *following) MUST_USE;

/* True if bytes are known that were not read, or a file that is looked for, or whose place cannot be read. */
bool following_behind(const struct following *following);
/* The directory of name `i`, for whoever watches it; NULL behind the last. Files are list members. */
const char *following_directory(const struct following *following, size_t i);
struct followed *following_file(const struct following *following, size_t i);
