/* How long each file is, whether it is still the same, and what is written down of it.
 *
 * A file is found to be cut when it is shorter than it was, or when it has changed and the fingerprints do not hold;
 * they are looked at again after each read, so that what a read brought is known to stand behind what was read before.
 */
#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "tools/following/following_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum error following_open(
	int dir_fd, char *const *names, const struct following_calls *calls, struct following **out, struct fault *fault)
{
	struct following *following = calloc(1, sizeof *following);
	TRY(fault_set(fault, allocated(following), ""));
	following->dir_fd = dir_fd;
	following->calls = *calls;
	enum error error = followed_read(dir_fd, &following->list, fault);
	for (; error == E_OK && *names != NULL; names++)
		error = following_take_name(following, *names, fault);
	if (error != E_OK) {
		following_close(following);
		return error;
	}
	*out = following;
	return E_OK;
}

void following_close(struct following *following)
{
	if (following == NULL)
		return;
	followed_free(&following->list);
	for (size_t i = 0; i < following->name_count; i++) {
		free(following->names[i].path);
		free(following->names[i].directory);
	}
	free(following);
}

/* ---- a look ---- */

static bool is_old(const struct followed *file)
{
	return !file->named && !file->shared;
}

static bool ended(const struct followed *file)
{
	return is_old(file) && (file->left || (file->now.offset == file->size && file->read_at == file->size));
}

/* Old ones of which nothing more is expected: removed and quiet, or one too many. */
static void let_go(struct following *following, struct followed *file, bool removed)
{
	unsigned newer = 0;
	bool behind = false;
	for (size_t i = 0; i < following->list.count; i++) {
		const struct followed *other = following->list.files[i];
		behind |= other == file;
		newer += behind && other != file && is_old(other) && strcmp(other->name, file->name) == 0;
	}
	bool quiet = following->now_ms - file->grown_ms >= FOLLOWING_QUIET_MS;
	if (!ended(file) || !((removed && quiet) || newer >= FOLLOWING_OLD_MAX))
		return;
	file->gone = following->dirty = true;
	following_done(following, file);
}

/* What can be looked at and not read, an hour long, is told once. */
void following_failed(struct following *following, struct followed *file)
{
	if (!file->told)
		following_say(following, false, "'%s' cannot be read: %s; it is tried again", file->name, strerror(errno));
	file->blind = file->told = true;
}

static bool is_written_anew(struct following *following, struct followed *file)
{
	enum error head = print_look(&following->calls.key, &file->head, file->fd);
	enum error read = head == E_OK ? print_look(&following->calls.key, &file->read, file->fd) : head;
	if (read != E_OK && read != E_NOT_FOUND)
		following_failed(following, file);
	else
		file->blind = false;
	return read == E_NOT_FOUND;
}

static void look_at_file(struct following *following, struct followed *file)
{
	struct stat info;
	file->later = false;
	if (file->fd < 0 || file->gone || file->cut)
		return;
	if (fstat(file->fd, &info) != 0) {
		file->cut = errno == ESTALE;
		if (file->cut)
			file->blind = false;
		else
			following_failed(following, file);
		return;
	}
	uint64_t size = (uint64_t)info.st_size;
	bool changed = size != file->size || found_changed_ns(&info) != file->changed_ns;
	bool refilled = changed && size == 0 && file->size == 0; /* and cut again between two looks */
	file->cut = size < file->size || size < file->read_at || refilled ||
				((changed || file->blind) && is_written_anew(following, file));
	if (file->cut) {
		file->blind = false; /* what it was is not to be read any more */
		return;
	}
	/* Nothing tells whether it was filled, copied and cut before. */
	if (changed && file->named && !file->left && file->head.bytes < PRINT_BYTES_MIN)
		following_expect_beside(following, file, file->changed_ns);
	if (size > file->size)
		file->grown_ms = following->now_ms;
	file->size = size;
	file->changed_ns = found_changed_ns(&info);
	file->told &= file->blind || file->read_at < size;
	following->dirty |= changed;
	let_go(following, file, info.st_nlink == 0);
}

