#include "ingest/spool/journal.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static int temporary_dir(void)
{
	strcpy(path, "/tmp/indsigt-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void remove_dir(int dir)
{
	unlinkat(dir, "j", 0);
	close(dir);
	rmdir(path);
}

struct seen {
	unsigned count;
	unsigned intact;
	uint64_t last;
	enum error answer;
};

/* Record n has type n + 1 and a body of n times n. One is missing behind damage. */
static enum error visit(void *context, const struct journal_record *record)
{
	struct seen *seen = context;
	unsigned n = seen->count + record->behind_damage;
	ck_assert_uint_eq(record->type, n + 1);
	bool secret = record->secret_at != JOURNAL_NO_SECRET;
	ck_assert_uint_eq(record->body.len, n + (secret ? 40 : 0));
	for (size_t i = secret ? 40 : 0; i < record->body.len; i++)
		ck_assert_uint_eq(record->body.data[i], n);
	seen->intact += secret && record->secret_intact;
	seen->last = record->at;
	seen->count++;
	return seen->answer;
}

static uint64_t append(struct journal *journal, unsigned n)
{
	uint8_t body[256];
	uint8_t secret[40];
	uint64_t at = 0;
	memset(body, (int)n, sizeof body);
	memset(secret, 0xee, sizeof secret);
	struct bytes parts[2] = {bytes_of(secret, n % 2 == 1 ? 40 : 0), bytes_of(body, n)};
	ck_ok(journal_append(journal, (uint8_t)(n + 1), parts, 2, n % 2 == 1 ? 3 : JOURNAL_NO_SECRET, &at));
	return at;
}

static unsigned count(int dir)
{
	struct journal journal;
	struct seen seen = {0};
	ck_ok(journal_open(dir, "j", visit, &seen, &journal));
	journal_close(&journal);
	return seen.count;
}

START_TEST(records_come_back_as_written)
{
	int dir = temporary_dir();
	struct journal journal;
	struct seen seen = {0};
	ck_error(journal_open(dir, "j", visit, &seen, &journal), E_NOT_FOUND);
	ck_ok(journal_create(dir, "j", &journal));
	struct stat info;
	ck_assert_int_eq(fstat(journal.fd, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	uint64_t at[20];
	for (unsigned n = 0; n < 20; n++)
		at[n] = append(&journal, n);
	ck_assert_uint_eq(journal.synced, 0);
	ck_ok(journal_sync(&journal));
	ck_assert_uint_eq(journal.synced, journal.end);
	uint8_t body[4];
	ck_ok(journal_read(&journal, at[18], 2, body, 4));
	ck_assert_uint_eq(body[3], 18);
	ck_ok(journal_wipe(&journal, at[7], 3));
	journal_close(&journal);

	ck_ok(journal_open(dir, "j", visit, &seen, &journal));
	ck_assert_uint_eq(seen.count, 20);
	ck_assert_uint_eq(seen.intact, 9);
	ck_assert_uint_eq(seen.last, at[19]);
	append(&journal, 20);
	journal_close(&journal); /* never written */
	ck_assert_uint_eq(count(dir), 20);
	seen = (struct seen){.answer = E_CORRUPT};
	ck_error(journal_open(dir, "j", visit, &seen, &journal), E_CORRUPT);
	remove_dir(dir);
}
END_TEST

/* At every length that a crash may leave, what is good is kept, the rest is cut off, and appending goes on. */
START_TEST(torn_at_every_byte)
{
	int dir = temporary_dir();
	struct journal journal;
	ck_ok(journal_create(dir, "j", &journal));
	uint64_t ends[6];
	for (unsigned n = 0; n < 6; n++) {
		append(&journal, n);
		ends[n] = journal.end;
	}
	ck_ok(journal_sync(&journal));
	uint8_t whole[2048];
	ssize_t len = pread(journal.fd, whole, sizeof whole, 0);
	ck_assert_uint_eq((uint64_t)len, ends[5]);
	journal_close(&journal);
	for (ssize_t cut = 0; cut <= len; cut++) {
		int fd = openat(dir, "j", O_RDWR | O_TRUNC);
		ck_assert_int_eq(pwrite(fd, whole, (size_t)cut, 0), cut);
		if (cut % 2 == 0) /* the size got there and the blocks did not */
			ck_assert_int_eq(ftruncate(fd, len + 100), 0);
		close(fd);
		unsigned good = 0;
		while (good < 6 && ends[good] <= (uint64_t)cut)
			good++;
		struct seen seen = {0};
		ck_ok(journal_open(dir, "j", visit, &seen, &journal));
		ck_assert_uint_eq(seen.count, good);
		ck_assert_uint_eq(journal.end, good == 0 ? 0 : ends[good - 1]);
		append(&journal, good);
		ck_ok(journal_sync(&journal));
		journal_close(&journal);
		ck_assert_uint_eq(count(dir), good + 1);
	}
	remove_dir(dir);
}
END_TEST

/* Any flipped bit ends the good part there, but one in a secret, which only makes the secret bad. */
START_TEST(any_flipped_bit_ends_the_good_part)
{
	int dir = temporary_dir();
	struct journal journal;
	ck_ok(journal_create(dir, "j", &journal));
	append(&journal, 0);
	uint64_t at = append(&journal, 1);
	uint64_t end = journal.end;
	ck_ok(journal_sync(&journal));
	journal_close(&journal);
	for (uint64_t i = at; i < end; i++) {
		int fd = openat(dir, "j", O_RDWR);
		uint8_t whole[512];
		ssize_t len = pread(fd, whole, sizeof whole, 0);
		uint8_t other = whole[i] ^ 0x10;
		ck_assert_int_eq(pwrite(fd, &other, 1, (off_t)i), 1);
		bool in_secret = i >= at + JOURNAL_HEAD_BYTES + 3 && i < at + JOURNAL_HEAD_BYTES + 3 + 32;
		struct seen seen = {0};
		ck_ok(journal_open(dir, "j", visit, &seen, &journal));
		ck_assert_uint_eq(seen.count, in_secret ? 2 : 1);
		ck_assert_uint_eq(seen.intact, 0);
		journal_close(&journal);
		ck_assert_int_eq(pwrite(fd, whole, (size_t)len, 0), len);
		close(fd);
	}
	remove_dir(dir);
}
END_TEST

/* Good records behind bad ones are no torn end: they are kept, and what is wrong is counted. */
START_TEST(good_records_behind_bad_are_kept)
{
	int dir = temporary_dir();
	struct journal journal;
	uint64_t at[6];
	ck_ok(journal_create(dir, "j", &journal));
	for (unsigned n = 0; n < 6; n++)
		at[n] = append(&journal, n);
	uint64_t end = journal.end;
	ck_ok(journal_sync(&journal));
	journal_close(&journal);
	for (uint64_t i = at[1]; i < at[4]; i++) {
		int fd = openat(dir, "j", O_RDWR);
		uint8_t whole[2048];
		ssize_t len = pread(fd, whole, sizeof whole, 0);
		uint8_t other = whole[i] ^ 0x40;
		ck_assert_int_eq(pwrite(fd, &other, 1, (off_t)i), 1);
		struct seen seen = {0};
		ck_ok(journal_open(dir, "j", visit, &seen, &journal));
		bool of_secret = seen.count == 6;
		ck_assert_uint_eq(seen.count, of_secret ? 6 : 5);
		ck_assert_uint_eq(seen.last, at[5]);
		ck_assert_uint_eq(journal.end, end);
		ck_assert(of_secret ? journal.damaged == 0
							: journal.damaged == at[2] - at[1] || journal.damaged == at[3] - at[2] ||
								  journal.damaged == at[4] - at[3]);
		ck_assert_uint_eq(append(&journal, 6), end);
		ck_ok(journal_sync(&journal));
		journal_close(&journal);
		ck_assert_uint_eq(count(dir), of_secret ? 7 : 6);
		ck_assert_int_eq(pwrite(fd, whole, (size_t)len, 0), len);
		ck_assert_int_eq(ftruncate(fd, len), 0);
		close(fd);
	}
	int fd = openat(dir, "j", O_RDWR);
	uint8_t zero = 0;
	ck_assert_int_eq(pwrite(fd, &zero, 1, 0), 1);
	close(fd);
	struct seen seen = {0};
	ck_error(journal_open(dir, "j", visit, &seen, &journal), E_CORRUPT);
	remove_dir(dir);
}
END_TEST

START_TEST(larger_than_the_buffer)
{
	int dir = temporary_dir();
	struct journal journal;
	ck_ok(journal_create(dir, "j", &journal));
	uint8_t *body = calloc(1, 3000000);
	struct bytes part = bytes_of(body, 3000000);
	for (unsigned n = 0; n < 3; n++)
		ck_ok(journal_append(&journal, 1, &part, 1, JOURNAL_NO_SECRET, NULL));
	ck_assert_uint_lt(journal.buffered, journal.end); /* the first ones were handed on */
	ck_ok(journal_sync(&journal));
	struct stat info;
	ck_assert_int_eq(fstat(journal.fd, &info), 0);
	ck_assert_uint_eq((uint64_t)info.st_size, journal.end);
	ck_ok(journal_cut(&journal, 0));
	ck_assert_uint_eq(journal.end, 0);
	free(body);
	journal_close(&journal);
	remove_dir(dir);
}
END_TEST

UNIT_MAIN("journal", records_come_back_as_written, torn_at_every_byte, any_flipped_bit_ends_the_good_part,
	good_records_behind_bad_are_kept, larger_than_the_buffer)
