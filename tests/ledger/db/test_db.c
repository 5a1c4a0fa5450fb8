#include "ledger/db/db.h"
#include "ledger/db/db_file.h"
#include "ledger/db/db_put.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_BYTES 4096

/* LMDB's calls come here: the one with this number, from 1 on, reads nothing. */
static int reads_nothing_at;
static int reads;

ssize_t pread_of_lmdb(int fd, void *buffer, size_t len, off_t at) __asm__("pread");

ssize_t pread_of_lmdb(int fd, void *buffer, size_t len, off_t at)
{
	if (reads_nothing_at != 0 && ++reads == reads_nothing_at)
		return 0;
	return syscall(SYS_pread64, fd, buffer, len, at);
}

static const char *const names[] = {"a", "b"};
static char path[64];

static struct db_env *make(void)
{
	strcpy(path, "/tmp/indsigt-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	struct db_env *env = NULL;
	ck_ok(db_open(path, names, 2, 1 << 20, false, true, &env, NULL));
	return env;
}

static void destroy(struct db_env *env)
{
	db_close(env);
	char command[128];
	snprintf(command, sizeof command, "rm -r %s", path);
	ck_assert_int_eq(system(command), 0);
}

static void put_number(struct db_txn *txn, uint64_t number)
{
	uint8_t key[8];
	put_u64(key, number);
	db_append(txn, 0, BYTES_ARRAY(key), bytes_of(key, 8));
}

START_TEST(walks_in_order)
{
	struct db_env *env = make();
	struct db_txn txn;
	ck_ok(db_begin(env, true, &txn));
	for (uint64_t i = 0; i < 1000; i++)
		put_number(&txn, i * 2);
	ck_ok(db_commit(&txn));

	ck_ok(db_begin(env, false, &txn));
	struct db_walk walk;
	ck_ok(db_walk_begin(&txn, 0, &walk));
	uint8_t key[8];
	put_u64(key, 501);
	ck_ok(db_walk_from(&walk, BYTES_ARRAY(key)));
	ck_assert_uint_eq(get_u64(walk.key.data), 502);
	ck_ok(db_walk_upto(&walk, BYTES_ARRAY(key)));
	ck_assert_uint_eq(get_u64(walk.key.data), 500);
	ck_ok(db_walk_next(&walk));
	ck_assert_uint_eq(get_u64(walk.value.data), 502);
	put_u64(key, 500);
	ck_ok(db_walk_upto(&walk, BYTES_ARRAY(key)));
	ck_assert_uint_eq(get_u64(walk.key.data), 500);
	put_u64(key, 99999);
	ck_ok(db_walk_upto(&walk, BYTES_ARRAY(key)));
	ck_assert_uint_eq(get_u64(walk.key.data), 1998);
	ck_error(db_walk_from(&walk, BYTES_ARRAY(key)), E_NOT_FOUND);
	db_walk_end(&walk);
	uint64_t count;
	ck_ok(db_count(&txn, 0, &count));
	ck_assert_uint_eq(count, 1000);
	db_abort(&txn);
	destroy(env);
}
END_TEST

START_TEST(the_first_error_sticks)
{
	struct db_env *env = make();
	struct db_txn txn;
	struct bytes value;
	ck_ok(db_begin(env, true, &txn));
	put_number(&txn, 5);
	put_number(&txn, 4); /* not after 5 */
	put_number(&txn, 6);
	ck_error(db_get(&txn, 0, BYTES_LITERAL("x"), &value), E_CORRUPT);
	ck_error(db_commit(&txn), E_CORRUPT);

	ck_ok(db_begin(env, true, &txn));
	static uint8_t large[1 << 19];
	db_put(&txn, 1, BYTES_LITERAL("1"), BYTES_ARRAY(large));
	db_put(&txn, 1, BYTES_LITERAL("2"), BYTES_ARRAY(large));
	db_put(&txn, 1, BYTES_LITERAL("3"), BYTES_ARRAY(large));
	ck_error(db_commit(&txn), E_FULL);

	ck_ok(db_begin(env, true, &txn));
	ck_error(db_get(&txn, 0, BYTES_LITERAL("x"), &value), E_NOT_FOUND);
	db_put(&txn, 0, BYTES_LITERAL("x"), BYTES_LITERAL("y"));
	ck_ok(db_commit(&txn));
	ck_ok(db_begin(env, false, &txn));
	ck_ok(db_get(&txn, 0, BYTES_LITERAL("x"), &value));
	ck_assert(bytes_equal(value, BYTES_LITERAL("y")));
	ck_ok(db_commit(&txn));
	destroy(env);
}
END_TEST

START_TEST(a_missing_directory_is_named)
{
	struct db_env *env = NULL;
	struct fault fault;
	ck_error(db_open("/tmp/indsigt-not-there", names, 2, 1 << 20, true, false, &env, &fault), E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fault.text, "/tmp/indsigt-not-there"));
}
END_TEST

