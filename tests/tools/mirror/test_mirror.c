/* MIR-1, MIR-2: a mirror of a log whose tree and signature are in order, and that breaks a rule; its own signature.
 * Honest logs and forks are in tests/e2e/followers.py. */
#include "ledger/base/file.h"
#include "ledger/note/note_sign.h"
#include "tests/lib/forge.h"
#include "tests/lib/place.h"
#include "tests/lib/tile_log.h"
#include "tests/lib/unit.h"
#include "tools/mirror/mirror_follow.h"
#include "tools/mirror/mirror_key.h"
#include "tools/publish/tile_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct place place;
static char origin[80]; /* where the log is published */
static char dir[80];
static struct forge *forge;
static struct tile_log all;
static struct tile_tree *published;
static struct fault fault;

static void begin(void)
{
	static struct mirror_config config;
	place_make(&place);
	snprintf(origin, sizeof origin, "%s/origin", place.path);
	snprintf(dir, sizeof dir, "%s/mirror", place.path);
	forge = forge_new();
	strcpy(config.place, origin);
	config.vkey = forge->vkey;
	ck_ok(mirror_create(dir, &config, &fault));
	ck_error(mirror_create(dir, &config, &fault), E_EXISTS);
	ck_ok(tile_tree_open(origin, &forge->vkey, &published, &fault));
}

static void end(void)
{
	tile_tree_close(published);
	forge_free(forge);
	tile_log_free(&all);
	place_remove(&place);
}

static void put(bool entries, uint32_t level, uint64_t number, uint64_t hashes)
{
	uint64_t left = hashes - number * TILE_WIDTH;
	const struct tile_path tile = {entries, level, number, left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH};
	struct bytes content;
	ck_ok(tile_log_read(&all, &tile, &content, &fault));
	ck_ok(tile_tree_write(published, &tile, content, &fault));
}

/* Publishes all that the log has, under its own signature, whatever it is. */
static void publish(void)
{
	uint8_t note[1000];
	struct checkpoint checkpoint;
	for (size_t i = all.size; i < forge->entry_count; i++)
		tile_log_add(&all, bytes_of(forge->entries[i].data, forge->entries[i].len));
	all.published = all.size;
	for (uint32_t level = 0; all.size >> (8 * level) > 0; level++) {
		for (uint64_t number = 0; number * TILE_WIDTH < all.size >> (8 * level); number++) {
			put(false, level, number, all.size >> (8 * level));
			if (level == 0)
				put(true, 0, number, all.size);
		}
	}
	tile_log_checkpoint(&all, all.size, &checkpoint);
	strcpy(checkpoint.origin, forge->vkey.name);
	struct writer w = writer_of(note, sizeof note);
	ck_ok(checkpoint_sign(&checkpoint, &forge->vkey, forge->log_secret, &w));
	ck_ok(tile_tree_publish(published, bytes_of(note, writer_len(&w)), &fault));
}

static struct mirror *open_mirror(void)
{
	struct mirror *mirror = NULL;
	ck_assert_msg(mirror_open(dir, -1, &mirror, &fault) == E_OK, "%s", fault.text);
	return mirror;
}

static void batches(unsigned count)
{
	const struct forge_draft drafts[] = {{.subject = "cpr:0101701234"}, {.subject = "cpr:0202802345"}};
	while (count-- > 0)
		forge_batch(forge, 1, drafts, 2);
}

/* Round after round the alarm is the same, and nothing of it is published, also by a mirror that is started again. */
static void assert_alarm(uint64_t good, const char *text)
{
	char path[200];
	for (int start = 0; start < 2; start++) {
		struct mirror *mirror = open_mirror();
		for (int round = 0; round < 3; round++) {
			ck_error(mirror_round(mirror, &fault), E_CORRUPT);
			ck_assert_msg(strncmp(fault.text, "ALARM: ", 7) == 0 && strstr(fault.text, text) != NULL, "%s", fault.text);
			ck_assert_uint_eq(mirror_published(mirror)->size, good);
		}
		mirror_close(mirror);
	}
	snprintf(path, sizeof path, "%s/evidence/broken-%lu.json", dir, all.size);
	ck_assert_int_eq(access(path, F_OK), 0);
}

