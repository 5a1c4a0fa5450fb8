/* The order is what holds at a power cut:
 *
 *   tiles, renamed into place ─► syncfs ─► checkpoint, synced and renamed ─► directory synced ─► partial tiles removed
 *
 * So what stands behind the published checkpoint may be anything, and is replaced; what belongs to it is never
 * overwritten. Other content there is damage, and somebody has to look (E_CORRUPT). A tile that is there with the same
 * content is not written, so a copy that was broken off goes on at little cost. */
#include "tools/publish/tile_tree.h"

#include "ledger/base/file.h"
#include "ledger/base/lock.h"
#include "ledger/follow/tile_reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define TEMPORARY ".tmp"
#define CHECKPOINT "checkpoint"

/* Invariant: all tiles below `published` are there, and synced. */
struct tile_tree {
	const struct vkey *vkey;
	int dir_fd;
	struct checkpoint published;
};

const struct checkpoint *tile_tree_published(const struct tile_tree *tree)
{
	return &tree->published;
}

/* The path is one of the tree's own names, so it may be shown. */
static enum error failed(struct fault *fault, const char *path)
{
	return fault_set(fault, error_of_system(errno), "%s cannot be written: %m", path);
}

/* ---- opening ---- */

/* What is published by another key is never gone on from: its readers would see two logs under one address. */
static enum error read_published(struct tile_tree *tree, struct fault *fault)
{
	OWNED_MEMORY uint8_t *note = NULL;
	size_t len;
	enum error error = file_read_all(tree->dir_fd, CHECKPOINT, NOTE_BYTES_MAX, &note, &len);
	if (error == E_NOT_FOUND)
		return E_OK;
	TRY(fault_because(fault, error, "its checkpoint cannot be read"));
	error = checkpoint_verify(bytes_of(note, len), tree->vkey, &tree->published);
	if (error == E_OK)
		return E_OK;
	return fault_set(fault, E_BAD_CHECKPOINT, "its checkpoint is malformed or of another log: take another directory");
}

static enum error open_dir(struct tile_tree *tree, const char *dir, struct fault *fault)
{
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return fault_set(fault, E_IO, "it cannot be made: %m");
	tree->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->dir_fd < 0)
		return fault_set(fault, E_IO, "it cannot be opened: %m");
	TRY(lock_dir(tree->dir_fd, E_LOCKED, "", " is writing to it", fault));
	return read_published(tree, fault);
}

enum error tile_tree_open(const char *dir, const struct vkey *vkey, struct tile_tree **out, struct fault *fault)
{
	struct fault why = {.text = ""};
	struct tile_tree *tree = malloc(sizeof *tree);
	TRY(fault_set(fault, allocated(tree), ""));
	*tree = (struct tile_tree){.vkey = vkey, .dir_fd = -1};
	enum error error = open_dir(tree, dir, &why);
	if (error != E_OK) {
		tile_tree_close(tree);
		return fault_set(fault, error, "%s: %s", dir, why.text);
	}
	*out = tree;
	return E_OK;
}

void tile_tree_close(struct tile_tree *tree)
{
	if (tree == NULL)
		return;
	own_close(&tree->dir_fd);
	free(tree);
}

/* ---- writing ---- */

/* One writer, so one temporary file is enough, and what a crash leaves of it is overwritten. Closing is looked at as
 * well: on a network's disk that is where a full one shows. */