/* ---- damaged files ---- */

/* An environment with some rows, closed; gives the name of its file. */
static const char *make_closed(void)
{
	static char file[80];
	struct db_env *env = make();
	struct db_txn txn;
	ck_ok(db_begin(env, true, &txn));
	for (uint64_t i = 0; i < 4000; i++)
		put_number(&txn, i);
	ck_ok(db_commit(&txn));
	db_close(env);
	snprintf(file, sizeof file, "%s/data.mdb", path);
	return file;
}

static off_t size_of(const char *file)
{
	struct stat status;
	ck_assert_int_eq(stat(file, &status), 0);
	return status.st_size;
}

static void refused_as_it_is(const char *file, const char *word)
{
	for (int read_only = 0; read_only < 2; read_only++) {
		struct db_env *env = NULL;
		struct fault fault = {0};
		off_t before = size_of(file);
		ck_error(db_open(path, names, 2, 1 << 20, read_only, false, &env, &fault), E_CORRUPT);
		ck_assert_msg(strstr(fault.text, word) != NULL, "%s", fault.text);
		ck_assert_int_eq(size_of(file), before);
	}
}

START_TEST(cut_file_is_named)
{
	const char *file = make_closed();
	ck_assert_int_eq(truncate(file, size_of(file) / 2), 0);
	refused_as_it_is(file, "was cut");
	destroy(NULL);
}
END_TEST

/* LMDB would take it for a new environment and write over it. */
START_TEST(empty_file_is_not_made_anew)
{
	const char *file = make_closed();
	ck_assert_int_eq(truncate(file, PAGE_BYTES + 100), 0);
	refused_as_it_is(file, "empty or no store");
	ck_assert_int_eq(truncate(file, 0), 0);
	refused_as_it_is(file, "empty or no store");
	destroy(NULL);
}
END_TEST

START_TEST(foreign_file_is_named)
{
	const char *file = make_closed();
	int fd = open(file, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "no environment at all", 21, 16), 21);
	close(fd);
	refused_as_it_is(file, "no store");
	destroy(NULL);
}
END_TEST

