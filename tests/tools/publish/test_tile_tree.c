/* TILE-8, TILE-9: a log as files. Every write made to fail, and the writer stopped at every one: what is published is
 * whole at every moment. The file functions are wrapped (tests/meson.build). */
#include "ledger/base/file.h"
#include "ledger/note/note_sign.h"
#include "tests/lib/left_over.h"
#include "tests/lib/place.h"
#include "tests/lib/tile_log.h"
#include "tests/lib/unit.h"
#include "tools/publish/tile_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- file functions ---- */

static int calls;   /* since armed */
static int fail_at; /* 0: none */
static int stop_at; /* the process ends instead of this call */
static bool armed;
static char order[64]; /* of the last calls: w, r(ename), c(heckpoint renamed), s(ync) */

static bool interfere(char what)
{
	if (!armed)
		return false;
	memmove(order, order + 1, sizeof order - 2);
	order[sizeof order - 2] = what;
	calls++;
	if (calls == stop_at)
		_exit(7);
	if (calls != fail_at)
		return false;
	errno = EIO;
	return true;
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	return interfere('w') ? -1 : __real_write(fd, data, len);
}

int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b)
{
	return interfere(strcmp(b, "checkpoint") == 0 ? 'c' : 'r') ? -1 : __real_renameat(from, a, to, b);
}

int __real_syncfs(int fd);
int __wrap_syncfs(int fd);
int __wrap_syncfs(int fd)
{
	(void)fd;
	return interfere('s') ? -1 : 0; /* the real one takes long, and nobody cuts the power */
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return interfere('f') ? -1 : __real_fsync(fd);
}

/* ---- a log ---- */

static struct place place;
static char dir[80];
static struct tile_log all;
static struct vkey vkey;
static uint8_t secret_key[64];

static void begin(uint64_t size)
{
	uint8_t seed[32] = {7}, public_key[32];
	place_make(&place);
	snprintf(dir, sizeof dir, "%s/tree", place.path);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	ck_ok(vkey_make("log.example.dk/tiles", NOTE_KEY_ED25519, public_key, &vkey));
	tile_log_fill(&all, size);
}

static void end(void)
{
	tile_log_free(&all);
	place_remove(&place);
}

static struct tile_tree *open_tree(void)
{
	struct tile_tree *tree = NULL;
	struct fault fault = {.text = ""};
	ck_assert_msg(tile_tree_open(dir, &vkey, &tree, &fault) == E_OK, "%s", fault.text);
	return tree;
}

static enum error write_tile(struct tile_tree *tree, bool entries, uint32_t level, uint64_t number, uint32_t width)
{
	const struct tile_path tile = {.entries = entries, .level = level, .number = number, .width = width};
	struct bytes content;
	struct fault fault;
	ck_ok(tile_log_read(&all, &tile, &content, &fault));
	return tile_tree_write(tree, &tile, content, &fault);
}

/* All tiles of `size` that those of `from` lack, then the checkpoint. */
static enum error publish(struct tile_tree *tree, uint64_t from, uint64_t size)
{
	uint8_t note[1000];
	struct checkpoint checkpoint;
	struct fault fault;
	all.published = size;
	for (uint32_t level = 0; size >> (8 * level) > 0; level++) {
		uint64_t hashes = size >> (8 * level);
		for (uint64_t number = (from >> (8 * level)) / TILE_WIDTH; number * TILE_WIDTH < hashes; number++) {
			uint64_t left = hashes - number * TILE_WIDTH;
			uint32_t width = left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH;
			TRY(write_tile(tree, false, level, number, width));
			if (level == 0)
				TRY(write_tile(tree, true, 0, number, width));
		}
	}
	tile_log_checkpoint(&all, size, &checkpoint);
	struct writer w = writer_of(note, sizeof note);
	ck_ok(checkpoint_sign(&checkpoint, &vkey, secret_key, &w));
	return tile_tree_publish(tree, bytes_of(note, writer_len(&w)), &fault);
}

