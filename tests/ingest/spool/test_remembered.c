#include "ingest/spool/remembered.h"
#include "tests/lib/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_HASHES 40000u

static char path[64];

static int temporary_dir(void)
{
	strcpy(path, "/tmp/indsigt-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static unsigned files(void)
{
	unsigned count = 0;
	DIR *dir = opendir(path);
	for (struct dirent *item = readdir(dir); item != NULL; item = readdir(dir))
		count += item->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void remove_dir(int dir)
{
	DIR *handle = opendir(path);
	for (struct dirent *item = readdir(handle); item != NULL; item = readdir(handle))
		unlinkat(dir, item->d_name, 0);
	closedir(handle);
	close(dir);
	ck_assert_int_eq(rmdir(path), 0);
}

static bool take(struct remembered *remembered, uint64_t hash)
{
	bool out = false;
	ck_ok(remembered_take(remembered, hash, &out));
	return out;
}

static void send_one(struct remembered *remembered, uint64_t hash)
{
	ck_ok(remembered_add(remembered, hash));
	ck_ok(remembered_keep(remembered, &hash, 1));
}

static struct bytes encode(const struct remembered *remembered)
{
	size_t len = remembered_encoded_bytes(remembered);
	struct writer w = writer_of(malloc(len), len);
	struct bytes state;
	remembered_encode(remembered, &w);
	ck_ok(writer_done(&w, &state));
	ck_assert_uint_eq(state.len, len);
	return state;
}

static struct remembered *decode(int dir, struct bytes state)
{
	struct remembered *remembered = NULL;
	ck_ok(remembered_new(dir, FILE_HASHES, &remembered));
	struct reader r = reader_of(state);
	ck_ok(remembered_decode(&r, remembered));
	ck_ok(reader_done(&r));
	return remembered;
}

/* What the journal does between two processes. */
static struct remembered *reload(int dir, struct remembered *remembered)
{
	struct bytes state = encode(remembered);
	remembered_free(remembered);
	remembered = decode(dir, state);
	free((void *)(uintptr_t)state.data);
	return remembered;
}

/* The k-th equal message is known if k are remembered. SND-17 */
START_TEST(equal_messages_are_counted)
{
	int dir = temporary_dir();
	struct remembered *remembered = NULL;
	ck_ok(remembered_new(dir, FILE_HASHES, &remembered));
	ck_assert(!take(remembered, 7));
	send_one(remembered, 7);
	ck_assert(!take(remembered, 7)); /* the second of the same input is another one */
	send_one(remembered, 7);
	ck_assert(!take(remembered, 8));
	send_one(remembered, 8);
	ck_assert_uint_eq(remembered_count(remembered, 7), 2);

	remembered_begin_input(remembered);
	ck_assert(take(remembered, 8));
	ck_assert(take(remembered, 7));
	ck_assert(take(remembered, 7));
	ck_assert(!take(remembered, 7));
	ck_assert(!take(remembered, 9));

	remembered_remove(remembered, 7);
	remembered_begin_input(remembered);
	ck_assert(take(remembered, 7));
	ck_assert(!take(remembered, 7));
	remembered_remove(remembered, 9);
	ck_assert_uint_eq(remembered_count(remembered, 9), 0);
	remembered_free(remembered);
	remove_dir(dir);
}
END_TEST

/* An input is a new one also after very many. */
START_TEST(very_many_inputs_stay_apart)
{
	int dir = temporary_dir();
	struct remembered *remembered = NULL;
	ck_ok(remembered_new(dir, FILE_HASHES, &remembered));
	send_one(remembered, 5);
	for (unsigned i = 0; i < 70000; i++) {
		remembered_begin_input(remembered);
		if (i % 3 == 0)
			ck_assert(take(remembered, 5));
	}
	remembered_free(remembered);
	remove_dir(dir);
}
END_TEST

START_TEST(memory_survives_the_process)
{
	int dir = temporary_dir();
	struct remembered *remembered = NULL;
	ck_ok(remembered_new(dir, FILE_HASHES, &remembered));
	for (uint64_t i = 0; i < 20; i++)
		send_one(remembered, i * 0x9e3779b97f4a7c15u);
	ck_ok(remembered_persist(remembered));
	ck_assert_uint_eq(files(), 0); /* so few stay in the journal */
	remembered = reload(dir, remembered);
	for (uint64_t i = 20; i < 30000; i++)
		send_one(remembered, i * 0x9e3779b97f4a7c15u);
	ck_ok(remembered_persist(remembered));
	ck_assert_uint_eq(files(), 1);
	ck_assert_uint_lt(remembered_encoded_bytes(remembered), 100);
	for (uint64_t i = 30000; i < 30010; i++)
		send_one(remembered, i * 0x9e3779b97f4a7c15u);
	remembered = reload(dir, remembered);
	ck_assert_uint_eq(remembered_kept(remembered), 30010);
	ck_assert_uint_eq(remembered_forgotten(remembered), 0);
	for (uint64_t i = 0; i < 30010; i++) {
		ck_assert_uint_eq(remembered_count(remembered, i * 0x9e3779b97f4a7c15u), 1);
		ck_assert(take(remembered, i * 0x9e3779b97f4a7c15u));
	}
	remembered_free(remembered);
	remove_dir(dir);
}
END_TEST

/* A process that died after it wrote files, and before the state that knows them was durable: the journal repeats what
 * was kept, and nothing is there twice. */
START_TEST(died_before_the_state)
{
	int dir = temporary_dir();
	struct remembered *remembered = NULL;
	ck_ok(remembered_new(dir, FILE_HASHES, &remembered));
	for (uint64_t i = 1; i <= 100; i++)
		send_one(remembered, i);
	ck_ok(remembered_persist(remembered));
	struct bytes state = encode(remembered);
	for (uint64_t i = 101; i <= 300; i++)
		send_one(remembered, i);
	ck_ok(remembered_persist(remembered));
	remembered_free(remembered);

	remembered = decode(dir, state);
	ck_assert_uint_eq(remembered_kept(remembered), 100);
	for (uint64_t i = 101; i <= 300; i++) {
		ck_assert_uint_eq(remembered_count(remembered, i), 0);
		send_one(remembered, i); /* what replaying does */
	}
	ck_ok(remembered_persist(remembered));
	remembered = reload(dir, remembered);
	ck_assert_uint_eq(remembered_kept(remembered), 300);
	for (uint64_t i = 1; i <= 300; i++)
		ck_assert_uint_eq(remembered_count(remembered, i), 1);
	remembered_free(remembered);
	free((void *)(uintptr_t)state.data);
	remove_dir(dir);
}
END_TEST

/* The newest are remembered, in a bounded number of files; a forgotten one stays until a state without it is durable.
 */
START_TEST(memory_has_a_bound)
{
	int dir = temporary_dir();
	struct remembered *remembered = NULL;
	ck_ok(remembered_new(dir, FILE_HASHES, &remembered));
	const uint64_t most = (uint64_t)FILE_HASHES * REMEMBERED_FILES;
	uint64_t sent = 0;
	for (; sent < most; sent++)
		send_one(remembered, sent * 0x9e3779b97f4a7c15u + 1);
	ck_ok(remembered_persist(remembered));
	remembered_persisted(remembered);
	ck_assert_uint_eq(files(), REMEMBERED_FILES);
	ck_assert_uint_eq(remembered_forgotten(remembered), 0);
	struct bytes state = encode(remembered);
	send_one(remembered, sent++ * 0x9e3779b97f4a7c15u + 1);
	ck_ok(remembered_persist(remembered));
	ck_assert_uint_eq(files(), REMEMBERED_FILES + 1);
	ck_assert_uint_eq(remembered_forgotten(remembered), FILE_HASHES);
	ck_assert_uint_eq(remembered_kept(remembered), most + 1 - FILE_HASHES);
	ck_assert_uint_eq(remembered_count(remembered, 1), 0);
	ck_assert_uint_eq(remembered_count(remembered, (uint64_t)FILE_HASHES * 0x9e3779b97f4a7c15u + 1), 1);
	ck_assert_uint_eq(remembered_count(remembered, (sent - 1) * 0x9e3779b97f4a7c15u + 1), 1);
	struct remembered *old = decode(dir, state); /* the newer state never got there */
	ck_assert_uint_eq(remembered_count(old, 1), 1);
	remembered_free(old);
	ck_assert_uint_eq(files(), REMEMBERED_FILES);
	free((void *)(uintptr_t)state.data);

	ck_ok(remembered_persist(remembered));
	remembered_persisted(remembered);
	ck_assert_uint_eq(files(), REMEMBERED_FILES - 1);
	remembered_free(remembered);
	remove_dir(dir);
}
END_TEST

/* What somebody removed or cut is forgotten, and counted so. */
START_TEST(a_file_that_is_gone_is_counted)
{
	int dir = temporary_dir();
	struct remembered *remembered = NULL;
	ck_ok(remembered_new(dir, FILE_HASHES, &remembered));
	for (uint64_t i = 1; i <= 100; i++)
		send_one(remembered, i);
	ck_ok(remembered_persist(remembered));
	char name[96];
	snprintf(name, sizeof name, "%s/sent-00000000", path);
	ck_assert_int_eq(truncate(name, 30 * 8 + 3), 0);
	remembered = reload(dir, remembered);
	ck_assert_uint_eq(remembered_kept(remembered), 30);
	ck_assert_uint_eq(remembered_forgotten(remembered), 70);
	ck_assert_uint_eq(remembered_count(remembered, 30), 1);
	ck_assert_uint_eq(remembered_count(remembered, 31), 0);
	send_one(remembered, 31);
	ck_ok(remembered_persist(remembered));
	remembered = reload(dir, remembered);
	ck_assert_uint_eq(remembered_count(remembered, 31), 1);
	ck_assert_int_eq(unlink(name), 0);
	remembered = reload(dir, remembered);
	ck_assert_uint_eq(remembered_kept(remembered), 0);
	remembered_free(remembered);
	remove_dir(dir);
}
END_TEST

UNIT_MAIN("remembered", equal_messages_are_counted, very_many_inputs_stay_apart, memory_survives_the_process,
	died_before_the_state, memory_has_a_bound, a_file_that_is_gone_is_counted)