/* Cut by less than can be told on opening: whoever reads there says what it was. */
START_TEST(missing_page_is_named)
{
	const char *file = make_closed();
	char said[512] = "";
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		struct db_env *env = NULL;
		struct db_txn txn;
		struct db_walk walk;
		signal(SIGBUS, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		if (db_open(path, names, 2, 1 << 20, true, false, &env, NULL) != E_OK || db_begin(env, false, &txn) != E_OK ||
			truncate(file, 2 * PAGE_BYTES) != 0 || db_walk_begin(&txn, 0, &walk) != E_OK)
			_exit(77);
		enum error error = db_walk_last(&walk);
		while (error == E_OK)
			error = db_walk_previous(&walk);
		_exit(78);
	}
	int status = 0;
	close(ends[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_gt(read(ends[0], said, sizeof said - 1), 0);
	close(ends[0]);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 4, "status %d, %s", status, said);
	ck_assert_ptr_nonnull(strstr(said, "data.mdb was cut"));
	destroy(NULL);
}
END_TEST

/* A page that is there and cannot be read says nothing of the store; one that is not there does. */
START_TEST(faults_are_told_apart)
{
	const char *file = make_closed();
	int fd = open(file, O_RDWR);
	int errors = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
	ck_assert_int_eq(ftruncate(fd, 2 * PAGE_BYTES), 0);
	uint8_t *map = mmap(NULL, 8 * PAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	uint8_t *later = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, PAGE_BYTES);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_ptr_ne(later, MAP_FAILED);
	const struct {
		int code;
		void *address;
		bool damage;
	} rows[] = {{BUS_ADRERR, map, false}, {BUS_ADRERR, map + 2 * PAGE_BYTES - 1, false},
		{BUS_ADRERR, map + 2 * PAGE_BYTES, true}, {BUS_ADRERR, map + 7 * PAGE_BYTES + 5, true},
		{BUS_ADRERR, later + 5, false}, {BUS_ADRALN, map, true}, {BUS_MCEERR_AR, map + 7 * PAGE_BYTES, false},
		{SI_USER, map + 7 * PAGE_BYTES, false}, {BUS_ADRERR, NULL, false}, {BUS_ADRERR, &errors, false}};
	dup2(nowhere, STDERR_FILENO);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		siginfo_t info = {.si_code = rows[i].code};
		info.si_addr = rows[i].address;
		ck_assert_msg(db_file_fault(&info) == rows[i].damage, "row %zu", i);
	}
	dup2(errors, STDERR_FILENO);
	close(errors);
	close(nowhere);
	munmap(map, 8 * PAGE_BYTES);
	munmap(later, PAGE_BYTES);
	close(fd);
	destroy(NULL);
}
END_TEST

START_TEST(unfinished_environment_is_named)
{
	struct db_env *env = make();
	struct fault fault = {0};
	static const char *const others[] = {"a", "c"};
	db_close(env);
	ck_error(db_open(path, others, 2, 1 << 20, true, false, &env, &fault), E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(fault.text, "never finished"));
	destroy(NULL);
}
END_TEST

/* STO-41: a read that gives nothing once (a bad disk, a network file system) is no reason to take a store for a new
 * one. */
START_TEST(whole_file_is_not_made_anew)
{
	make_closed();
	bool opened = false;
	for (int at = 1; !opened; at++) {
		struct db_env *env = NULL;
		struct db_txn txn;
		struct bytes value;
		uint8_t key[8];
		ck_assert_int_lt(at, 20);
		reads = 0;
		reads_nothing_at = at;
		enum error error = db_open(path, names, 2, 1 << 20, false, false, &env, NULL);
		opened = reads < at;
		ck_assert_msg((error == E_OK) == opened, "read %d gave nothing: %s", at, error_name(error));
		db_close(env);
		reads_nothing_at = 0;
		put_u64(key, 3999);
		env = NULL;
		ck_ok(db_open(path, names, 2, 1 << 20, false, false, &env, NULL));
		ck_ok(db_begin(env, false, &txn));
		ck_ok(db_get(&txn, 0, BYTES_ARRAY(key), &value));
		db_abort(&txn);
		db_close(env);
	}
	destroy(NULL);
}
END_TEST

/* STO-40: writer and readers that do not share the table of snapshots write over each other's pages. */
START_TEST(files_replaced_while_open)
{
	static const char *const files[] = {"data.mdb", "lock.mdb"};
	for (int i = 0; i < 4; i++) {
		struct db_env *env = make();
		struct db_txn txn;
		char file[80];
		bool read_only = i % 2 == 1;
		snprintf(file, sizeof file, "%s/%s", path, files[i / 2]);
		if (read_only) {
			db_close(env);
			env = NULL;
			ck_ok(db_open(path, names, 2, 1 << 20, true, false, &env, NULL));
		}
		ck_ok(db_begin(env, !read_only, &txn));
		db_abort(&txn);
		ck_ok(db_check(env));
		ck_assert_int_eq(unlink(file), 0);
		ck_error(db_check(env), E_REPLACED);
		close(open(file, O_WRONLY | O_CREAT, 0600));
		ck_error(db_check(env), E_REPLACED);
		ck_error(db_begin(env, !read_only, &txn), E_REPLACED);
		db_abort(&txn);
		ck_assert_int_eq(db_was_replaced(), read_only || i > 1);
		destroy(env);
		ck_assert_int_eq(db_was_replaced(), i > 0); /* it is not forgotten */
	}
}
END_TEST