static enum error read_file(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault)
{
	static uint8_t *content;
	size_t len;
	free(content);
	content = NULL;
	enum error error = tile_tree_read(*(int *)context, tile, &content, &len);
	*out = bytes_of(content, len);
	return error == E_OK ? E_OK : fault_set(fault, error, "");
}

/* Reads the published checkpoint and everything below it, as a stranger does; gives its size. */
static uint64_t read_published(void)
{
	uint8_t *note;
	size_t len;
	struct checkpoint checkpoint;
	struct tile_reader *reader;
	struct log_finding finding;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	const struct tile_source source = {read_file, &dir_fd};
	if (file_read_all(dir_fd, "checkpoint", NOTE_BYTES_MAX, &note, &len) == E_NOT_FOUND) {
		close(dir_fd);
		return 0;
	}
	ck_ok(checkpoint_verify(bytes_of(note, len), &vkey, &checkpoint));
	enum error error = tile_reader_open(&source, &checkpoint, &reader, &finding);
	ck_assert_msg(error == E_OK, "%s", finding.text);
	for (uint64_t number = 0; number * TILE_WIDTH < checkpoint.size; number++) {
		struct tile_bundle bundle;
		error = tile_reader_bundle(reader, number, &bundle, &finding);
		ck_assert_msg(error == E_OK, "%s", finding.text);
	}
	tile_reader_close(reader);
	free(note);
	close(dir_fd);
	return checkpoint.size;
}

static bool there(const char *name)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static const uint64_t sizes[] = {1, 2, 200, 255, 256, 257, 300, 513, 1000};

START_TEST(every_size_is_written)
{
	begin(66000);
	struct tile_tree *tree = open_tree();
	ck_assert_uint_eq(tile_tree_published(tree)->size, 0);
	uint64_t from = 0;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; from = sizes[i++]) {
		ck_ok(publish(tree, from, sizes[i]));
		ck_assert_uint_eq(tile_tree_published(tree)->size, sizes[i]);
		ck_assert_uint_eq(read_published(), sizes[i]);
	}
	ck_assert(there("tile/0/003.p/232") && there("tile/entries/003.p/232") && there("tile/1/000.p/3"));
	ck_assert(there("tile/0/000") && !there("tile/0/000.p") && !there("tile/entries/001.p"));
	ck_ok(publish(tree, 1000, 66000));
	ck_assert_uint_eq(read_published(), 66000);
	ck_assert(there("tile/1/000") && !there("tile/1/000.p") && there("tile/2/000.p/1"));
	tile_tree_close(tree);
	end();
}
END_TEST

/* Partial tiles stay until the full one is there: somebody may be reading by an older checkpoint. */
START_TEST(older_partial_tiles)
{
	begin(300);
	struct tile_tree *tree = open_tree();
	ck_ok(publish(tree, 0, 5));
	ck_ok(publish(tree, 5, 9));
	ck_assert(there("tile/0/000.p/5") && there("tile/0/000.p/9"));
	ck_ok(publish(tree, 9, 300));
	ck_assert(!there("tile/0/000.p"));
	tile_tree_close(tree);
	end();
}
END_TEST

START_TEST(there_is_one_writer)
{
	begin(5);
	struct tile_tree *tree = open_tree();
	struct tile_tree *second;
	struct fault fault;
	remove_left_over(dir, "checkpoint");
	ck_error(tile_tree_open(dir, &vkey, &second, &fault), E_LOCKED);
	ck_ok(publish(tree, 0, 5));
	tile_tree_close(tree);
	strcpy(vkey.name, "log.example.dk/other");
	ck_error(tile_tree_open(dir, &vkey, &second, &fault), E_BAD_CHECKPOINT);
	end();
}
END_TEST