enum error following_look(struct following *following, uint64_t now_ms)
{
	following->now_ms = now_ms;
	for (size_t i = 0; i < following->list.count; i++)
		following->list.files[i]->shared = false;
	for (size_t i = 0; i < following->name_count; i++)
		TRY(following_find_files(following, &following->names[i]));
	for (size_t i = 0; i < following->name_count; i++)
		TRY(following_look_at_name(following, &following->names[i]));
	for (size_t i = 0; i < following->list.count; i++)
		look_at_file(following, following->list.files[i]);
	for (size_t i = 0; i < following->name_count; i++)
		TRY(following_end_look(following, &following->names[i]));
	for (size_t i = 0; i < following->list.count; i++)
		following_saw(following, following->list.files[i]);
	return E_OK;
}

/* ---- reading ---- */

bool following_rests(const struct following *following, const struct followed *file)
{
	return is_old(file) && file->reader != NULL && file->read_at == file->size && file->now.offset < file->size &&
		   following->now_ms - file->grown_ms >= FOLLOWING_QUIET_MS;
}

static bool has_work(const struct following *following, const struct followed *file)
{
	if (!file->noted || file->gone || file->later || file->fd < 0 || file->blind)
		return false;
	return file->cut || (!file->left && (file->read_at < file->size || following_rests(following, file)));
}

struct followed *following_next(struct following *following)
{
	for (size_t i = 0; i < following->list.count; i++) {
		struct followed *file = following->list.files[(following->turn + i) % following->list.count];
		if (!has_work(following, file))
			continue;
		following->turn = (following->turn + i + 1) % following->list.count;
		return file;
	}
	return NULL;
}

enum error following_check(struct following *following, struct followed *file)
{
	struct stat info;
	if (fstat(file->fd, &info) != 0)
		return E_IO;
	if ((uint64_t)info.st_size < file->read_at)
		return E_NOT_FOUND;
	TRY(print_look(&following->calls.key, &file->head, file->fd));
	return print_look(&following->calls.key, &file->read, file->fd);
}

void following_read(struct following *following, struct followed *file, struct bytes window, size_t bytes)
{
	file->read_at += bytes;
	file->told = false;
	if (file->size < file->read_at)
		file->size = file->read_at;
	if (window.len > 0)
		file->read = print_of(&following->calls.key, window, file->read_at);
}

/* With more of its first bytes, as long as these are still those that it had. */
static void grow_head(struct following *following, struct followed *file, uint64_t offset)
{
	uint8_t text[PRINT_BYTES];
	const struct print_key *key = &following->calls.key;
	size_t bytes = offset < sizeof text ? (size_t)offset : sizeof text;
	if (bytes <= file->head.bytes || file_read_at(file->fd, text, bytes, 0) != E_OK)
		return;
	struct print before = print_of(key, bytes_of(text, file->head.bytes), file->head.bytes);
	if (before.hash == file->head.hash)
		file->head = print_of(key, bytes_of(text, bytes), bytes);
}

void following_took(
	struct following *following, struct followed *file, uint64_t offset, uint64_t number, struct bytes before)
{
	if (file->fd >= 0 && !file->gone && file->head.bytes < PRINT_BYTES)
		grow_head(following, file, offset);
	following->dirty |= offset != file->now.offset;
	file->now = (struct followed_place){offset, number, print_of(&following->calls.key, before, offset)};
}

/* ---- files that were cut ---- */

/* Only behind what was taken: what was taken is still there. */
static bool is_shortened(struct following *following, struct followed *file, uint64_t size)
{
	return file->now.offset > 0 && size >= file->now.offset &&
		   print_look(&following->calls.key, &file->head, file->fd) == E_OK &&
		   print_look(&following->calls.key, &file->now.tail, file->fd) == E_OK;
}

/* The inode is another file from now on. */
static enum error list_anew(struct following *following, struct followed *file, const struct stat *info)
{
	struct followed *anew = NULL;
	bool alike = file->head.bytes > 0 && print_look(&following->calls.key, &file->head, file->fd) == E_OK;
	TRY(followed_add(&following->list, file->name, file->directory, &anew));
	following_take_inode(anew, file->fd, info);
	file->fd = -1;
	file->device = file->inode = 0; /* it has none, and is found by what it holds alone */
	anew->named = file->named;
	anew->seen = file->seen;
	anew->shared = file->shared;
	anew->came = following_came(following, file);
	anew->known = alike ? anew->size : 0;
	anew->grown_ms = following->now_ms;
	file->named = false;
	file->cut = false;
	file->lost_ms = 0;
	following->dirty = true;
	return E_OK;
}

