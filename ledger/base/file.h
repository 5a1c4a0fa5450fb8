/* Whole small files, written so that a power cut leaves the old one or the new one. */
#pragma once

#include "ledger/base/bytes.h"

#include <dirent.h>

/* Of a path, with its end mark. */
#define PATH_BYTES_MAX 4096

/* "DIR/NAME", with its end mark; E_TOO_LONG. */
enum error file_path(const char *dir, const char *name, char out[PATH_BYTES_MAX]) MUST_USE;
/* Whether something has this name, of whatever kind it is. */
bool file_is_there(const char *dir, const char *name);
/* All of it, in as many writes as it takes; E_IO, E_FULL, E_READ_ONLY, and then some of it may be there. */
enum error file_write_all(int fd, struct bytes content) MUST_USE;
/* The same from `at` on, wherever the file stands. */
enum error file_write_at(int fd, struct bytes content, uint64_t at) MUST_USE;
/* `len` bytes from `at` on, in as many reads as it takes; E_TRUNCATED where the file ends before, E_IO. */
enum error file_read_at(int fd, uint8_t *out, size_t len, uint64_t at) MUST_USE;
/* Writes a whole file: temporary name, write, sync, rename, sync of the directory. */
enum error file_write_atomic(int dir_fd, const char *name, struct bytes content, unsigned mode) MUST_USE;
/* The same of a file that must not be there yet: E_EXISTS, also when another process makes it at this moment, unless
 * the disk cannot rename in that way: then it is looked at before. */
enum error file_write_new(int dir_fd, const char *name, struct bytes content, unsigned mode) MUST_USE;
/* Rights of what is made in a directory: its owner's alone (0600, 0700), or its group's too, to read (0640, 0750),
 * where the directory was given to a group for that: readable by it, and with the bit that hands the group on (setgid),
 * which nobody sets by mistake ('indsigt own' does). */
unsigned file_mode_in(int dir_fd);
unsigned file_mode_of_dir_in(int dir_fd);
/* Whether a directory of that mode was. */
bool file_is_shared(unsigned mode);
/* Removes what file_write_atomic left of `name` in processes that were killed. For whoever alone writes it. */
void file_remove_left(int dir_fd, const char *name);
/* The whole file, at most `max` bytes, in memory to free() with an end mark behind it. */
enum error file_read_all(int dir_fd, const char *name, size_t max, uint8_t **out, size_t *out_len) MUST_USE;
/* The directory `path` below `dir_fd`, of which no part is a link: for whoever has more rights than who may write
 * there, and could be led elsewhere. -1 with errno (ENOTDIR, ELOOP: a part is one). */
int file_open_folder(int dir_fd, const char *path);
/* The names in the directory `name` of `dir_fd`, for file_list_next and closedir; NULL with errno. */
DIR *file_list(int dir_fd, const char *name);
/* The next name; NULL when there is none, with errno 0, or when the disk does not tell, with errno. */
const char *file_list_next(DIR *files);

/* Which content a name leads to. Two marks that are the same and `settled` are of the same content: the kernel's clock
 * had moved on since the file was last changed when the mark was taken, so that a later change has a later time. What
 * is not there is a content too; what cannot be looked at is never settled. */
struct file_mark {
	uint64_t device;
	uint64_t inode; /* 0: there is none */
	int64_t changed_s;
	int64_t changed_ns;
	bool settled;
};

/* Reads no file. Take the mark before the content. */
void file_mark(const char *path, struct file_mark *out);
bool file_mark_same(const struct file_mark *a, const struct file_mark *b);