static void follow_once(void)
{
	struct mirror *mirror = open_mirror();
	ck_assert_msg(mirror_round(mirror, &fault) == E_OK, "%s", fault.text);
	ck_assert_uint_eq(mirror_published(mirror)->size, all.size);
	mirror_close(mirror);
}

START_TEST(a_batch_that_nobody_signed)
{
	begin();
	batches(100);
	publish();
	follow_once();
	uint64_t good = all.size;
	batches(100);
	struct forge_entry *entry = &forge->entries[forge->entry_count - 1];
	entry->data[entry->len - 1] ^= 1; /* in the signature of the last batch */
	forge_rehash(forge, forge->entry_count - 1);
	publish();
	assert_alarm(good, "the signature of sender 1 does not verify");
	end();
}
END_TEST

/* This rule is about an entry long before the one that breaks it. */
START_TEST(filed_too_late)
{
	begin();
	batches(3);
	publish();
	follow_once();
	uint64_t good = all.size;
	forge->now_s += 1;
	batches(1);
	forge->now_s += FORGE_LAG_SECONDS + 1;
	batches(1);
	publish();
	assert_alarm(good, "filed too late");
	end();
}
END_TEST

/* The published note, to free(). */
static struct bytes shown(void)
{
	char path[200];
	uint8_t *note;
	size_t len;
	snprintf(path, sizeof path, "%s/tree/checkpoint", dir);
	ck_ok(file_read_all(AT_FDCWD, path, NOTE_BYTES_MAX, &note, &len));
	return bytes_of(note, len);
}

static uint64_t cosigned_s(const struct vkey *key)
{
	struct bytes note = shown();
	struct checkpoint checkpoint;
	struct note parts;
	uint64_t time_s;
	ck_ok(checkpoint_verify(note, &forge->vkey, &checkpoint));
	ck_assert_uint_eq(checkpoint.size, all.size);
	ck_ok(note_split(note, NOTE_BYTES_MAX, &parts));
	ck_ok(cosignatures_read(&parts, key, 1, &time_s));
	free((void *)(uintptr_t)note.data);
	return time_s;
}

/* MIR-5: with a key of its own it cosigns what it shows. */
START_TEST(its_own_signature)
{
	struct vkey key;
	uint64_t before = (uint64_t)time(NULL);
	begin();
	batches(5);
	publish();
	ck_error(mirror_key_create(dir, "no name", &key, &fault), E_BAD_VALUE);
	ck_ok(mirror_key_create(dir, "mirror.example.dk/m1", &key, &fault));
	ck_error(mirror_key_create(dir, "mirror.example.dk/m1", &key, &fault), E_EXISTS);
	struct mirror *mirror = open_mirror();
	ck_assert_msg(mirror_round(mirror, &fault) == E_OK, "%s", fault.text);
	ck_assert_uint_ge(cosigned_s(&key), before);
	struct bytes first = shown();
	ck_ok(mirror_round(mirror, &fault)); /* nothing new: nothing is written */
	struct bytes again = shown();
	ck_assert(bytes_equal(first, again));
	free((void *)(uintptr_t)first.data);
	free((void *)(uintptr_t)again.data);
	batches(200);
	publish();
	ck_ok(mirror_round(mirror, &fault));
	ck_assert_uint_ge(cosigned_s(&key), before);
	mirror_close(mirror);
	follow_once();
	end();
}
END_TEST

/* A mirror behind the log's own address may be shown what it published itself. */
START_TEST(one_line_of_its_own)
{
	struct vkey vkey;
	struct mirror_key *key;
	uint8_t first[2000], second[2000];
	struct writer w = writer_of(first, sizeof first), v = writer_of(second, sizeof second);
	struct bytes once, twice;
	begin();
	batches(1);
	publish();
	ck_ok(mirror_key_create(dir, "mirror.example.dk/m1", &vkey, &fault));
	ck_ok(mirror_key_open(dir, &key, &fault));
	follow_once();
	struct bytes note = shown();
	ck_ok(mirror_key_cosign(key, note, 1000, &w));
	ck_ok(writer_done(&w, &once));
	ck_ok(mirror_key_cosign(key, once, 1000, &v));
	ck_ok(writer_done(&v, &twice));
	ck_assert(bytes_equal(once, twice));
	ck_assert_uint_eq(once.len, note.len);
	free((void *)(uintptr_t)note.data);
	mirror_key_close(key);
	end();
}
END_TEST