/* STO-40: what was moved away as a whole is the same; what lies in its place is not. */
START_TEST(directory_moved_while_open)
{
	struct db_env *env = make();
	struct db_txn txn;
	char away[96];
	snprintf(away, sizeof away, "%s.away", path);
	ck_assert_int_eq(rename(path, away), 0);
	ck_ok(db_check(env));
	ck_ok(db_begin(env, true, &txn));
	put_number(&txn, 1);
	ck_ok(db_commit(&txn));
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_error(db_check(env), E_REPLACED);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rename(away, path), 0);
	ck_ok(db_check(env));
	destroy(env);
}
END_TEST

/* ---- readers ---- */

START_TEST(full_table_of_readers)
{
	static struct db_txn held[DB_READERS_MAX];
	struct db_env *env = make();
	struct db_env *second = NULL;
	struct db_txn txn = {.handle = env}; /* nothing that may be let go of */
	struct fault fault = {0};
	for (size_t i = 0; i < DB_READERS_MAX; i++)
		ck_ok(db_begin(env, false, &held[i]));
	ck_error(db_begin(env, false, &txn), E_READERS);
	db_abort(&txn);                   /* set whatever came back */
	ck_ok(db_begin(env, true, &txn)); /* writing needs no place */
	put_number(&txn, 1);
	ck_ok(db_commit(&txn));
	pid_t child = fork();
	if (child == 0)
		_exit(db_open(path, names, 2, 1 << 20, true, false, &second, &fault) == E_READERS &&
					  strstr(fault.text, "end a program") != NULL
				  ? 0
				  : 1);
	int status = 1;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	db_abort(&held[7]);
	ck_ok(db_begin(env, false, &txn));
	db_abort(&txn);
	for (size_t i = 0; i < DB_READERS_MAX; i++)
		db_abort(&held[i]);
	destroy(env);
}
END_TEST

/* A process that was killed with its snapshots leaves their places taken until somebody looks. */
START_TEST(dead_readers_make_room)
{
	struct db_env *env = make();
	struct db_txn txn;
	ck_ok(db_begin(env, false, &txn));
	db_abort(&txn);
	pid_t child = fork();
	if (child == 0) {
		struct db_env *own = NULL;
		struct db_txn held;
		if (db_open(path, names, 2, 1 << 20, true, false, &own, NULL) != E_OK)
			_exit(1);
		while (db_begin(own, false, &held) == E_OK)
			;
		kill(getpid(), SIGKILL);
	}
	int status = 0;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	struct db_txn second;
	ck_ok(db_begin(env, false, &txn));
	ck_ok(db_begin(env, false, &second));
	db_abort(&txn);
	db_abort(&second);
	destroy(env);
}
END_TEST