static bool replace(const struct tile_tree *tree, const char *path, struct bytes content, bool sync)
{
	int fd = openat(tree->dir_fd, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	bool good = file_write_all(fd, content) == E_OK && (!sync || fsync(fd) == 0);
	int why = errno;
	if (close(fd) != 0 && good) {
		good = false;
		why = errno;
	}
	if (good && renameat(tree->dir_fd, TEMPORARY, tree->dir_fd, path) == 0)
		return true;
	errno = good ? errno : why;
	return false;
}

/* The directories that the file stands in. As far as they are missing: most tiles find theirs. */
static bool make_parents(const struct tile_tree *tree, const char *path)
{
	char part[TILE_PATH_BYTES_MAX + 1];
	for (const char *slash = path; (slash = strchr(slash, '/')) != NULL; slash++) {
		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		if (mkdirat(tree->dir_fd, part, 0755) != 0 && errno != EEXIST)
			return false;
	}
	return true;
}

/* As it is below the directory: without the first slash. */
static const char *file_name(const struct tile_path *tile, char path[TILE_PATH_BYTES_MAX + 1])
{
	tile_path_format(tile, path);
	return path + 1;
}

static uint64_t level_size(uint64_t size, uint32_t level)
{
	return level < TILE_LEVELS ? size >> (8 * level) : 0;
}

/* Hash tiles of every level have their own size; a bundle of entries counts as level 0. */
static bool is_published(const struct tile_tree *tree, const struct tile_path *tile)
{
	uint64_t hashes = level_size(tree->published.size, tile->entries ? 0 : tile->level);
	return tile->number * TILE_WIDTH + tile->width <= hashes;
}

/* Written first and the folders made only when that fails: one call for nearly every tile. */
enum error tile_tree_write(
	struct tile_tree *tree, const struct tile_path *tile, struct bytes content, struct fault *fault)
{
	char path[TILE_PATH_BYTES_MAX + 1];
	const char *name = file_name(tile, path);
	OWNED_MEMORY uint8_t *old = NULL;
	size_t old_len = 0;
	enum error error = file_read_all(tree->dir_fd, name, TILE_BUNDLE_BYTES_MAX, &old, &old_len);
	if (error == E_OK && bytes_equal(content, bytes_of(old, old_len)))
		return E_OK;
	bool known = error == E_OK || error == E_TOO_LONG;
	if (!known && error != E_NOT_FOUND && is_published(tree, tile))
		return fault_set(fault, error, "%s cannot be read: %s", name, error_reason(error));
	if (known && is_published(tree, tile))
		return fault_set(fault, E_CORRUPT,
			"%s is not what the log has there; remove that file and run this again to have it written anew", name);
	if (replace(tree, name, content, false))
		return E_OK;
	if (errno != ENOENT || !make_parents(tree, name) || !replace(tree, name, content, false))
		return failed(fault, name);
	return E_OK;
}

enum error tile_tree_sync(struct tile_tree *tree, struct fault *fault)
{
	return syncfs(tree->dir_fd) == 0 ? E_OK : failed(fault, "the directory");
}

/* ---- publishing ---- */

/* A partial tile that somebody reads at this moment stays readable for them. */
static void remove_partials(const struct tile_tree *tree, const struct tile_path *full)
{
	char path[TILE_PATH_BYTES_MAX + 1];
	char dir_name[TILE_PATH_BYTES_MAX + 3];
	snprintf(dir_name, sizeof dir_name, "%s.p", file_name(full, path));
	OWNED_DIR *dir = file_list(tree->dir_fd, dir_name);
	if (dir == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)unlinkat(tree->dir_fd, dir_name, AT_REMOVEDIR);
}

/* What is left standing does no harm, so this cannot fail. Only where the full tile is there, and only after the
 * checkpoint over it. */
static void prune(const struct tile_tree *tree, uint64_t old_size, uint64_t size)
{
	for (uint32_t level = 0; level < TILE_LEVELS; level++) {
		uint64_t end = level_size(size, level) / TILE_WIDTH;
		for (uint64_t number = level_size(old_size, level) / TILE_WIDTH; number < end; number++) {
			struct tile_path full = {.level = level, .number = number, .width = TILE_WIDTH};
			remove_partials(tree, &full);
			full.entries = true;
			if (level == 0)
				remove_partials(tree, &full);
		}
	}
}

enum error tile_tree_publish(struct tile_tree *tree, struct bytes note, struct fault *fault)
{
	struct checkpoint checkpoint;
	uint64_t old_size = tree->published.size;
	if (checkpoint_verify(note, tree->vkey, &checkpoint) != E_OK || checkpoint.size < old_size)
		return fault_set(fault, E_BAD_CHECKPOINT, "");
	TRY(tile_tree_sync(tree, fault));
	if (!replace(tree, CHECKPOINT, note, true) || fsync(tree->dir_fd) != 0)
		return failed(fault, CHECKPOINT);
	tree->published = checkpoint;
	prune(tree, old_size, checkpoint.size);
	return E_OK;
}

/* ---- readers ---- */

/* The bytes of the first `width` hashes or entries; E_CORRUPT when there are fewer. A file that has fewer is damaged:
 * what belongs to the checkpoint was written whole. */
static enum error cut(const struct tile_path *tile, uint32_t width, struct bytes content, size_t *out_len)
{
	struct reader r = reader_of(content);
	for (uint32_t i = 0; i < width; i++) {
		if (tile->entries)
			reader_range16(&r, ENTRY_BYTES_MAX);
		else
			reader_bytes(&r, HASH_BYTES);
	}
	*out_len = content.len - reader_left(&r);
	return r.error == E_OK ? E_OK : E_CORRUPT;
}

enum error tile_tree_read(int dir_fd, const struct tile_path *tile, uint8_t **out, size_t *out_len)
{
	char path[TILE_PATH_BYTES_MAX + 1];
	struct tile_path full = *tile;
	OWNED_MEMORY uint8_t *content = NULL;
	size_t len;
	full.width = TILE_WIDTH;
	enum error error = file_read_all(dir_fd, file_name(tile, path), TILE_BUNDLE_BYTES_MAX, &content, &len);
	if (error == E_NOT_FOUND && tile->width < TILE_WIDTH)
		error = file_read_all(dir_fd, file_name(&full, path), TILE_BUNDLE_BYTES_MAX, &content, &len);
	TRY(error);
	TRY(cut(tile, tile->width, bytes_of(content, len), out_len));
	*out = OWN_TAKE(content);
	return E_OK;
}