START_TEST(a_damaged_copy_is_no_alarm)
{
	char path[200];
	begin();
	batches(100);
	publish();
	follow_once();
	snprintf(path, sizeof path, "%s/tree/tile/0/000", dir);
	ck_assert_int_eq(truncate(path, 100), 0);
	snprintf(path, sizeof path, "%s/state.json", dir);
	ck_assert_int_eq(unlink(path), 0); /* it reads everything again */
	struct mirror *mirror = open_mirror();
	ck_error(mirror_round(mirror, &fault), E_IO);
	ck_assert_ptr_nonnull(strstr(fault.text, "tile/0/000 is not what the log has there"));
	mirror_close(mirror);
	end();
}
END_TEST

/* MIR-2: a log that breaks a rule and goes on growing does not fill the disk. */
START_TEST(enough_evidence_is_enough)
{
	begin();
	batches(3);
	publish();
	follow_once();
	uint64_t good = all.size;
	batches(1);
	forge->entries[forge->entry_count - 1].data[forge->entries[forge->entry_count - 1].len - 1] ^= 1;
	forge_rehash(forge, forge->entry_count - 1);
	publish();
	struct mirror *mirror = open_mirror();
	for (int round = 0; round < 20; round++) {
		ck_error(mirror_round(mirror, &fault), E_CORRUPT);
		ck_assert_msg(strncmp(fault.text, "ALARM: ", 7) == 0, "%s", fault.text);
		ck_assert_int_eq(strstr(fault.text, "enough evidence") != NULL, round >= 16);
		batches(1);
		publish();
	}
	ck_assert_uint_eq(mirror_published(mirror)->size, good);
	mirror_close(mirror);
	end();
}
END_TEST

/* Whoever gives a wrong tile need not be the log: no alarm, no evidence against it. */
START_TEST(tiles_that_nobody_signed)
{
	static const char *const tiles[] = {"tile/entries/001", "tile/0/000", "tile/1/000.p/2"};
	begin();
	batches(200);
	publish();
	for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
		char path[200];
		uint8_t *content;
		size_t len;
		int origin_fd = open(origin, O_RDONLY | O_DIRECTORY);
		struct mirror *mirror = open_mirror();
		ck_ok(file_read_all(origin_fd, tiles[i], 1 << 20, &content, &len));
		content[40] ^= 1;
		ck_ok(file_write_atomic(origin_fd, tiles[i], bytes_of(content, len), 0644));
		ck_error(mirror_round(mirror, &fault), E_CORRUPT);
		ck_assert_msg(strstr(fault.text, "not what the log signed") != NULL, "%s", fault.text);
		snprintf(path, sizeof path, "%s/evidence", dir);
		ck_assert_int_ne(access(path, F_OK), 0);
		content[40] ^= 1;
		ck_ok(file_write_atomic(origin_fd, tiles[i], bytes_of(content, len), 0644));
		ck_assert_msg(mirror_round(mirror, &fault) == E_OK, "%s", fault.text);
		mirror_close(mirror);
		snprintf(path, sizeof path, "rm -r %s/tree %s/state.json", dir, dir);
		ck_assert_int_eq(system(path), 0);
		free(content);
		close(origin_fd);
	}
	end();
}
END_TEST

/* MIR-4: a disk that was full for a while (here: something lies in a file's way) leaves no tile out. */
START_TEST(a_tile_that_could_not_be_written)
{
	static const char *const tiles[] = {"tile/entries/001", "tile/0/001"};
	char path[200];
	begin();
	batches(300);
	publish();
	for (size_t i = 0; i < 2; i++) {
		struct mirror *mirror = open_mirror();
		snprintf(path, sizeof path, "mkdir -p %s/tree/%s", dir, tiles[i]);
		ck_assert_int_eq(system(path), 0);
		ck_error(mirror_round(mirror, &fault), E_IO);
		ck_assert_ptr_nonnull(strstr(fault.text, tiles[i]));
		ck_assert_uint_eq(mirror_published(mirror)->size, 0);
		snprintf(path, sizeof path, "%s/tree/%s", dir, tiles[i]);
		ck_assert_int_eq(rmdir(path), 0);
		ck_assert_msg(mirror_round(mirror, &fault) == E_OK, "%s", fault.text);
		ck_assert_uint_eq(mirror_published(mirror)->size, all.size);
		ck_assert_msg(access(path, F_OK) == 0, "%s is published and not there", path);
		mirror_close(mirror);
		snprintf(path, sizeof path, "rm -r %s/tree %s/state.json", dir, dir);
		ck_assert_int_eq(system(path), 0);
	}
	end();
}
END_TEST