START_TEST(living_reader_is_named)
{
	struct db_env *env = make();
	struct db_txn txn;
	struct db_reader oldest;
	int ready[2];
	char byte;
	ck_assert_int_eq(pipe(ready), 0);
	ck_ok(db_begin(env, true, &txn));
	put_number(&txn, 0);
	ck_ok(db_commit(&txn));
	pid_t child = fork();
	if (child == 0) {
		struct db_env *own = NULL;
		struct db_txn held;
		if (db_open(path, names, 2, 1 << 20, true, false, &own, NULL) != E_OK || db_begin(own, false, &held) != E_OK ||
			write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	db_oldest_reader(env, &oldest);
	ck_assert_uint_eq(oldest.transaction, 0); /* what is newest keeps nothing */
	for (uint64_t i = 1; i < 3; i++) {
		ck_ok(db_begin(env, true, &txn));
		put_number(&txn, i);
		ck_ok(db_commit(&txn));
	}
	db_oldest_reader(env, &oldest);
	ck_assert_int_eq(oldest.pid, child);
	ck_assert_uint_gt(oldest.transaction, 0);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	db_reap_readers(env);
	db_oldest_reader(env, &oldest);
	ck_assert_uint_eq(oldest.transaction, 0);
	destroy(env);
}
END_TEST

/* A row that was not written whole is no row, and the transaction knows. */
START_TEST(errors_of_a_writer_stick)
{
	struct db_env *env = make();
	struct db_txn txn;
	struct bytes value;
	uint8_t buffer[3];
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_u16(&w, 7);
	ck_ok(db_begin(env, true, &txn));
	db_put_writer(&txn, 0, BYTES_LITERAL("x"), &w);
	ck_ok(db_get(&txn, 0, BYTES_LITERAL("x"), &value));
	ck_assert_uint_eq(value.len, 2);
	writer_u16(&w, 8);
	db_put_writer(&txn, 0, BYTES_LITERAL("y"), &w);
	ck_error(db_commit(&txn), E_NO_ROOM);
	destroy(env);
}
END_TEST

#define HEAD_PAGE 4096u

/* A page of a file's head as LMDB writes it: the magic number, the page's size, the last page, the transaction. */
static void head_page(int fd, off_t at, uint32_t page_bytes, uint64_t last, uint64_t transaction)
{
	uint8_t page[HEAD_PAGE] = {0};
	const uint32_t magic = 0xBEEFC0DE;
	memcpy(page + 16, &magic, sizeof magic);
	memcpy(page + 16 + 24, &page_bytes, sizeof page_bytes);
	memcpy(page + 16 + 120, &last, sizeof last);
	memcpy(page + 16 + 128, &transaction, sizeof transaction);
	ck_assert_int_eq(pwrite(fd, page, sizeof page, at), sizeof page);
}

/* What the newer half of the head says is what must be there, whichever of the two it is. */
START_TEST(newer_half_of_the_head)
{
	static const struct {
		uint32_t page_bytes;
		uint64_t first_last, first_transaction, second_last, second_transaction;
		enum error error;
		const char *said;
	} cases[] = {
		{HEAD_PAGE, 9, 1, 99, 2, E_CORRUPT, "was cut: 50 of its 100 pages"},
		{HEAD_PAGE, 99, 1, 9, 2, E_OK, ""},
		{HEAD_PAGE, 99, 3, 9, 2, E_CORRUPT, "was cut: 50 of its 100 pages"},
		{HEAD_PAGE, 9, 3, 99, 2, E_OK, ""},
		{2 * HEAD_PAGE, 9, 1, 9, 2, E_CORRUPT, "no store any more"},
	};
	char name[300];
	struct place place;
	place_make(&place);
	snprintf(name, sizeof name, "%s/data.mdb", place.path);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fault fault = {.text = ""};
		int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		ck_assert_int_ge(fd, 0);
		head_page(fd, 0, HEAD_PAGE, cases[i].first_last, cases[i].first_transaction);
		head_page(fd, HEAD_PAGE, cases[i].page_bytes, cases[i].second_last, cases[i].second_transaction);
		ck_assert_int_eq(ftruncate(fd, 50 * HEAD_PAGE), 0);
		close(fd);
		ck_error(db_file_check(place.path, &fault), cases[i].error);
		ck_assert_msg(strstr(fault.text, cases[i].said) != NULL, "%zu: %s", i, fault.text);
	}
	place_remove(&place);
}
END_TEST

UNIT_MAIN("db", newer_half_of_the_head, walks_in_order, the_first_error_sticks, a_missing_directory_is_named,
	cut_file_is_named, empty_file_is_not_made_anew, foreign_file_is_named, missing_page_is_named, faults_are_told_apart,
	unfinished_environment_is_named, full_table_of_readers, dead_readers_make_room, whole_file_is_not_made_anew,
	files_replaced_while_open, directory_moved_while_open, living_reader_is_named, errors_of_a_writer_stick)