/* What belongs to the published checkpoint is never overwritten; what a crash left is. */
START_TEST(what_is_published_is_never_overwritten)
{
	begin(600);
	struct tile_tree *tree = open_tree();
	const struct tile_path published = {.entries = true, .number = 0, .width = 256};
	const struct tile_path later = {.entries = true, .number = 2, .width = 88};
	struct fault fault;
	ck_ok(publish(tree, 0, 300));
	ck_ok(tile_tree_write(tree, &later, BYTES_LITERAL("half a ti"), &fault));
	ck_error(tile_tree_write(tree, &published, BYTES_LITERAL("other"), &fault), E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(fault.text, "tile/entries/000"));
	ck_ok(publish(tree, 300, 600));
	ck_assert_uint_eq(read_published(), 600);
	ck_error(publish(tree, 0, 300), E_BAD_CHECKPOINT); /* never back */
	/* What cannot be read is not known to be other content. */
	char command[200];
	snprintf(command, sizeof command, "cd %s/tile/entries && rm 000 && mkdir 000", dir);
	ck_assert_int_eq(system(command), 0);
	ck_error(tile_tree_write(tree, &published, BYTES_LITERAL("other"), &fault), E_IO);
	ck_assert_ptr_nonnull(strstr(fault.text, "tile/entries/000 cannot be read"));
	tile_tree_close(tree);
	end();
}
END_TEST

START_TEST(every_write_fails)
{
	begin(600);
	int failures = 0;
	for (enum error error = E_IO; error != E_OK; failures += error != E_OK) {
		char command[120];
		snprintf(command, sizeof command, "rm -rf %s", dir);
		ck_assert_int_eq(system(command), 0);
		struct tile_tree *tree = open_tree();
		ck_ok(publish(tree, 0, 300));
		armed = true;
		calls = 0;
		fail_at = failures + 1;
		error = publish(tree, 300, 600);
		armed = false;
		ck_assert(error == E_OK || error == E_IO);
		ck_assert_uint_eq(tile_tree_published(tree)->size, error == E_OK ? 600 : 300);
		ck_assert_uint_ge(read_published(), 300);
		ck_ok(publish(tree, 300, 600)); /* the disk is well again */
		ck_assert_uint_eq(read_published(), 600);
		tile_tree_close(tree);
	}
	/* Of two full and three partial tiles the writing and the renaming, which two of them need twice to get a
	 * directory; a sync; of the checkpoint writing, syncing, renaming and syncing. */
	ck_assert_int_eq(failures, 2 * (5 + 2) + 1 + 4);
	end();
}
END_TEST

START_TEST(stopped_at_every_write)
{
	begin(600);
	int status = 0, stops = 0;
	for (stop_at = 1;; stop_at++, stops++) {
		pid_t child = fork();
		if (child == 0) {
			struct tile_tree *tree = open_tree();
			armed = true;
			_exit(publish(tree, 0, 300) != E_OK || publish(tree, 300, 600) != E_OK ? 1 : 9);
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		uint64_t size = read_published();
		ck_assert(size == 0 || size == 300 || size == 600);
		if (WEXITSTATUS(status) == 9)
			break;
		ck_assert_int_eq(WEXITSTATUS(status), 7);
	}
	ck_assert_int_gt(stops, 3);
	ck_assert_uint_eq(read_published(), 600);
	end();
}
END_TEST

/* Power may be cut between any two of these: the tiles are on the disk before the checkpoint names them. */
START_TEST(order_of_writes)
{
	begin(300);
	struct tile_tree *tree = open_tree();
	armed = true;
	memset(order, '.', sizeof order - 1);
	ck_ok(publish(tree, 0, 300));
	armed = false;
	ck_assert_ptr_nonnull(strstr(order, "rswfcf"));
	ck_assert_str_eq(order + strlen(order) - 6, "rswfcf");
	tile_tree_close(tree);
	end();
}
END_TEST

UNIT_MAIN("tile_tree", every_size_is_written, older_partial_tiles, there_is_one_writer,
	what_is_published_is_never_overwritten, every_write_fails, stopped_at_every_write, order_of_writes)