/* MIR-4: what is published is never more than what it knows that it has verified, wherever it is killed. */
START_TEST(no_state_nothing_published)
{
	char path[200];
	begin();
	batches(10);
	publish();
	follow_once();
	uint64_t good = all.size;
	struct mirror *mirror = open_mirror();
	batches(10);
	publish();
	snprintf(path, sizeof path, "%s/state.json", dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_error(mirror_round(mirror, &fault), E_IO);
	ck_assert_ptr_nonnull(strstr(fault.text, "state.json cannot be written"));
	ck_assert_uint_eq(mirror_published(mirror)->size, good);
	ck_assert_int_eq(rmdir(path), 0);
	ck_ok(mirror_round(mirror, &fault));
	ck_assert_uint_eq(mirror_published(mirror)->size, all.size);
	mirror_close(mirror);
	end();
}
END_TEST

/* MIR-5: no signature over what is not on the disk any more. */
START_TEST(a_copy_that_is_gone)
{
	char path[200];
	struct mirror *mirror;
	begin();
	batches(200);
	publish();
	follow_once();
	snprintf(path, sizeof path, "rm -r %s/tree", dir);
	ck_assert_int_eq(system(path), 0);
	ck_error(mirror_open(dir, -1, &mirror, &fault), E_BAD_VALUE);
	ck_assert_msg(strstr(fault.text, "tree does not hold what state.json speaks of") != NULL, "%s", fault.text);
	snprintf(path, sizeof path, "%s/state.json", dir);
	ck_assert_int_eq(unlink(path), 0);
	follow_once();
	snprintf(path, sizeof path, "touch %s/state.json.12345.tmp", dir); /* as of a write that was killed */
	ck_assert_int_eq(system(path), 0);
	follow_once();
	snprintf(path, sizeof path, "%s/state.json.12345.tmp", dir);
	ck_assert_int_ne(access(path, F_OK), 0);
	end();
}
END_TEST

START_TEST(what_lies_in_the_directory)
{
	static const struct {
		const char *name;
		const char *content;
		enum error error;
	} cases[] = {
		{"state.json", "{}", E_BAD_VALUE},
		{"state.json", "", E_BAD_VALUE},
		{"mirror.json", "{\"type\": \"indsigt-mirror/v1\", \"ledger\": \"x\"}", E_BAD_VALUE},
		{"mirror.json", "{\"type\": \"indsigt-mirror/v1\", \"ledger\": \"x\", \"vkey\": \"x\"}", E_BAD_VALUE},
		{"mirror.json", NULL, E_NOT_FOUND},
	};
	begin();
	batches(1);
	publish();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mirror *mirror;
		int dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
		if (cases[i].content != NULL)
			ck_ok(file_write_atomic(dir_fd, cases[i].name, bytes_text(cases[i].content), 0644));
		else
			ck_assert_int_eq(unlinkat(dir_fd, cases[i].name, 0), 0);
		close(dir_fd);
		ck_error(mirror_open(dir, -1, &mirror, &fault), cases[i].error);
		ck_assert_ptr_nonnull(strstr(fault.text, cases[i].name));
	}
	end();
}
END_TEST

UNIT_MAIN("mirror", a_batch_that_nobody_signed, filed_too_late, its_own_signature, one_line_of_its_own,
	a_damaged_copy_is_no_alarm, enough_evidence_is_enough, tiles_that_nobody_signed, a_tile_that_could_not_be_written,
	no_state_nothing_published, a_copy_that_is_gone, what_lies_in_the_directory)
