/* What is known of each followed file, and the file `followed.json` of the spool that keeps it (0600): whole and synced
 * at each change, so that a crash leaves what was there before or what is there now.
 *
 *   {"version":1,"names":[FILE...],"files":[{"name":FILE,"directory":...,"mark":...,"device":...,"inode":...,
 *     "offset":N,"number":N,"known":N,"size":N,"changed":N,"named":B,"head":{"end":N,"bytes":N,"hash":H},"tail":{...}}],
 *   "beside":[{"name":FILE,"since":N,"read":N}...]}
 *
 * `mark`, hashes, device and inode are texts: sixteen hexadecimal digits, and decimal. Nothing of what the files say is
 * in it. */
#pragma once

#include "tools/following/print.h"

/* Names that may be given, and files that are known at once, of all names. */
#define FOLLOWED_NAMES_MAX 64u
#define FOLLOWED_FILES_MAX 256u
#define FOLLOWED_FILE "followed.json"

/* Everything before `offset` was given on. */
struct followed_place {
	uint64_t offset;
	uint64_t number;   /* messages before it */
	struct print tail; /* of what stands before it */
};

/* One file, under whatever name it is found. Invariants: saved.offset <= now.offset <= read_at, but for a file that was
 * cut; fd is -1 while it is not found. */
struct followed {
	char *name;      /* FILE as it was given: the name that it came under */
	char *directory; /* where it was seen last */
	char mark[17];   /* sixteen hexadecimal digits of its own, drawn when it was first seen */
	uint64_t device, inode;
	struct followed_place saved; /* as of what is durable at the sender */
	struct print head;
	uint64_t known; /* what begins before it is recognised by what it says: it was there when its name was new */
	uint64_t size;  /* when it was last looked at, and when its content had last changed then */
	int64_t changed_ns;
	bool named; /* the name leads to it */

	/* of this run */
	int fd;
	struct followed_place now;
	uint64_t read_at; /* bytes up to here were read */
	struct print read;
	bool noted;  /* the state on disk has it: it may be read */
	bool cut;    /* it was cut, or written anew: what was read and not given on is nothing that it says now; or its
				  * descriptor leads nowhere any more */
	bool gone;   /* nothing more comes of it */
	bool shared; /* another name leads to it, as far as the current look saw */
	bool seen;   /* in the current look */
	bool blind;  /* it cannot be read, as far as the last look saw */
	bool told;   /* that was said, and nothing was read since */
	bool hidden; /* it is not found, and where it may be cannot be read */
	bool left;   /* the caller reads nothing of it in this run */
	bool later;  /* what becomes of it is for the next look to say */
	uint64_t grown_ms; /* when it last grew, or lost its name */
	uint64_t lost_ms;  /* when it, or its copy, was looked for first; or 0 */
	uint64_t came;     /* files that had come beside its name when it was last looked at */
	void *reader;      /* the caller's; NULL: it is not being read */
	int watch;         /* likewise; 0: none */
};

/* What stands beside a name, was changed at `since_ns` or later and is known to nobody was its file between two looks.
 * A compressed one was read if it was changed by `read_ns`. */
struct followed_beside {
	int64_t since_ns, read_ns;
	uint64_t from_ms; /* the name led to a file by then; 0: it has not yet, or it is of an earlier run */
};

#define FOLLOWED_BESIDE_MAX 8u
/* A name that was ever followed, and what is looked for beside it, oldest first. */
struct followed_name {
	char *path;
	struct followed_beside beside[FOLLOWED_BESIDE_MAX];
	size_t beside_count;
};

/* Invariant: `count` files, oldest first for each name. */
struct followed_list {
	struct followed *files[FOLLOWED_FILES_MAX];
	size_t count;
	struct followed_name names[4 * FOLLOWED_NAMES_MAX];
	size_t name_count;
};

/* A new one, with a new mark, at the end of the list; texts are copied. E_TOO_MANY, E_NO_MEMORY. */
enum error followed_add(
	struct followed_list *list, const char *name, const char *directory, struct followed **out) MUST_USE;
/* Takes it out, and closes it. */
void followed_remove(struct followed_list *list, struct followed *file);
void followed_free(struct followed_list *list);
/* NULL: it was never followed. */
struct followed_name *followed_name(struct followed_list *list, const char *path);
/* E_TOO_MANY, E_NO_MEMORY. */
enum error followed_add_name(struct followed_list *list, const char *path, struct followed_name **out) MUST_USE;
/* Of too many the two oldest become one, which tells as much as both. */
void followed_add_beside(struct followed_name *name, struct followed_beside beside);

/* What messages of a file are called by the sender, and in the rows of those that are refused: the mark stands for all
 * runs that read it, so that a message which two of them refused is one, and its equal in another file is another.
 * spec/sender.md, SND-38 */
#define FOLLOWED_INPUT_MAX 4096
void followed_input(const struct followed *file, char out[FOLLOWED_INPUT_MAX]);
/* False: it is no such name. Both are borrowed. */
bool followed_input_split(struct bytes input, struct bytes *name, struct bytes *mark);

/* What the last run left, into an empty list; nothing, if there is no such file. E_CORRUPT, E_IO, E_NO_MEMORY. */
enum error followed_read(int dir_fd, struct followed_list *list, struct fault *fault) MUST_USE;
/* E_FULL, E_IO, E_NO_MEMORY. */
enum error followed_write(int dir_fd, const struct followed_list *list) MUST_USE;
