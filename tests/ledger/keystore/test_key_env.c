/* A store and its key environment belong together: what of another, an older or a diverged one is refused, and that a
 * newer one is none of these. */
#include "ledger/db/db_put.h"
#include "ledger/store/store.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>

static struct fixture f;
static struct fault fault;
static uint64_t sequence;

/* A command in the place of the ledger. */
#define in_place(command, ...) shell("cd %s && " command, f.place.path, ##__VA_ARGS__)

static void append(uint32_t subject)
{
	fixture_append(&f, fixture_batch(&f, sequence++, &subject, 1, subject));
}

static void begin(void)
{
	fixture_make(&f);
	sequence = 0;
	append(1);
	fixture_close(&f);
}

/* Is it refused for writing, and for reading with keys, and in these words? */
static void refused(const char *words)
{
	struct archive *archive = NULL;
	ck_error(ledger_open(f.dir, NULL, &f.ledger, &fault), E_KEYS);
	f.ledger = NULL;
	ck_assert_msg(strstr(fault.text, words) != NULL, "%s", fault.text);
	ck_error(archive_open(f.dir, true, &archive, &fault), E_KEYS);
	ck_assert_msg(strstr(fault.text, words) != NULL, "%s", fault.text);
	ck_ok(archive_open(f.dir, false, &archive, &fault)); /* the public part has nothing to do with it */
	archive_close(archive);
}

/* STO-32 */
START_TEST(an_older_environment_is_refused)
{
	begin();
	in_place("cp -r ledger/keys/env old");
	fixture_open(&f);
	append(2);
	append(3);
	fixture_close(&f);
	in_place("mv ledger/keys/env right && cp -r old ledger/keys/env");
	refused("older than the store: it has 1 keys in 1 writes, the store needs 3 in 3");
	in_place("rm -r ledger/keys/env && mv right ledger/keys/env");
	fixture_open(&f);
	append(4);
	fixture_remove(&f);
}
END_TEST

/* STO-32: a month without anybody new writes a period's key alone. */
START_TEST(older_by_a_period)
{
	begin();
	in_place("cp -r ledger/keys/env old");
	fixture_open(&f);
	f.now_s += 32 * 86400;
	append(1);
	fixture_close(&f);
	in_place("rm -r ledger/keys/env && cp -r old ledger/keys/env");
	refused("older than the store: it has 1 keys in 1 writes, the store needs 1 in 2");
	fixture_remove(&f);
}
END_TEST

/* STO-32 */
START_TEST(another_environment_is_refused)
{
	struct fault why;
	char other[100];
	begin();
	snprintf(other, sizeof other, "%s/other", f.place.path);
	ck_ok(ledger_create(other, "other.example/log", &why));
	in_place("rm -r ledger/keys/env && mv other/keys/env ledger/keys/env");
	refused("another key environment");
	fixture_remove(&f);
}
END_TEST

/* STO-32: an old copy of everything was used for a while, and then the newest store came back, but not its keys. */
START_TEST(a_diverged_environment_is_refused)
{
	begin();
	in_place("cp -r ledger old");
	fixture_open(&f);
	append(2);
	fixture_close(&f);
	in_place("mv ledger newest && mv old ledger");
	fixture_open(&f);
	sequence = 1;
	append(5);
	append(6);
	append(7);
	fixture_close(&f);
	in_place("rm -r ledger/store && cp -r newest/store newest/guard ledger/");
	refused("went another way before write 2 of 4");
	fixture_remove(&f);
}
END_TEST

/* STO-10, STO-32: what a commit that never came about has left behind is no obstacle, and its ids stay used. */
START_TEST(a_newer_environment_is_no_obstacle)
{
	struct store_state state;
	struct key_position position;
	struct db_env *store;
	struct db_txn txn;
	char path[120];
	begin();
	in_place("cp -r ledger/store ledger/guard .");
	fixture_open(&f);
	append(2);
	fixture_close(&f);
	in_place("rm -r ledger/store && mv store guard ledger/");
	fixture_open(&f);
	sequence = 1;
	append(3);
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_ok(store_open(path, true, &store, &fault));
	ck_ok(db_begin(store, false, &txn));
	ck_ok(store_state_get(&txn, &state));
	ck_ok(store_keys_get(&txn, &position));
	ck_assert_uint_eq(position.next, 3);
	ck_assert_uint_eq(position.serial, 3);
	db_abort(&txn);
	db_close(store);
	fixture_remove(&f);
}
END_TEST

/* STO-43: a key file of another ledger. With the own one back nothing has happened. */
START_TEST(another_key_file_is_refused)
{
	static const char *const files[] = {"vrf", "alias", "master", "wrapping"};
	struct fault why;
	char other[100], words[100];
	begin();
	snprintf(other, sizeof other, "%s/other", f.place.path);
	ck_ok(ledger_create(other, "other.example/log", &why));
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		in_place("mv ledger/keys/%s own && cp other/keys/%s ledger/keys/", files[i], files[i]);
		snprintf(words, sizeof words, "keys/%s is another key than the one that the store was written with", files[i]);
		refused(words);
		in_place("mv own ledger/keys/%s", files[i]);
	}
	fixture_open(&f);
	append(2);
	fixture_epoch(&f);
	fixture_remove(&f);
}
END_TEST

/* STO-43: that the row is damaged says nothing about the files. */
START_TEST(a_damaged_row_blames_the_row)
{
	static const uint8_t zero[64];
	struct db_env *store;
	struct db_txn txn;
	char path[120];
	begin();
	snprintf(path, sizeof path, "%s/store", f.dir);
	for (int i = 0; i < 3; i++) { /* too short, other bytes, not there */
		ck_ok(store_open(path, false, &store, &fault));
		ck_ok(db_begin(store, true, &txn));
		if (i < 2)
			db_put(&txn, STORE_META, BYTES_LITERAL("secrets"), bytes_of(zero, sizeof zero - 1 + (size_t)i));
		else
			db_delete(&txn, STORE_META, BYTES_LITERAL("secrets"));
		ck_ok(db_commit(&txn));
		db_close(store);
		ck_error(ledger_open(f.dir, NULL, &f.ledger, &fault), E_CORRUPT);
		f.ledger = NULL;
	}
	fixture_remove(&f);
}
END_TEST

START_TEST(an_older_format_is_named)
{
	static const uint8_t three[2] = {0, 3};
	struct db_env *store;
	struct db_txn txn;
	char path[120];
	begin();
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_ok(store_open(path, false, &store, &fault));
	ck_ok(db_begin(store, true, &txn));
	db_put(&txn, STORE_META, BYTES_LITERAL("format"), BYTES_ARRAY(three));
	ck_ok(db_commit(&txn));
	db_close(store);
	ck_error(ledger_open(f.dir, NULL, &f.ledger, &fault), E_FORMAT);
	f.ledger = NULL;
	ck_assert_msg(strstr(fault.text, "it has format 3, and this version works with 10") != NULL, "%s", fault.text);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("key_env", an_older_environment_is_refused, older_by_a_period, another_environment_is_refused,
	a_diverged_environment_is_refused, a_newer_environment_is_no_obstacle, another_key_file_is_refused,
	a_damaged_row_blames_the_row, an_older_format_is_named)