static void say_cut(struct following *following, const struct followed *file)
{
	uint64_t seen = file->size > file->read_at ? file->size : file->read_at;
	if (seen > file->read_at)
		following_say(following, true,
			"at least %" PRIu64 " bytes of '%s' were never read: it was cut, and there is no copy of it in '%s'",
			seen - file->read_at, file->name, file->directory);
	else
		following_say(following, false,
			"'%s' was cut; all that was seen of it had been read, but what was added to it just before is not known",
			file->name);
}

/* The copy is the file from now on, with its mark. */
static enum error go_on_in_copy(struct following *following, struct followed *file, const struct found *copy)
{
	following_say(following, false, "'%s' was cut; what it had is read from its copy '%s'", file->name, copy->name);
	file->size = 0;
	return following_found_again(following, file, copy);
}

/* That there is no copy is not said by one look, which a rotation may have passed by. */
static bool is_early(const struct following *following, struct followed *file)
{
	file->later = following->now_ms - file->lost_ms < FOLLOWING_BESIDE_MS;
	return file->later;
}

/* A server of files has removed it, or calls it by another handle since it was started anew: it is as if it had not
 * been open. Each look looks for it; where it is nowhere, it is told what was never read of it. */
static enum error look_for_stale(struct followed *file)
{
	own_close(&file->fd);
	file->fd = -1;
	file->cut = false;
	file->lost_ms = 0;
	return E_OK;
}

enum error following_cut(struct following *following, struct followed *file, enum following_end *out)
{
	struct stat info;
	*out = FOLLOWING_ON;
	file->later = true;
	if (fstat(file->fd, &info) != 0)
		return errno == ESTALE ? look_for_stale(file) : E_TOO_MANY;
	file->later = false;
	uint64_t size = (uint64_t)info.st_size;
	if (is_shortened(following, file, size)) {
		if (size < file->size)
			following_say(following, true, "%" PRIu64 " bytes at the end of '%s' were never taken: they were cut off",
				file->size - size, file->name);
		file->read_at = file->now.offset;
		file->read = file->now.tail;
		file->size = size;
		file->cut = false;
		file->lost_ms = 0;
		return E_OK;
	}
	/* What came beside it and is no copy of it was cut between two looks, or is one that nothing tells. */
	struct found copy = {.fd = -1};
	bool came = false;
	TRY(following_look_beside(following, file, &came));
	bool copied = file->head.bytes < PRINT_BYTES_MIN && came;
	bool found = find_again(&following->calls.key, &following->list, file, &file->now, file->directory, &copy) == E_OK;
	if (!found && !copied && is_early(following, file))
		return E_TOO_MANY;
	enum error error = list_anew(following, file, &info);
	if (error != E_OK) {
		file->later = true;
		own_close(&copy.fd);
		if (error == E_TOO_MANY && following_name_of(following, file) != NULL)
			following_say_full(following, following_name_of(following, file));
		return error;
	}
	if (found)
		return go_on_in_copy(following, file, &copy);
	if (file->size > 0 && !copied)
		say_cut(following, file);
	file->gone = true;
	*out = FOLLOWING_OVER;
	return E_OK;
}

/* ---- what is written down ---- */

bool following_dirty(const struct following *following)
{
	return following->dirty;
}

void following_durable(struct following *following)
{
	for (size_t i = 0; i < following->list.count; i++)
		following->list.files[i]->saved = following->list.files[i]->now;
}

enum error following_save(struct following *following)
{
	for (size_t i = following->list.count; i > 0; i--) {
		struct followed *file = following->list.files[i - 1];
		if (file->gone && file->reader == NULL && file->saved.offset == file->now.offset)
			followed_remove(&following->list, file);
	}
	TRY(followed_write(following->dir_fd, &following->list));
	for (size_t i = 0; i < following->list.count; i++)
		following->list.files[i]->noted = true;
	following->dirty = false;
	return E_OK;
}

bool following_behind(const struct following *following)
{
	for (size_t i = 0; i < following->list.count; i++) {
		const struct followed *file = following->list.files[i];
		bool behind = file->hidden || (file->fd < 0 && file->lost_ms != 0) ||
					  (file->fd >= 0 && (file->cut || file->read_at < file->size));
		if (behind && !file->gone && !file->left)
			return true;
	}
	for (size_t i = 0; i < following->name_count; i++)
		if (following->names[i].shut)
			return true;
	return false;
}

const char *following_directory(const struct following *following, size_t i)
{
	return i < following->name_count ? following->names[i].directory : NULL;
}

struct followed *following_file(const struct following *following, size_t i)
{
	return i < following->list.count ? following->list.files[i] : NULL;
}
